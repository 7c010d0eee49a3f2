"""Training steps of networks beside PyTorch on this machine, run alternately.

usage: compare_networks.py COVERSLIP_BINARY [CASE ...]
needs torch; some networks monai or dynamic_network_architectures (nnU-Net's)

Each round runs Coverslip and both layouts of PyTorch once in a process of its own; both must have as many
parameters. The ratio is Coverslip's best time over that of PyTorch's fastest layout: below 1 is faster.
COVERSLIP_THREADS sets the threads of both (2 without it); ROUNDS and RUNS the rounds (3) and the runs of
each (3); LIMIT the seconds after which a network gets no further round (none without it).
PROCESSOR_TIME=1 counts the time that threads had a processor, divided by their number, instead of the
time that went by: for a machine with other work.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PEER = Path(__file__).parent.parent / "tools" / "peers" / "networks"
ROUNDS, RUNS = (int(os.environ.get(name, "3")) for name in ("ROUNDS", "RUNS"))
LIMIT = float(os.environ.get("LIMIT", "inf"))
IS_PROCESSOR_TIME = bool(os.environ.get("PROCESSOR_TIME"))
# The peer's case: our network, input, output channels, options.
CASES = {
    "unet": ("unet", "2,3,256,256", 2, ["base=64"]),
    "tunable_unet": ("tunable_unet", "2,1,256,256", 1, []),
    "msdnet": ("msdnet", "2,1,256,256", 2, ["layers=45", "activate_input=false"]),
    "fnet": ("fnet", "1,1,32,64,64", 1, []),
    "anisotropic_unet": ("anisotropic_unet", "1,1,16,64,64", 1, []),
    "branched_erfnet": ("branched_erfnet", "2,1,256,256", 5, ["branches=[4, 1]"]),
    "probabilistic_unet": ("probabilistic_unet", "1,1,256,256", 1, []),
    "basic_unet": ("basic_unet", "2,1,256,256", 1, []),
    "monai_unet": ("monai_unet", "4,1,256,256", 1, []),
    "attention_unet": ("attention_unet", "2,1,256,256", 1,
                       ["channels=[32, 64, 128, 256, 512]", "strides=[2, 2, 2, 2]"]),
    "dynunet": ("dynunet", "1,1,256,256", 1, []),
    "highresnet": ("highresnet", "1,1,256,256", 1, []),
    "nnunet_plain": ("nnunet_plain", "1,1,256,256", 1, []),
    "nnunet_resenc": ("nnunet_resenc", "1,1,256,256", 1, []),
    "unetr": ("unetr", "1,1,96,96", 1, []),
    "swin_unetr": ("swin_unetr", "1,1,256,256", 1, []),
    "swin_unetr_3d": ("swin_unetr", "1,1,32,64,64", 1, []),
    "chained_unet": ("chained_unet", "2,1,256,256", 1, []),
    "pix2pix_unet": ("pix2pix_unet", "1,1,256,256", 1, []),
    "resnet_generator": ("resnet_generator", "1,1,256,256", 1, []),
    "predefined_resnet": ("predefined_resnet", "1,1,128,128", 1, []),
    "patch_gan": ("patch_gan", "2,2,256,256", 1, []),
    "mmv_patch_discriminator": ("mmv_patch_discriminator", "2,1,256,256", 1, []),
    "keras_patch_discriminator": ("keras_patch_discriminator", "8,1,256,256", 1, []),
    "multiscale_discriminator": ("multiscale_discriminator", "2,1,256,256", 1, []),
    "hd_multiscale_discriminator": ("hd_multiscale_discriminator", "2,1,256,256", 1, []),
    "mask_generator": ("mask_generator", "256,100,1,1", 1, []),
    "mask_discriminator": ("mask_discriminator", "256,1,28,28", 1, []),
}

environment = dict(os.environ)
environment.setdefault("COVERSLIP_THREADS", "2")
if IS_PROCESSOR_TIME:
    # Threads that wait must not count as working.
    environment["OMP_WAIT_POLICY"] = "PASSIVE"


def last_json(command):
    output = subprocess.run(command, env=environment, capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(output.stderr[-2000:])
    return json.loads(output.stdout.strip().splitlines()[-1])


def ours(binary, case):
    name, sizes, out_channels, options = CASES[case]
    command = [binary, "networks", name, "--time", "--input", sizes, "--out-channels",
               str(out_channels), "--runs", str(RUNS), "--json", "--quiet"]
    for option in options:
        command += ["--set", option]
    result = last_json(command)
    if IS_PROCESSOR_TIME:
        threads = int(environment["COVERSLIP_THREADS"])
        result["seconds"] = [seconds / threads for seconds in result["processor_seconds"]]
    return result


def torch(case, layout):
    return last_json([sys.executable, str(PEER), case, CASES[case][1], layout, str(RUNS)])


def measure(binary, case):
    """The results of each contestant, one a round."""
    contestants = {"coverslip": lambda: ours(binary, case)}
    for layout in ("contiguous", "channels_last"):
        contestants[layout] = lambda layout=layout: torch(case, layout)
    results = {name: [] for name in contestants}
    start = time.monotonic()
    for number in range(ROUNDS):
        if number and time.monotonic() - start > LIMIT:
            break
        for name, run in contestants.items():
            results[name].append(run())
    counts = {name: found[0]["parameters"] for name, found in results.items()}
    if len(set(counts.values())) > 1:
        raise SystemExit(f"{case} is not the same network in both programs: parameters {counts}")
    return results


def row(case, results):
    seconds = {name: [time for result in found for time in result["seconds"]]
               for name, found in results.items()}
    peak = {name: max(result["peak_rss_bytes"] for result in found)
            for name, found in results.items()}
    best = {name: min(times) for name, times in seconds.items()}
    median = {name: statistics.median(times) for name, times in seconds.items()}
    rivals = [name for name in results if name != "coverslip"]
    fastest = min(rivals, key=best.get)
    ratio = best["coverslip"] / best[fastest]
    middle = median["coverslip"] / min(median[name] for name in rivals)
    name, sizes, _, options = CASES[case]
    title = f"`{name}` {' '.join(options)}".strip() + f", {sizes.replace(',', ' x ')}"
    columns = [title] + [f"{best[name]:.3f}" for name in results]
    return columns + [f"{ratio:.2f} ({middle:.2f})", f"{peak['coverslip'] / peak[fastest]:.2f}"]


def main():
    binary, *cases = sys.argv[1:]
    print("| network, input | coverslip s | contiguous s | channels_last s "
          "| time ratio, best (median) | memory ratio |")
    print("|---" * 6 + "|")
    for case in cases or CASES:
        print("| " + " | ".join(row(case, measure(binary, case))) + " |", flush=True)


main()
