"""Writes the files of this folder: a small U-Net in PyTorch, saved in the ways that checkpoints come,
an image, and what PyTorch makes of it.

usage: make.py
needs torch, safetensors and tifffile
"""

import pathlib
import sys

import tifffile
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[4] / "tools" / "peers"))
from milesial_unet import UNet  # noqa: E402


def main():
    torch.manual_seed(0)
    network = UNet(1, 2, base=2, depth=2)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
    network.eval()
    state = network.state_dict()

    torch.save(dict(state, mask_values=[0, 1]), HERE / "zip.pth")
    torch.save(state, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
    lightning = {
        "state_dict": {f"net.{name}": value for name, value in state.items()},
        "epoch": 3,
        "hyper_parameters": {"dtype": torch.float32, "path": HERE.relative_to(HERE.parent)},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}}],
    }
    torch.save(lightning, HERE / "lightning.ckpt")
    torch.save({f"module.{name}": value for name, value in state.items()}, HERE / "parallel.pt")
    torch.save(unusual(state), HERE / "unusual.pt")
    save_file(state, HERE / "weights.safetensors")

    image = torch.rand(1, 1, 24, 32)
    with torch.no_grad():
        output = network(image)
    axes = {"axes": "CYX"}
    tifffile.imwrite(HERE / "input.tif", image[0, 0].numpy(), metadata=None)
    tifffile.imwrite(HERE / "output.tif", output[0].numpy(), imagej=True, metadata=axes)


def unusual(state):
    """The same values in one shared storage, in 64 bits, and with axes in another order in memory."""
    total = sum(value.numel() for value in state.values())
    storage, start = torch.zeros(total + 5, dtype=torch.float64), 5
    views = {}
    for name, value in state.items():
        part = storage[start : start + value.numel()]
        start += value.numel()
        order = list(range(value.dim()))[::-1]
        view = part.view([value.shape[axis] for axis in order]).permute(order)
        view.copy_(value)
        views[name] = view
    return {"model": {f"_orig_mod.module.{name}": torch.nn.Parameter(view) for name, view in views.items()}}


if __name__ == "__main__":
    main()
