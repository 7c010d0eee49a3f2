"""Single convolutions of Coverslip against PyTorch's (oneDNN) on this machine, run alternately.

usage: compare_layers.py CONV_SPEED [CASE ...]           needs torch (pip install torch)

CONV_SPEED is the example of coverslip-kernels, target/release/examples/conv_speed; its --list names
the cases. Each round measures a case with ours and then with both layouts of PyTorch, whose process
waits meanwhile; a figure is the best of all rounds, in GFLOP/s of the direct convolution, for the forward pass, the
gradient of the input and that of the weights. The ratio is ours over PyTorch's best layout: above 1
is faster. The share is that of the processor's peak, for Winograd four times that (144 / 36).
THREADS="1 2" names the numbers of threads, ROUNDS the rounds (3 without it). PROCESSOR_TIME=1 counts
the time that threads had a processor instead of the time that went by, on a machine with other work.
"""

import json
import os
import subprocess
import sys

ROUNDS = int(os.environ.get("ROUNDS", "3"))
THREADS = [int(word) for word in os.environ.get("THREADS", "1 2").split()]
SECONDS = 0.2
IS_PROCESSOR_TIME = bool(os.environ.get("PROCESSOR_TIME"))
SAVED_BY_WINOGRAD = 4


def ours(program, case, threads):
    command = [program, "--json", "--threads", str(threads), "--seconds", str(SECONDS)]
    command += ["--processor-time"] * IS_PROCESSOR_TIME + [case["name"]]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(output)
    return found["cases"][0]["gflops"], found["peak_gflops"], found["isa"]


class Torch:
    """PyTorch in a process of its own."""

    def __init__(self, threads):
        command = [sys.executable, __file__, "--torch", str(threads)]
        # Threads that wait must not count as working.
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        self.process = subprocess.Popen(command, env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def speeds(self, case, layout):
        print(json.dumps([case, layout]), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def serve_torch(threads):
    for line in sys.stdin:
        print(json.dumps(measure_torch(*json.loads(line), threads)), flush=True)


def measure_torch(case, layout, threads):
    """GFLOP/s of the three passes of one convolution."""
    import time

    import torch

    torch.set_num_threads(threads)
    is_deep = case["size"][0] > 1
    axes = slice(0 if is_deep else 1, 3)
    order = torch.contiguous_format
    if layout == "channels_last":
        order = torch.channels_last_3d if is_deep else torch.channels_last
    from_, to = case["channels"]
    groups, kernel, stride = case["groups"], case["kernel"][axes], case["stride"][axes]
    x = torch.rand(case["n"], from_, *case["size"][axes]).contiguous(memory_format=order)
    w = torch.rand(to, from_ // groups, *kernel).contiguous(memory_format=order)
    padding, dilation = case["padding"][axes], [1] * len(kernel)
    convolve = torch.conv3d if is_deep else torch.conv2d
    y = convolve(x, w, None, stride, padding, dilation, groups)
    g = torch.rand_like(y)

    def backward(mask):
        rest = (stride, padding, dilation, False, [0] * len(kernel), groups, mask)
        return lambda: torch.ops.aten.convolution_backward(g, x, w, None, *rest)

    passes = [
        lambda: convolve(x, w, None, stride, padding, dilation, groups),
        backward([True, False, False]),
        backward([False, True, False]),
    ]
    clock = time.process_time if IS_PROCESSOR_TIME else time.perf_counter
    speeds = []
    with torch.inference_mode():
        for run in passes:
            begin, best, runs = time.perf_counter(), float("inf"), 0
            while time.perf_counter() - begin < SECONDS or runs < 4:
                start = clock()
                run()
                best = min(best, clock() - start)
                runs += 1
            if IS_PROCESSOR_TIME:
                best /= threads
            speeds.append(case["operations"] / best / 1e9)
    return speeds


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    cases = [case for case in json.loads(listed.stdout) if not case["name"].endswith(" direct")]
    if wanted:
        cases = [case for case in cases if case["name"] in wanted]
    print("| case | threads | ours | PyTorch contiguous | PyTorch channels_last | ratio"
          " | share of peak |\n|---|---|---|---|---|---|---|")
    for threads in THREADS:
        torch = Torch(threads)
        for case in cases:
            best = {name: [0.0] * 3 for name in ["ours", "contiguous", "channels_last"]}
            peak = 0.0
            for _ in range(ROUNDS):
                for name, found in best.items():
                    if name == "ours":
                        speeds, round_peak, _ = ours(program, case, threads)
                        peak = max(peak, round_peak)
                    else:
                        speeds = torch.speeds(case, name)
                    best[name] = [max(pair) for pair in zip(found, speeds)]
            rivals = [max(pair) for pair in zip(best["contiguous"], best["channels_last"])]
            ratios = [ours_ / rival for ours_, rival in zip(best["ours"], rivals)]
            saved = SAVED_BY_WINOGRAD if case["winograd"] else 1
            shares = [speed / (peak * threads * saved) for speed in best["ours"]]
            text = {name: " / ".join(f"{speed:.0f}" for speed in found)
                    for name, found in best.items()}
            print(f"| {case['name']} | {threads} | {text['ours']} | {text['contiguous']}"
                  f" | {text['channels_last']} | {' / '.join(f'{r:.2f}' for r in ratios)}"
                  f" | {' / '.join(f'{s:.2f}' for s in shares)} |", flush=True)
        torch.close()
    print(f"\nPeak of one thread: {peak:.0f} GFLOP/s.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--torch"]:
        serve_torch(int(sys.argv[2]))
    else:
        main()
