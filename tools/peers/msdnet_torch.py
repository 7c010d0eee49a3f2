"""Seconds and peak memory of a mixed-scale dense network's training step in PyTorch.

45 layers of one map, dilations 1 to 10, ReLU and then batch normalisation of all maps, 1 x 1
convolution to 2 channels; forward and backward for 2 x 1 x 256 x 256 without an optimiser, as
dlsia's MSDNet computes it. The peer of `crates/ops/examples/msdnet_speed.rs`.

    python3 tools/peers/msdnet_torch.py [contiguous|channels_last] [RUNS]
"""

import resource
import sys
import time

import torch
from torch import nn

LAYERS, MOST_DILATION, THREADS = 45, 10, 2


class Layer(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm2d(channels + 1)

    def forward(self, maps):
        maps = torch.cat([maps, self.conv(maps)], 1)
        return self.norm(torch.relu(maps))


def main():
    layout = sys.argv[1] if len(sys.argv) > 1 else "contiguous"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    layers = [Layer(index + 1, index % MOST_DILATION + 1) for index in range(LAYERS)]
    network = nn.Sequential(*layers, nn.Conv2d(LAYERS + 1, 2, 1))
    images = torch.randn(2, 1, 256, 256)
    if layout == "channels_last":
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = float("inf")
    for _ in range(runs):
        network.zero_grad()
        start = time.perf_counter()
        network(images).square().mean().backward()
        best = min(best, time.perf_counter() - start)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{layout}: {best:.3f} s, {(most - before) / 1024:.0f} MiB more than before the first step")


main()
