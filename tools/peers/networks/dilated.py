"""Networks whose convolutions are dilated: branched ERFNet, mixed-scale dense network."""

import torch
from torch import nn


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
        # A layer of the original that nothing computes with.
        self.unused = nn.Conv2d(128, 5, 1)
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
