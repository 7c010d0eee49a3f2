"""Speed of reading and writing Zarr beside zarr-python, two threads each.

    pip install "zarr>=3"
    cargo build --release -p coverslip-image --example zarr_speed
    benches/compare_zarr.py target/release/examples/zarr_speed [SIDE]

A volume of SIDE^3 uint16 (512 by default) of smooth structures with noise, in chunks of 64^3.
Prints seconds (the fastest of three) and the ratio of zarr-python's time to ours.
"""

import os
import subprocess
import sys
import tempfile
import time

THREADS = "2"
os.environ.update(RAYON_NUM_THREADS=THREADS, NUMCODECS_NTHREADS=THREADS, BLOSC_NTHREADS=THREADS)

import numpy as np
import zarr
from zarr.codecs import BloscCodec, ZstdCodec

zarr.config.set({"threading.max_workers": int(THREADS), "async.concurrency": 8})
CHUNK = (64, 64, 64)


def volume(side):
    random = np.random.default_rng(1)
    axis = np.linspace(0, 20, side, dtype="f4")
    smooth = np.sin(axis)[:, None, None] + np.cos(axis)[None, :, None] + np.sin(axis)[None, None, :]
    data = (smooth * 800 + 3000).astype("u2")
    data += random.integers(0, 60, data.shape, dtype="u2")
    return data


def fastest(run):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(binary, *args):
    return float(subprocess.run([binary, *args], check=True, capture_output=True, text=True).stdout)


def main():
    binary, side = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 512
    data = volume(side)
    layouts = {
        "none": dict(compressors=None),
        "zstd": dict(compressors=ZstdCodec(level=3)),
        "blosc": dict(compressors=BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle")),
        "zstd, shards": dict(compressors=ZstdCodec(level=3), shards=(256, 256, 256)),
        "blosc, shards": dict(compressors=BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"), shards=(256, 256, 256)),
    }
    with tempfile.TemporaryDirectory() as folder:
        raw = None
        for name, layout in layouts.items():
            path = os.path.join(folder, name.replace(", ", "_") + ".zarr")

            def write():
                array = zarr.create_array(path, shape=data.shape, dtype="u2", chunks=CHUNK, fill_value=0, overwrite=True, **layout)
                array[...] = data

            theirs = fastest(write)
            raw = raw or path
            out = os.path.join(folder, "ours.zarr")
            # Ours chooses shards by the size of the image.
            is_like_ours = side < 320 or "shards" in name
            written = ours(binary, "write", raw, out, name.split(",")[0], "64") if is_like_ours else None
            there = zarr.open_array(path, mode="r")
            read, mine = fastest(lambda: there[...]), ours(binary, "read", path)
            line = f"{name:14} read {mine:.2f} s, zarr-python {read:.2f} s, {read / mine:.1f}x"
            if written:
                line += f"; write {written:.2f} s, zarr-python {theirs:.2f} s, {theirs / written:.1f}x"
            print(line, flush=True)


main()
