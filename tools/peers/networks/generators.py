"""Generators of GANs: residual ones, pix2pix's U-Net, the nuclei GAN's U-Net and masks."""

import torch
from torch import nn
from torch.nn import functional


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


class MonaiResidual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(c, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU(True),
            nn.Conv2d(c, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU(True))

    def forward(self, x):
        return x + self.layers(x)


def predefined_resnet(width=64, downs=4, blocks=9):
    """The residual generator of MMV_Im2Im."""
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(1, width, 7), nn.BatchNorm2d(width), nn.ReLU(True)]
    for level in range(downs):
        a = width << level
        layers += [nn.Conv2d(a, 2 * a, 3, 2, 1), nn.BatchNorm2d(2 * a), nn.ReLU(True)]
    layers += [MonaiResidual(width << downs) for _ in range(blocks)]
    for level in range(downs, 0, -1):
        a = width << level
        layers += [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, 1), nn.BatchNorm2d(a // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 1, 7))


class Pix2pixUnet(nn.Module):
    """pix2pix's U-Net of 8 halvings, base 64, batch norm."""

    def __init__(self, base=64, downs=8):
        super().__init__()
        widths = [base << min(level, 3) for level in range(downs)]
        self.encoder = nn.ModuleList()
        for level, (a, b) in enumerate(zip([1] + widths, widths)):
            layers = [nn.Conv2d(a, b, 4, 2, 1, bias=False)]
            if 0 < level < downs - 1:
                layers.append(nn.BatchNorm2d(b))
            self.encoder.append(nn.Sequential(*layers))
        self.decoder = nn.ModuleList()
        for level in range(downs - 1, 0, -1):
            a = widths[level] if level == downs - 1 else 2 * widths[level]
            b = widths[level - 1]
            layers = [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b)]
            if 4 <= level < downs - 1:
                layers.append(nn.Dropout(.5))
            self.decoder.append(nn.Sequential(*layers))
        self.head = nn.ConvTranspose2d(2 * base, 1, 4, 2, 1)

    def forward(self, x):
        skips = []
        for level, layers in enumerate(self.encoder):
            x = layers(functional.leaky_relu(x, .2) if level else x)
            skips.append(x)
        skips.pop()
        for layers in self.decoder:
            x = torch.cat([skips.pop(), layers(torch.relu(x))], 1)
        return torch.tanh(self.head(torch.relu(x)))


def keras_norm(c):
    return nn.BatchNorm2d(c, eps=1e-3, momentum=.01)


class KerasTransposed(nn.Module):
    """Keras's transposed convolution with `same` padding: exactly `stride` times as large."""

    def __init__(self, a, b, kernel, stride=2, bias=False):
        super().__init__()
        self.stride = stride
        self.conv = nn.ConvTranspose2d(a, b, kernel, stride, (kernel - stride) // 2, bias=bias)

    def forward(self, x):
        y, x_size = (self.stride * size for size in x.shape[2:])
        return self.conv(x)[..., :y, :x_size]


class ChainedUnet(nn.Module):
    """One U-Net of the nuclei GAN: 4 skips, 64 filters, kernel 3."""

    def __init__(self, skips=4, filters=64):
        super().__init__()
        widths = [filters << level for level in range(skips + 1)]
        self.encoder = nn.ModuleList()
        for level, (a, b) in enumerate(zip([1] + widths, widths)):
            layers = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(a, b, 3, 2, bias=False)]
            layers += [keras_norm(b)] if level else []
            self.encoder.append(nn.Sequential(*layers, nn.LeakyReLU(.3)))
        self.decoder = nn.ModuleList()
        a = widths[-1]
        for step, b in enumerate(widths[-2::-1]):
            layers = [KerasTransposed(a, b, 3), keras_norm(b)]
            layers += [nn.Dropout(.5)] if step < 2 else []
            self.decoder.append(nn.Sequential(*layers, nn.LeakyReLU(.3)))
            a = 2 * b
        self.head = KerasTransposed(a, 1, 3, bias=True)

    def forward(self, x):
        skips = []
        for layers in self.encoder:
            x = layers(x)
            skips.append(x)
        skips.pop()
        for layers in self.decoder:
            x = torch.cat([layers(x), skips.pop()], 1)
        return torch.tanh(self.head(x))


class MaskGenerator(nn.Module):
    """DCGAN's generator of 28 x 28 masks from 100 values."""

    def __init__(self, values=100, base=256):
        super().__init__()
        pixels = 7 * 7 * base
        self.dense = nn.Sequential(nn.Linear(values, pixels, bias=False),
                                   nn.BatchNorm1d(pixels, eps=1e-3, momentum=.01), nn.LeakyReLU(.3))
        self.layers = nn.Sequential(
            KerasTransposed(base, base // 2, 5, 1), keras_norm(base // 2), nn.LeakyReLU(.3),
            KerasTransposed(base // 2, base // 4, 5), keras_norm(base // 4), nn.LeakyReLU(.3),
            KerasTransposed(base // 4, 1, 5), nn.Tanh())

    def forward(self, x):
        x = self.dense(x.flatten(1)).view(len(x), 7, 7, -1)
        return self.layers(x.permute(0, 3, 1, 2))
