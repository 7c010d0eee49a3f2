"""The U-Nets of `coverslip bench` in PyTorch, for a comparison on the same machine.

usage: unet_torch.py CASE LAYOUT RUNS
CASE as in `coverslip bench --help`; LAYOUT: contiguous, channels_last, or compile (contiguous,
through torch.compile). Prints one JSON object: the seconds of each run and the peak memory. With
PROCESSOR_TIME set the seconds are those of its threads on a processor, divided by their number.
needs torch; uses as many threads as COVERSLIP_THREADS says (2 without it)
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

# name: (base, depth, channels in and out, batch, patch, whether training)
CASES = {
    "training": (32, 4, (1, 2), 4, (256, 256), True),
    "inference-512": (32, 4, (1, 2), 1, (512, 512), False),
    "inference-1024": (32, 4, (1, 2), 1, (1024, 1024), False),
    "inference-batch": (32, 4, (1, 2), 8, (256, 256), False),
    "training-wide": (64, 4, (3, 2), 2, (256, 256), True),
    "training-3d": (16, 3, (1, 2), 1, (32, 128, 128), True),
    "inference-3d": (16, 3, (1, 2), 1, (64, 128, 128), False),
    "training-small": (16, 2, (1, 2), 512, (28, 28), True),
    "training-preset": (16, 4, (1, 3), 8, (128, 128), True),
}
WARM_UP = 2


def layers(dimensions):
    if dimensions == 2:
        return nn.Conv2d, nn.BatchNorm2d, nn.ConvTranspose2d, F.max_pool2d
    return nn.Conv3d, nn.BatchNorm3d, nn.ConvTranspose3d, F.max_pool3d


class Block(nn.Sequential):
    def __init__(self, dimensions, channels_in, channels_out):
        conv, norm, _, _ = layers(dimensions)
        parts = []
        for source in (channels_in, channels_out):
            parts.append(conv(source, channels_out, 3, padding=1, bias=False))
            parts.append(norm(channels_out))
            parts.append(nn.ReLU(inplace=True))
        super().__init__(*parts)


class UNet(nn.Module):
    def __init__(self, dimensions, channels, base, depth):
        super().__init__()
        conv, _, transposed, self.pool = layers(dimensions)
        widths = [base * 2**level for level in range(depth + 1)]
        sources = [channels[0]] + widths[:-1]
        pairs = list(zip(widths, widths[1:]))[::-1]
        self.down = nn.ModuleList(Block(dimensions, *pair) for pair in zip(sources, widths))
        self.up = nn.ModuleList(transposed(low, high, 2, 2) for high, low in pairs)
        self.merge = nn.ModuleList(Block(dimensions, 2 * high, high) for high, _ in pairs)
        self.head = conv(base, channels[1], 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else self.pool(x, 2))
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


def main():
    case, layout, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.manual_seed(0)
    torch.set_num_threads(int(os.environ.get("COVERSLIP_THREADS", "2")))
    base, depth, channels, batch, patch, is_training = CASES[case]
    network = UNet(len(patch), channels, base, depth)
    x = torch.rand(batch, channels[0], *patch) * 3.4 - 1.7
    target = torch.randint(0, channels[1], (batch, *patch))
    if layout == "channels_last":
        order = torch.channels_last if len(patch) == 2 else torch.channels_last_3d
        network, x = network.to(memory_format=order), x.contiguous(memory_format=order)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    called = torch.compile(network) if layout == "compile" else network

    def train():
        optimizer.zero_grad()
        loss = F.cross_entropy(called(x), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    def predict():
        with torch.inference_mode():
            return torch.softmax(called(x), 1)

    if not is_training:
        network.eval()
    seconds = []
    is_processor_time = bool(os.environ.get("PROCESSOR_TIME"))
    clock = time.process_time if is_processor_time else time.perf_counter
    for _ in range(runs + WARM_UP):
        start = clock()
        train() if is_training else predict()
        seconds.append((clock() - start) / (torch.get_num_threads() if is_processor_time else 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds[WARM_UP:], "peak_rss_bytes": peak}))


main()
