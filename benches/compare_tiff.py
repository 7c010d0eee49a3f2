"""Times reading, writing and opening TIFF files against tifffile, each with two threads.

    pip install tifffile imagecodecs
    cargo build --release -p coverslip-image --example tiff_speed
    python benches/compare_tiff.py target/release/examples/tiff_speed [SIDE] [PLANES]

The image has the noise and the smooth background of a camera; ratios above 1 mean that coverslip
is faster. Both use the same packing, level, predictor and tiles, take turns, and read from the page
cache; the fastest of three runs counts. Coverslip syncs what it writes to the disk; tifffile does
not, so that both its time with a sync and its time without are given.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import tifffile

THREADS = 2
PACKINGS = {"none": None, "deflate": ("zlib", 6), "lzw": "lzw", "zstd": ("zstd", 3)}


def camera(planes, side):
    random = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / side
    background = 800 + 600 * np.sin(3 * x) * np.cos(2 * y)
    return np.stack(
        [random.poisson(background).astype(np.uint16) for _ in range(planes)]
    )


def turns(one, other, times=3):
    """The fastest run of each; they take turns, so that both meet the same load."""
    pairs = [(one(), other()) for _ in range(times)]
    return [min(times) for times in zip(*pairs)]


def timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def ours(program, *arguments):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(THREADS))
    result = subprocess.run(
        [program, *map(str, arguments)], env=environment, check=True, capture_output=True, text=True
    )
    return float(result.stdout.split()[0])


def line(what, packing, own, other):
    print(f"{what:6} {packing:8} coverslip {own:7.3f} s  tifffile {other:7.3f} s  ratio {other / own:5.2f}", flush=True)


def main(program, side=4096, planes=16):
    image = camera(planes, side)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        plain = folder / "plain.tif"
        tifffile.imwrite(plain, image, metadata={"axes": "ZYX"})
        for packing, codec in PACKINGS.items():
            theirs, own = folder / "theirs.ome.tif", folder / "own.ome.tif"
            options = dict(tile=(512, 512), maxworkers=THREADS, metadata={"axes": "ZYX"})
            if codec:
                name, level = codec if isinstance(codec, tuple) else (codec, None)
                options |= dict(compression=name, predictor=True)
                if level:
                    options["compressionargs"] = {"level": level}

            unsynced = []

            def write():
                unsynced.append(timed(lambda: tifffile.imwrite(theirs, image, ome=True, **options)))
                with open(theirs, "rb+") as file:
                    os.fsync(file.fileno())

            line("write", packing, *turns(lambda: ours(program, "write", plain, own, packing), lambda: timed(write)))
            print(f"       {packing:8} tifffile without a sync {min(unsynced):7.3f} s")
            assert np.array_equal(tifffile.imread(own), image)
            read = lambda: tifffile.imread(theirs, maxworkers=THREADS)
            line("read", packing, *turns(lambda: ours(program, "read", theirs), lambda: timed(read)))
            sizes = own.stat().st_size, theirs.stat().st_size
            print(f"       {packing:8} bytes {sizes[0]} and {sizes[1]}")
        many = folder / "many.tif"
        with tifffile.TiffWriter(many) as writer:
            for _ in range(10_000):
                writer.write(np.zeros((16, 16), np.uint16), contiguous=False, metadata=None)

        def opened():
            with tifffile.TiffFile(many) as file:
                assert file.series[0].shape == (10_000, 16, 16)

        line("open", "10000", *turns(lambda: ours(program, "open", many), lambda: timed(opened)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
