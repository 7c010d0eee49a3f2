"""Coverslip against PyTorch on this machine: the cases of `coverslip bench`, run alternately.

usage: compare_torch.py COVERSLIP_BINARY [CASE ...]      needs torch (pip install torch)

Each round runs Coverslip and every layout of PyTorch once in a process of its own; figures are over
all rounds. The ratio is Coverslip's time over that of PyTorch's fastest layout: below 1 is faster.
COVERSLIP_THREADS sets the threads of both (2 without it); with COVERSLIP_SIMD=avx2 PyTorch is held to
AVX2 as well. COMPILE=1 adds torch.compile. PROCESSOR_TIME=1 counts the time that threads had a
processor, divided by their number, instead of the time that went by: for a machine with other work.
ROUNDS and RUNS change the numbers of rounds and of runs in each (3).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

PEER = Path(__file__).parent.parent / "tools" / "peers" / "unet_torch.py"
ROUNDS, RUNS = (int(os.environ.get(name, "3")) for name in ("ROUNDS", "RUNS"))
IS_PROCESSOR_TIME = bool(os.environ.get("PROCESSOR_TIME"))

binary = sys.argv[1]
cases = sys.argv[2:] or ["training", "inference-512", "inference-1024",
                         "inference-batch", "training-wide", "training-3d", "inference-3d",
                         "training-small", "training-preset"]
environment = dict(os.environ)
environment.setdefault("COVERSLIP_THREADS", "2")
if IS_PROCESSOR_TIME:
    # Threads that wait must not count as working.
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
if environment.get("COVERSLIP_SIMD") == "avx2":
    environment.update(ATEN_CPU_CAPABILITY="avx2", ONEDNN_MAX_CPU_ISA="AVX2")


def last_json(command):
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(output.stdout.strip().splitlines()[-1])


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ours(case):
    def bench(runs):
        start = processor_seconds()
        command = [binary, "bench", "--json", "--quiet", "--case", case, "--runs", str(runs)]
        return last_json(command), processor_seconds() - start

    result, total = bench(1 + RUNS)
    if not IS_PROCESSOR_TIME:
        return result["cases"][0]["seconds"][1:], result["peak_rss_bytes"]
    # What the runs add to starting, warming up and the first run.
    _, start = bench(1)
    seconds = (total - start) / RUNS / int(environment["COVERSLIP_THREADS"])
    return [seconds], result["peak_rss_bytes"]


def torch(layout):
    def run(case):
        result = last_json([sys.executable, str(PEER), case, layout, str(RUNS)])
        return result["seconds"], result["peak_rss_bytes"]

    return run


contestants = {"coverslip": ours}
for layout in ["contiguous", "channels_last"] + (["compile"] if os.environ.get("COMPILE") else []):
    contestants[layout] = torch(layout)

print("| case | " + " | ".join(f"{name}, best / median s" for name in contestants)
      + " | time ratio, best / median | memory MiB, ours / PyTorch | memory ratio |")
print("|---" * (len(contestants) + 4) + "|")
for case in cases:
    seconds = {name: [] for name in contestants}
    peak = {name: 0 for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            times, memory = run(case)
            seconds[name] += times
            peak[name] = max(peak[name], memory)
    best = {name: min(times) for name, times in seconds.items()}
    median = {name: statistics.median(times) for name, times in seconds.items()}
    rivals = [name for name in contestants if name != "coverslip"]
    fastest = min(rivals, key=best.get)
    ratios = [best["coverslip"] / best[fastest],
              median["coverslip"] / min(median[name] for name in rivals)]
    columns = [case]
    columns += [f"{best[name]:.3f} / {median[name]:.3f}" for name in contestants]
    columns.append(f"{ratios[0]:.2f} / {ratios[1]:.2f}")
    columns.append(f"{peak['coverslip'] / 2**20:.0f} / {peak[fastest] / 2**20:.0f}")
    columns.append(f"{peak['coverslip'] / peak[fastest]:.2f}")
    print("| " + " | ".join(columns) + " |", flush=True)
