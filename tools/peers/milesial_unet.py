"""The U-Net of milesial/Pytorch-UNet with transposed convolutions, under its names, in PyTorch.

Written from the layer table of the network; the original fixes base 64 and depth 4.
needs torch
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DoubleConv(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        layers = []
        for channels in (source, target):
            layers.append(nn.Conv2d(channels, target, 3, padding=1, bias=False))
            layers.append(nn.BatchNorm2d(target))
            layers.append(nn.ReLU(inplace=True))
        self.double_conv = nn.Sequential(*layers)

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(source, target))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.up = nn.ConvTranspose2d(source, target, 2, 2)
        self.conv = DoubleConv(source, target)

    def forward(self, x, skip):
        x = self.up(x)
        rows, columns = (skip.shape[axis] - x.shape[axis] for axis in (2, 3))
        x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return self.conv(torch.cat([skip, x], 1))


class Head(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.conv = nn.Conv2d(source, target, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, channels, classes, base=64, depth=4):
        super().__init__()
        widths = [base * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.inc = DoubleConv(channels, base)
        for level in range(depth):
            setattr(self, f"down{level + 1}", Down(widths[level], widths[level + 1]))
            setattr(self, f"up{level + 1}", Up(widths[depth - level], widths[depth - level - 1]))
        self.outc = Head(base, classes)

    def forward(self, x):
        skips = [self.inc(x)]
        for level in range(self.depth):
            skips.append(getattr(self, f"down{level + 1}")(skips[-1]))
        x = skips.pop()
        for level in range(self.depth):
            x = getattr(self, f"up{level + 1}")(x, skips.pop())
        return self.outc(x)
