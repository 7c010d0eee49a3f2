"""U-Nets: milesial's, fnet, dlsia's, the Allen segmenter's, the probabilistic one."""

import torch
from torch import nn


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


def double(conv, norm, a, b, c, **options):
    return nn.Sequential(*conv_norm(conv, norm, a, b, **options), *conv_norm(conv, norm, b, c, **options))


class TunableUnet(nn.Module):
    """dlsia's tunable U-Net, depth 4, base 32, growth 2, hidden rate 1."""

    def __init__(self, depth=4, base=32):
        super().__init__()
        widths = [base << level for level in range(depth)]
        self.pool = nn.MaxPool2d(2)
        self.encoder = nn.ModuleList(
            double(nn.Conv2d, nn.BatchNorm2d, a, b, b) for a, b in zip([1] + widths, widths))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.decoder = nn.ModuleList(
            double(nn.Conv2d, nn.BatchNorm2d, 2 * w, w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(self.pool(x) if level else x)
            skips.append(x)
        skips.pop()
        for up, block in zip(self.ups, self.decoder):
            x = block(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


class AnisotropicUnet(nn.Module):
    """The Allen segmenter's U-Net in 3D, base 32, reduction of planes 2: nothing is reduced along Z."""

    def __init__(self, base=32, ratio=2):
        super().__init__()
        layers = (nn.Conv3d, nn.BatchNorm3d)
        widths = [base << level for level in range(4)]
        self.first_pool = nn.MaxPool3d((1, ratio, ratio))
        self.pool = nn.MaxPool3d((1, 2, 2))
        inputs = [1] + [2 * w for w in widths]
        self.encoder = nn.ModuleList(double(*layers, a, w, 2 * w) for a, w in zip(inputs, widths))

        def up(c, factor):
            return nn.ConvTranspose3d(c, c, (1, factor, factor), (1, factor, factor))

        coarse = widths[:0:-1]
        self.ups = nn.ModuleList(up(2 * w, 2) for w in coarse)
        self.decoder = nn.ModuleList(double(*layers, 3 * w, w, w) for w in coarse)
        self.last_up = up(2 * base, ratio)
        self.last = double(*layers, 2 * base, 2 * base, 2 * base)
        self.head = nn.Conv3d(2 * base, 1, 1)

    def forward(self, x):
        x = self.first_pool(x)
        skips = []
        for level, block in enumerate(self.encoder):
            if level:
                skips.append(x)
                x = self.pool(x)
            x = block(x)
        for up, block in zip(self.ups, self.decoder):
            x = block(torch.cat([up(x), skips.pop()], 1))
        return self.head(self.last(self.last_up(x)))


class LatentNet(nn.Module):
    """Means and logarithms of variances of the latent vector."""

    def __init__(self, channels, widths, latent):
        super().__init__()
        self.blocks = encoder(channels, widths)
        self.mean, self.log_variance = (nn.Conv2d(widths[-1], latent, 1) for _ in range(2))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = x.mean((2, 3), keepdim=True)
        return self.mean(x), self.log_variance(x)


def encoder(channels, widths):
    def block(level, a, b):
        stride = 2 if level else 1
        return nn.Sequential(*conv_norm(nn.Conv2d, nn.BatchNorm2d, a, b, stride=stride),
                             *conv_norm(nn.Conv2d, nn.BatchNorm2d, b, b))

    pairs = zip([channels] + widths, widths)
    return nn.ModuleList(block(level, a, b) for level, (a, b) in enumerate(pairs))


class ProbabilisticUnet(nn.Module):
    """Probabilistic U-Net, 32 to 512 channels, 6 latent numbers, drawn from the prior."""

    def __init__(self, widths=(32, 64, 128, 256, 512), latent=6):
        super().__init__()
        widths = list(widths)
        self.encoder = encoder(1, widths)
        self.prior = LatentNet(1, widths, latent)
        # Only a step with targets computes it.
        self.posterior = LatentNet(2, widths, latent)
        coarse = widths[-2::-1]
        self.ups = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(2 * w, w, 3, 2, 1, 1), nn.BatchNorm2d(w), nn.ReLU(True))
            for w in coarse)
        self.decoder = nn.ModuleList(
            double(nn.Conv2d, nn.BatchNorm2d, 2 * w, w, w) for w in coarse)
        top = widths[0]
        self.combine = nn.Sequential(
            nn.Conv2d(top + latent, top, 1), nn.Conv2d(top, top, 1), nn.Conv2d(top, 1, 1))

    def forward(self, image):
        x, skips = image, []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        skips.pop()
        for up, block in zip(self.ups, self.decoder):
            x = block(torch.cat([up(x), skips.pop()], 1))
        mean, log_variance = self.prior(image)
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        latent = latent.expand(-1, -1, *x.shape[2:])
        return self.combine(torch.cat([x, latent], 1)), mean, log_variance
