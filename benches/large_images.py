#!/usr/bin/env python3
"""Peak memory and speed of `coverslip predict` on images larger than memory.

    python3 benches/large_images.py target/release/coverslip [--sizes 5000 10000 20000] [--volumes 256 512 1024]
        [--network "{unet: {base: 16, depth: 4}}"] [--overlap 0.25]

Trains U-Nets (2D and 3D) on the sample images for 50 steps, makes images of each size by repeating a
sample, predicts them under `--memory 2GiB`, and prints peak resident memory, speed, and the share of
the time that was spent outside the network. The networks are small (base 8, depth 2), so that large images
take minutes; the preset's takes four times as long a pixel. Needs numpy, tifffile and zarr.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import tifffile
import zarr

ROOT = pathlib.Path(__file__).resolve().parent.parent
GIB = 2**30


def run(*command):
    """Runs a command; its last line as JSON, and its peak resident memory in bytes."""
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed: {output.decode()}")
    return json.loads(output.decode().splitlines()[-1]), usage.ru_maxrss * 1024


def train(program, folder, dimensions, network):
    data = ROOT / "samples/nuclei2d"
    if dimensions == 3:
        data = folder / "stacks"
        for kind in ["images", "masks"]:
            (data / kind).mkdir(parents=True)
        for name in sorted((ROOT / "samples/nuclei2d/images").glob("*.png"))[:12]:
            for kind in ["images", "masks"]:
                source = ROOT / "samples/nuclei2d" / kind / name.name
                plane = folder / "plane.tif"
                run(program, "convert", source, plane, "--quiet", "--json")
                stack = np.repeat(tifffile.imread(plane)[None, :128, :128], 16, 0)
                tifffile.imwrite(data / kind / f"{name.stem}.tif", stack, metadata={"axes": "ZYX"})
    if dimensions == 2:
        changes = [f"data.train.split={data}/split.csv", "data.train.subset=train"]
    else:
        changes = []
    size = "[128, 128]" if dimensions == 2 else "[16, 64, 64]"
    changes += [
        f"data.train.source={data}/images",
        f"data.train.target={data}/masks",
        f"data.patch.size={size}",
        f"network={network}",
        "training.epochs=1",
        "schedule=constant",
        "optimizer={adam: {learning_rate: 1.0e-2}}",
        "loss=[{cross_entropy: {class_weights: [1.0, 4.0, 4.0]}}]",
        "training.patches_per_epoch=400",
        f"predict.tile={'[512, 512]' if dimensions == 2 else '[64, 128, 128]'}",
    ]
    out = folder / f"run{dimensions}"
    sets = [part for change in changes for part in ("--set", change)]
    run(program, "train", "nuclei-2d", *sets, "--out", out, "--quiet", "--json")
    return out / "model"


def plane(folder, side):
    image = tifffile.imread(folder / "sample.tif")
    repeats = [-(-side // length) for length in image.shape]
    path = folder / f"plane{side}.tif"
    tifffile.imwrite(path, np.tile(image, repeats)[:side, :side], tile=(512, 512), compression="zstd")
    return path


def volume(folder, side):
    image = tifffile.imread(folder / "sample.tif")[:128, :128]
    path = folder / f"volume{side}.zarr"
    array = zarr.create_array(
        path, shape=(side,) * 3, chunks=(64,) * 3, dtype=image.dtype, dimension_names=["z", "y", "x"]
    )
    slab = np.tile(image, (side // 128, side // 128))
    for z in range(0, side, 64):
        array[z : z + 64] = np.stack([np.roll(slab, 3 * (z + k), 1) for k in range(64)])
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--sizes", type=int, nargs="*", default=[5000, 10000, 20000])
    parser.add_argument("--volumes", type=int, nargs="*", default=[256, 512, 1024])
    parser.add_argument("--network", default="{unet: {base: 8, depth: 2}}")
    parser.add_argument("--overlap", type=float, default=0.25, help="of tiles; less is faster")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        samples = sorted((ROOT / "samples/nuclei2d/images").glob("*.png"))
        # One with many nuclei.
        run(arguments.program, "convert", samples[3], folder / "sample.tif", "--quiet", "--json")
        print("| image | pixels | peak memory | pixels a second | outside the network |")
        print("|---|---|---|---|---|")
        for dimensions, sides, make in [(2, arguments.sizes, plane), (3, arguments.volumes, volume)]:
            if not sides:
                continue
            model = train(arguments.program, folder, dimensions, arguments.network)
            for side in sides:
                path = make(folder, side)
                result, peak = run(
                    arguments.program, "predict", "--model", model, "--input", path,
                    "--output", folder / "out", "--memory", "2GiB", "--overlap", arguments.overlap,
                    "--quiet", "--json",
                )
                pixels = side**dimensions
                outside = 1 - result["network_s"] / result["seconds"]
                print(
                    f"| {' x '.join([str(side)] * dimensions)} | {pixels / 1e6:.0f} M | {peak / GIB:.2f} GiB "
                    f"| {pixels / result['seconds'] / 1e6:.2f} M | {outside:.0%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
