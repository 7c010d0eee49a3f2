"""Training steps of networks beside PyTorch on this machine, run alternately.

usage: compare_networks.py COVERSLIP_BINARY [NETWORK ...]      needs torch; attention_unet needs monai

Each round runs Coverslip and both layouts of PyTorch once in a process of its own. The ratio is
Coverslip's best time over that of PyTorch's fastest layout: below 1 is faster. COVERSLIP_THREADS sets the
threads of both (2 without it); ROUNDS and RUNS the rounds (3) and the runs of each (3).
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PEER = Path(__file__).parent.parent / "tools" / "peers" / "networks_torch.py"
ROUNDS, RUNS = (int(os.environ.get(name, "3")) for name in ("ROUNDS", "RUNS"))
# The peer's case: our network, input, output channels, options.
CASES = {
    "unet": ("unet", "2,3,256,256", 2, ["base=64"]),
    "fnet": ("fnet", "1,1,32,64,64", 1, []),
    "branched_erfnet": ("branched_erfnet", "2,1,256,256", 5, ["branches=[4, 1]"]),
    "msdnet": ("msdnet", "2,1,256,256", 2, ["layers=45", "activate_input=false"]),
    "attention_unet": ("attention_unet", "2,1,256,256", 1,
                       ["channels=[32, 64, 128, 256, 512]", "strides=[2, 2, 2, 2]"]),
    "patch_gan": ("patch_gan", "2,2,256,256", 1, []),
    "resnet_generator": ("resnet_generator", "1,1,256,256", 1, []),
}

binary = sys.argv[1]
environment = dict(os.environ)
environment.setdefault("COVERSLIP_THREADS", "2")


def last_json(command):
    output = subprocess.run(command, env=environment, capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(output.stderr[-2000:])
    return json.loads(output.stdout.strip().splitlines()[-1])


def ours(case):
    name, sizes, out_channels, options = CASES[case]
    command = [binary, "networks", name, "--time", "--input", sizes, "--out-channels",
               str(out_channels), "--runs", str(RUNS), "--json", "--quiet"]
    for option in options:
        command += ["--set", option]
    return last_json(command)


def torch(layout):
    return lambda case: last_json([sys.executable, str(PEER), case, layout, str(RUNS)])


contestants = {"coverslip": ours, "contiguous": torch("contiguous"),
               "channels_last": torch("channels_last")}
print("| network, input | " + " | ".join(f"{name} s" for name in contestants)
      + " | time ratio, best (median) | memory ratio |")
print("|---" * (len(contestants) + 3) + "|")
for case in sys.argv[2:] or CASES:
    seconds, peak = {name: [] for name in contestants}, dict.fromkeys(contestants, 0)
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            result = run(case)
            seconds[name] += result["seconds"]
            peak[name] = max(peak[name], result["peak_rss_bytes"])
    best = {name: min(times) for name, times in seconds.items()}
    median = {name: statistics.median(times) for name, times in seconds.items()}
    rivals = [name for name in contestants if name != "coverslip"]
    fastest = min(rivals, key=best.get)
    name, sizes, _, options = CASES[case]
    title = f"`{name}` {' '.join(options)}".strip() + f", {sizes.replace(',', ' x ')}"
    columns = [title] + [f"{best[name]:.3f}" for name in contestants]
    ratio = best["coverslip"] / best[fastest]
    middle = median["coverslip"] / min(median[name] for name in rivals)
    columns += [f"{ratio:.2f} ({middle:.2f})", f"{peak['coverslip'] / peak[fastest]:.2f}"]
    print("| " + " | ".join(columns) + " |", flush=True)
