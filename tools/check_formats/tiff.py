"""Checks the TIFF files that coverslip writes with tifffile and the OME schema.

    pip install tifffile imagecodecs xmlschema ome-types
    cargo build --release -p coverslip-image --example tiff_speed
    python tools/check_formats/tiff.py target/release/examples/tiff_speed

Compared are pixels, axes, OME-XML (against the schema that the package ome-types brings), channel
names, pixel sizes and the smaller copies.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tifffile


def schema():
    import ome_types
    import xmlschema

    folder = pathlib.Path(ome_types.__file__).parent
    found = sorted(folder.glob("**/ome*.xsd"))
    return xmlschema.XMLSchema(str(found[0])) if found else None


def halved(plane):
    """The mean of two by two pixels, fewer at the far edges; halves go to the even number."""
    height, width = plane.shape
    sums = np.zeros(((height + 1) // 2, (width + 1) // 2), np.float64)
    counts = np.zeros_like(sums)
    for y in (0, 1):
        for x in (0, 1):
            part = plane[y::2, x::2].astype(np.float64)
            sums[: part.shape[0], : part.shape[1]] += part
            counts[: part.shape[0], : part.shape[1]] += 1
    means = sums / counts
    return means.astype(plane.dtype) if plane.dtype.kind == "f" else np.rint(means).astype(plane.dtype)


def check(path, rules):
    name = path.name.split("-")[0]
    is_rgb, is_ome = name == "rgb", path.name.endswith(".ome.tif")
    shape = (3, 90, 275) if is_rgb else (2, 3, 2, 90, 275)
    expected = np.fromfile(path.parent / f"{name}.raw", "u1" if is_rgb else name).reshape(shape)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome == is_ome and file.is_imagej != is_ome, "layout"
        series = file.series[0]
        axes = series.axes
        array = series.asarray()
        order = {"YXS": (2, 0, 1), "TZCYX": (0, 2, 1, 3, 4), "TCZYX": (0, 1, 2, 3, 4)}[axes]
        assert np.array_equal(array.transpose(order), expected), f"pixels of {axes}"
        if is_ome:
            xml = file.ome_metadata
            if rules is not None:
                rules.validate(xml)
            import ome_types

            pixels = ome_types.from_xml(xml).images[0].pixels
            assert (pixels.physical_size_x, pixels.physical_size_y) == (0.125, 0.25), "pixel size"
            if not is_rgb:
                names = [channel.name for channel in pixels.channels]
                assert names == [f"stain <{index}>" for index in range(3)], names
            assert [level.shape[-2 - is_rgb :][:2] for level in series.levels] == [(90, 275), (45, 138)], "levels"
            smaller = series.levels[1].asarray().transpose(order).reshape(-1, 45, 138)
            for full, small in zip(expected.reshape(-1, 90, 275), smaller):
                if expected.dtype.kind == "f":
                    np.testing.assert_allclose(small, halved(full), rtol=1e-6)
                else:
                    assert np.array_equal(small, halved(full)), "smaller copy"
        elif not is_rgb:
            assert file.imagej_metadata["finterval"] == 2.5, "time step"
            assert file.imagej_metadata["spacing"] == 1.5, "spacing"


def main(program):
    rules = schema()
    print("OME schema:", "found" if rules is not None else "not installed, not checked")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "samples", folder], check=True)
        paths = sorted(pathlib.Path(folder).glob("*.tif"))
        failed = 0
        for path in paths:
            try:
                check(path, rules)
            except Exception as fault:  # every file is checked
                failed += 1
                print("FAILED", path.name, repr(fault)[:300])
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
