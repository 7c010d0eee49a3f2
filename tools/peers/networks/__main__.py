"""Training steps of networks in PyTorch, for comparison with `coverslip networks NAME --time`.

usage: python3 tools/peers/networks CASE SIZES contiguous|channels_last RUNS
SIZES: batch, channels, perhaps z, y, x, with commas between; CASE: as in benches/compare_networks.py.
needs torch; some networks monai or dynamic_network_architectures

A step is the forward pass, the sum of the mean squares of all outputs as loss, the backward pass and
Adam. The last line is JSON: {"seconds": [...], "parameters": N, "peak_rss_bytes": N}. With
PROCESSOR_TIME set the seconds are those of its threads on a processor, divided by their number.
COVERSLIP_THREADS sets the threads (2 without it). Layers and sizes follow the papers and their code; the
weights are the defaults of each.
"""

import json
import os
import resource
import sys
import time

import torch

import dilated
import discriminators
import generators
import published
import unets

WARM_UP = 2
CASES = {
    "unet": unets.Unet,
    "fnet": unets.Fnet,
    "tunable_unet": unets.TunableUnet,
    "anisotropic_unet": unets.AnisotropicUnet,
    "probabilistic_unet": unets.ProbabilisticUnet,
    "msdnet": dilated.Msdnet,
    "branched_erfnet": dilated.Erfnet,
    "chained_unet": generators.ChainedUnet,
    "pix2pix_unet": generators.Pix2pixUnet,
    "resnet_generator": generators.resnet_generator,
    "predefined_resnet": generators.predefined_resnet,
    "mask_generator": generators.MaskGenerator,
}
for family, names in {
    published: ["attention_unet", "basic_unet", "monai_unet", "dynunet", "highresnet", "nnunet_plain",
                "nnunet_resenc", "unetr", "swin_unetr", "swin_unetr_3d"],
    discriminators: ["patch_gan", "mmv_patch_discriminator", "keras_patch_discriminator",
                     "multiscale_discriminator", "hd_multiscale_discriminator",
                     "mask_discriminator"],
}.items():
    CASES.update((name, getattr(family, name)) for name in names)


def step(network, x, optimizer):
    optimizer.zero_grad()
    outputs = network(x)
    outputs = [outputs] if torch.is_tensor(outputs) else outputs
    sum(output.square().mean() for output in outputs).backward()
    optimizer.step()


def main():
    case, sizes, layout, runs = sys.argv[1:]
    threads = int(os.environ.get("COVERSLIP_THREADS", "2"))
    is_processor_time = bool(os.environ.get("PROCESSOR_TIME"))
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network, x = CASES[case](), torch.randn([int(size) for size in sizes.split(",")])
    if layout == "channels_last":
        form = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
        network, x = network.to(memory_format=form), x.to(memory_format=form)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    seconds = []
    for _ in range(int(runs) + WARM_UP):
        start = time.process_time() if is_processor_time else time.perf_counter()
        step(network, x, optimizer)
        if is_processor_time:
            seconds.append((time.process_time() - start) / threads)
        else:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "seconds": seconds[WARM_UP:],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


main()
