"""Reads the outlines that the example `outlines` writes with other programs' libraries.

    pip install numpy tifffile roifile geojson shapely rasterio
    cargo build --release -p coverslip-algorithms --example outlines
    python tools/check_formats/outlines.py target/release/examples/outlines

Label maps with holes, parts, touching corners and several sections are written as TIFF. Of each
outline the area must be the number of pixels, the polygon must be valid and wound as RFC 7946 says,
and filling it must give the pixels back.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import geojson
import numpy as np
import roifile
import tifffile
from rasterio.features import rasterize
from shapely.geometry import LinearRing, Polygon, shape
from shapely.ops import unary_union


def label_maps():
    rng = np.random.default_rng(3)
    yield "noise", rng.integers(0, 4, (1, 40, 50)).astype("u2")
    yield "volume", rng.integers(0, 3, (4, 20, 30)).astype("u2")
    y, x = np.mgrid[:256, :300]
    blobs = np.zeros((1, 256, 300), "u2")
    for label in range(1, 120):
        cy, cx, r = rng.uniform(0, 256), rng.uniform(0, 300), rng.uniform(2, 20)
        distance = np.hypot(y - cy, x - cx)
        blobs[0][(distance < r) & (distance > r * rng.uniform(0, 0.6))] = label
    yield "blobs", blobs


def fill(geometry, size):
    return rasterize([(geometry, 1)], out_shape=size, dtype="uint8").astype(bool)


def check_geojson(path, labels):
    found = np.zeros_like(labels)
    features = geojson.loads(path.read_text()).features
    for feature in features:
        assert feature.is_valid, feature.errors()
        geometry = shape(feature.geometry)
        assert geometry.is_valid
        z = feature.geometry["plane"]["z"]
        label = int(feature.properties["name"])
        mask = labels[z] == label
        assert geometry.area == mask.sum() == feature.properties["measurements"]["Area px^2"]
        for part in getattr(geometry, "geoms", [geometry]):
            assert LinearRing(part.exterior).is_ccw
            assert not any(LinearRing(hole).is_ccw for hole in part.interiors)
        found[z][fill(geometry, mask.shape)] = label
    assert (found == labels).all()
    return len(features)


def check_rois(path, labels):
    found = np.zeros_like(labels)
    rois = roifile.roiread(path)
    for roi in rois:
        label = int(roi.name.split("-")[-1])
        z = roi.position - 1 if labels.shape[0] > 1 else 0
        rings = [ring[:-1] if (ring[0] == ring[-1]).all() else ring for ring in rings_of(roi)]
        inside = Polygon()
        for ring in rings:
            inside = inside.symmetric_difference(Polygon(ring).buffer(0))
        assert inside.area == (labels[z] == label).sum()
        found[z][fill(inside, labels.shape[1:])] = label
    assert (found == labels).all()
    return len(rois)


def rings_of(roi):
    coordinates = roi.coordinates(multi=True)
    return coordinates if isinstance(coordinates, list) else [coordinates]


def check_table(path, labels):
    rings = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            key = int(row.get("z") or 0), int(row["id"]), int(row["part"]), int(row["hole"])
            rings.setdefault(key, []).append((int(row["x"]), int(row["y"])))
    found = np.zeros_like(labels)
    for z in range(len(labels)):
        for label in sorted({key[1] for key in rings if key[0] == z}):
            keys = [key for key in rings if key[:2] == (z, label)]
            shapes = [
                Polygon(rings[key], [rings[hole] for hole in keys if hole[2] == key[2] and hole[3]])
                for key in keys
                if key[3] == 0
            ]
            geometry = unary_union(shapes)
            assert geometry.area == (labels[z] == label).sum()
            found[z][fill(geometry, labels.shape[1:])] = label
    assert (found == labels).all()
    return len(rings)


def main(program):
    for name, labels in label_maps():
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            tifffile.imwrite(folder / "labels.tif", labels, photometric="minisblack")
            subprocess.run([program, folder / "labels.tif", folder], check=True)
            features = check_geojson(folder / "outlines.geojson", labels)
            rois = check_rois(folder / "outlines.zip", labels)
            rings = check_table(folder / "outlines.csv", labels)
            lines = (folder / "outlines_cp_outlines.txt").read_text().splitlines()
            assert len(lines) == len(np.unique(labels[0])) - 1
            print(f"{name}: {features} features, {rois} regions, {rings} rings, {len(lines)} lines")


if __name__ == "__main__":
    main(sys.argv[1])
