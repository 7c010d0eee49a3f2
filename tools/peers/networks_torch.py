"""Training steps of networks in PyTorch, for comparison with `coverslip bench --network`.

usage: networks_torch.py CASE contiguous|channels_last RUNS        needs torch; attention_unet needs monai

A step is the forward pass, the mean of the squared output as loss, the backward pass and Adam. The last
line is JSON: {"seconds": [...], "peak_rss_bytes": N}. COVERSLIP_THREADS sets the threads (2 without it).
Layers and sizes follow the papers; the weights are PyTorch's defaults.
"""

import json
import os
import resource
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(os.environ.get("COVERSLIP_THREADS", "2")))


def conv_norm(conv, norm, a, b, k=3, **options):
    return [conv(a, b, k, padding=k // 2, **options), norm(b), nn.ReLU(inplace=True)]


class Unet(nn.Module):
    """U-Net with batch norm, base 64, depth 4, transposed convolutions."""

    def __init__(self, channels=3, classes=2, base=64, depth=4):
        super().__init__()
        widths = [base << level for level in range(depth + 1)]

        def block(a, b):
            return nn.Sequential(*conv_norm(nn.Conv2d, nn.BatchNorm2d, a, b, bias=False),
                                 *conv_norm(nn.Conv2d, nn.BatchNorm2d, b, b, bias=False))

        self.encoder = nn.ModuleList(block(a, b) for a, b in zip([channels] + widths, widths))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.decoder = nn.ModuleList(block(2 * w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(base, classes, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(self.pool(x) if level else x)
            skips.append(x)
        skips.pop()
        for up, block in zip(self.ups, self.decoder):
            x = block(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


class Fnet(nn.Module):
    """fnet in 3D, depth 4, 32 channels."""

    def __init__(self, a=1, depth=4, multiplier=32, is_top=True):
        super().__init__()
        b = multiplier if is_top else 2 * a

        def double(a, b):
            return nn.Sequential(*conv_norm(nn.Conv3d, nn.BatchNorm3d, a, b),
                                 *conv_norm(nn.Conv3d, nn.BatchNorm3d, b, b))

        self.more = double(a, b)
        self.depth = depth
        if depth:
            self.down = nn.Sequential(nn.Conv3d(b, b, 2, 2), nn.BatchNorm3d(b), nn.ReLU(True))
            self.sub = Fnet(b, depth - 1, is_top=False)
            self.up = nn.Sequential(nn.ConvTranspose3d(2 * b, b, 2, 2), nn.BatchNorm3d(b),
                                    nn.ReLU(True))
            self.less = double(2 * b, b)
        self.head = nn.Conv3d(b, 1, 3, padding=1) if is_top else nn.Identity()

    def forward(self, x):
        x = self.more(x)
        if self.depth:
            x = self.less(torch.cat([x, self.up(self.sub(self.down(x)))], 1))
        return self.head(x)


class Factorised(nn.Module):
    def __init__(self, c, p, d):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(c, c, (3, 1), padding=(1, 0)), nn.ReLU(True),
            nn.Conv2d(c, c, (1, 3), padding=(0, 1)), nn.BatchNorm2d(c, eps=1e-3), nn.ReLU(True),
            nn.Conv2d(c, c, (3, 1), padding=(d, 0), dilation=(d, 1)), nn.ReLU(True),
            nn.Conv2d(c, c, (1, 3), padding=(0, d), dilation=(1, d)), nn.BatchNorm2d(c, eps=1e-3),
            nn.Dropout2d(p))

    def forward(self, x):
        return torch.relu(self.layers(x) + x)


class Down(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Conv2d(a, b - a, 3, 2, 1)
        self.pool, self.norm = nn.MaxPool2d(2), nn.BatchNorm2d(b, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.norm(torch.cat([self.conv(x), self.pool(x)], 1)))


class Erfnet(nn.Module):
    """Branched ERFNet in 2D, branches of 4 and 1 channels."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            Down(1, 16), Down(16, 64), *[Factorised(64, .03, 1) for _ in range(5)],
            Down(64, 128), *[Factorised(128, .3, d) for d in [2, 4, 8, 16] * 2])

        def up(a, b):
            return [nn.ConvTranspose2d(a, b, 3, 2, 1, 1), nn.BatchNorm2d(b, eps=1e-3), nn.ReLU(True),
                    Factorised(b, 0, 1), Factorised(b, 0, 1)]

        self.decoders = nn.ModuleList(
            nn.Sequential(*up(128, 64), *up(64, 16), nn.ConvTranspose2d(16, n, 2, 2)) for n in (4, 1))

    def forward(self, x):
        x = self.encoder(x)
        return torch.cat([decoder(x) for decoder in self.decoders], 1)


class Msdnet(nn.Module):
    """Mixed-scale dense network, 45 layers of width 1."""

    def __init__(self, layers=45, most=10):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(1 + i, 1, 3, padding=i % most + 1, dilation=i % most + 1) for i in range(layers))
        self.norms = nn.ModuleList(nn.BatchNorm2d(2 + i) for i in range(layers))
        self.head = nn.Conv2d(1 + layers, 2, 1)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = norm(torch.relu(torch.cat([x, conv(x)], 1)))
        return self.head(x)


def patch_gan(channels=2, width=64):
    layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(.2, True)]
    a = width
    for level in (1, 2, 3):
        b = width << level
        layers += [nn.Conv2d(a, b, 4, 1 if level == 3 else 2, 1, bias=False), nn.BatchNorm2d(b),
                   nn.LeakyReLU(.2, True)]
        a = b
    return nn.Sequential(*layers, nn.Conv2d(a, 1, 4, 1, 1))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), nn.InstanceNorm2d(c), nn.ReLU(True),
            nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), nn.InstanceNorm2d(c))

    def forward(self, x):
        return x + self.layers(x)


def resnet_generator(width=64, blocks=9):
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(1, width, 7), nn.InstanceNorm2d(width), nn.ReLU(True)]
    for level in range(2):
        a = width << level
        layers += [nn.Conv2d(a, 2 * a, 3, 2, 1), nn.InstanceNorm2d(2 * a), nn.ReLU(True)]
    layers += [Residual(4 * width) for _ in range(blocks)]
    for level in (2, 1):
        a = width << level
        layers += [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, 1), nn.InstanceNorm2d(a // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 1, 7), nn.Tanh())


def attention_unet():
    from monai.networks.nets import AttentionUnet
    return AttentionUnet(2, 1, 1, (32, 64, 128, 256, 512), (2, 2, 2, 2))


CASES = {
    "unet": (Unet, (2, 3, 256, 256)),
    "fnet": (Fnet, (1, 1, 32, 64, 64)),
    "branched_erfnet": (Erfnet, (2, 1, 256, 256)),
    "msdnet": (Msdnet, (2, 1, 256, 256)),
    "attention_unet": (attention_unet, (2, 1, 256, 256)),
    "patch_gan": (patch_gan, (2, 2, 256, 256)),
    "resnet_generator": (resnet_generator, (1, 1, 256, 256)),
}


def main():
    case, layout, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    make, shape = CASES[case]
    torch.manual_seed(0)
    network, x = make(), torch.randn(shape)
    if layout == "channels_last":
        form = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
        network, x = network.to(memory_format=form), x.to(memory_format=form)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    seconds = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds[2:], "peak_rss_bytes": peak}))


main()
