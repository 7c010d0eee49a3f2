"""Converts each file of a folder in a process of its own that has little memory and time.

    cargo build --release
    python tools/check_formats/hostile.py target/release/coverslip crates/image/tests/data

A process may have 1 GiB of memory, counted as addresses, and 10 seconds of processor time; it must
convert the file or refuse it with an error. What ends otherwise (a panic, a signal, the time) is listed.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

MEMORY = 1 << 30
SECONDS = 10
# For a process that waits, also on a busy machine.
LONGEST_SECONDS = 120
MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
# What the program ends with when its input is at fault.
REFUSED = 2


def samples(folder):
    """Files, and Zarr hierarchies as one sample each."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not any((path / mark).is_file() for mark in MARKS):
            yield from samples(path)
        else:
            yield path


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, path, folder):
    """The exit status, `None` if it took too long, and what was said."""
    command = [program, "--threads", "2", "convert", str(path), f"{folder}/converted.tif"]
    # Each thread takes addresses for its heap.
    environment = os.environ | {"MALLOC_ARENA_MAX": "2"}
    try:
        done = subprocess.run(
            command, preexec_fn=bounded, env=environment, capture_output=True, timeout=LONGEST_SECONDS, text=True, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return None, f"more than {LONGEST_SECONDS} s"
    return done.returncode, done.stderr or done.stdout


def main(program, folder):
    converted, refused, faults, slowest = 0, 0, 0, (0.0, None)
    for path in samples(pathlib.Path(folder)):
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as target:
            status, text = run(program, path, target)
        slowest = max(slowest, (time.monotonic() - start, str(path)))
        if status == 0:
            converted += 1
        elif status == REFUSED:
            refused += 1
        else:
            faults += 1
            print(f"{path}: status {status}: {text.strip()[-500:]}")
    print(
        f"{converted} converted, {refused} refused, {faults} wrong; "
        f"the slowest took {slowest[0]:.1f} s: {slowest[1]}"
    )
    return faults > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
