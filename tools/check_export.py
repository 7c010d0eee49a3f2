"""Loads exported weights into the reference network in PyTorch and compares its output with
`coverslip predict` on the same random image.

usage: check_export.py MODEL [--coverslip PROGRAM] [--size N]
MODEL: a model package whose network is unet, basic_unet, monai_unet or attention_unet.
Prints one JSON object; exits with 1 when the largest difference is above 1e-4 of the largest output.
needs torch, safetensors, pyyaml and tifffile; monai for the networks that are MONAI's
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import tifffile
import torch
import yaml
from safetensors.torch import load_file

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "peers"))

TOLERANCE = 1e-4


def unet(io, options):
    from milesial_unet import UNet

    plain = {"growth": 2.0, "convolutions": 2, "norm": "batch", "activation": "relu", "upsampling": "transposed"}
    others = {key: options[key] for key, value in plain.items() if options.get(key, value) != value}
    if others or io["dimensions"] != 2:
        sys.exit(f"the reference is a 2D network without the options {others}")
    return UNet(io["in_channels"], io["out_channels"], options["base"], options["depth"])


def basic_unet(io, options):
    from monai.networks.nets import BasicUNet

    return BasicUNet(io["dimensions"], io["in_channels"], io["out_channels"], options["channels"])


def monai_unet(io, options):
    from monai.networks.nets import UNet

    units = options["residual_units"]
    return UNet(io["dimensions"], io["in_channels"], io["out_channels"], options["channels"], strides(options),
                num_res_units=units)


def attention_unet(io, options):
    from monai.networks.nets import AttentionUnet

    return AttentionUnet(io["dimensions"], io["in_channels"], io["out_channels"], options["channels"],
                         strides(options))


def strides(options):
    return options["strides"] or [2] * (len(options["channels"]) - 1)


REFERENCES = {
    "unet": unet,
    "basic_unet": basic_unet,
    "monai_unet": monai_unet,
    "attention_unet": attention_unet,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--coverslip", default="coverslip")
    parser.add_argument("--size", type=int, default=96)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, description = plain_copy(arguments.model, folder / "model", arguments.size)
        image = numpy.random.default_rng(0).random(shape(description["io"], arguments.size), "float32")
        write(folder / "image.tif", image)
        reference = build(description)
        weights = folder / "weights.safetensors"
        run(arguments.coverslip, "export", model, "--format", "safetensors", "--names", "torch", "-o", weights)
        missing = reference.load_state_dict(load_file(weights), strict=True)
        with torch.no_grad():
            expected = reference.eval()(torch.from_numpy(image)[None])[0]
        classes = description["target"]["kind"] != "image"
        expected = (expected.softmax(0) if classes else expected).numpy()
        options = ["--probabilities"] if classes else []
        run(arguments.coverslip, "predict", "--model", model, "--input", folder / "image.tif",
            "--output", folder / "out", *options)
        found = read(next((folder / "out").iterdir()))
    report(description, expected, found, missing)


def plain_copy(source, target, size):
    """The package without preprocessing, and with tiles of the whole image: the network alone."""
    shutil.copytree(source, target)
    description = yaml.safe_load((target / "model.yaml").read_text())
    axes = description["io"]["dimensions"]
    description["preprocess"] = []
    description["channels"] = None
    description["target"]["scale"] = "target"
    description["predict"]["tile"] = [size] * axes
    (target / "model.yaml").write_text(yaml.safe_dump(description, sort_keys=False))
    return target, description


def shape(io, size):
    return (io["in_channels"],) + (size,) * io["dimensions"]


def write(path, image):
    axes = "CZYX" if image.ndim == 4 else "CYX"
    tifffile.imwrite(path, image, metadata={"axes": axes}, ome=True)


def read(path):
    """The image with its axes as C Z Y X or C Y X."""
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        present = [axis for axis in "CZYX" if axis in series.axes]
        return series.asarray().transpose([series.axes.index(axis) for axis in present])


def build(description):
    network = description["network"]
    name, options = (network, {}) if isinstance(network, str) else next(iter(network.items()))
    if name not in REFERENCES:
        sys.exit(f"no reference for {name}; there are {', '.join(REFERENCES)}")
    return REFERENCES[name](description["io"], options or {})


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def report(description, expected, found, missing):
    found = found.reshape(expected.shape)
    difference = float(numpy.abs(expected - found).max())
    relative = difference / float(numpy.abs(expected).max())
    print(json.dumps({
        "network": description["network"],
        "shape": list(expected.shape),
        "largest_output": float(numpy.abs(expected).max()),
        "largest_difference": difference,
        "relative": relative,
        "keys": str(missing),
    }))
    sys.exit(0 if relative <= TOLERANCE else 1)


if __name__ == "__main__":
    main()
