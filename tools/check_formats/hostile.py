"""Reads each file of a folder in a process of its own that has little memory and time.

    cargo build --release -p coverslip-image --example read_file
    python tools/check_formats/hostile.py target/release/examples/read_file crates/image/tests/data

A process may have 1 GiB of memory, counted as addresses, and 10 seconds; it must read the file or
refuse it with an error. What ends otherwise (a panic, a signal, the time) is listed.
"""

import os
import pathlib
import resource
import subprocess
import sys
import time

MEMORY = 1 << 30
SECONDS = 10
# Pixels of one read; what is unpacked and sorted on the way needs memory besides.
LIMIT = MEMORY // 4
MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def samples(folder):
    """Files, and Zarr hierarchies as one sample each."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not any((path / mark).is_file() for mark in MARKS):
            yield from samples(path)
        else:
            yield path


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, path):
    """The exit status, `None` if it took too long, and what was said."""
    command = [program, str(path), str(LIMIT)]
    # Each thread takes addresses for its stack and its heap.
    environment = os.environ | {"RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}
    try:
        done = subprocess.run(
            command, preexec_fn=bounded, env=environment, capture_output=True, timeout=SECONDS, text=True, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return None, f"more than {SECONDS} s"
    return done.returncode, done.stderr or done.stdout


def main(program, folder):
    counts, faults, slowest = {0: 0, 1: 0}, 0, (0.0, None)
    for path in samples(pathlib.Path(folder)):
        start = time.monotonic()
        status, text = run(program, path)
        slowest = max(slowest, (time.monotonic() - start, str(path)))
        if status in counts:
            counts[status] += 1
        else:
            faults += 1
            print(f"{path}: status {status}: {text.strip()[-500:]}")
    print(f"{counts[0]} read, {counts[1]} refused, {faults} wrong; the slowest took {slowest[0]:.1f} s: {slowest[1]}")
    return faults > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
