"""The best Gaussian filter as a baseline for restoration: its width is chosen on the training images.

usage: gaussian_baseline.py SOURCE_FOLDER TARGET_FOLDER SPLIT_CSV
needs numpy, scipy and pillow; the split file has the columns file and split (train, val, test)

Prints the mean PSNR over the test images after a least-squares linear fit of the filtered image to
its target, as the score `psnr_fitted` of `coverslip evaluate` does.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter


def read(path):
    return np.array(Image.open(path)).astype(np.float64)


def psnr_fitted(prediction, target, data_range):
    slope, offset = np.polyfit(prediction.ravel(), target.ravel(), 1)
    error = np.mean((slope * prediction + offset - target) ** 2)
    return 10 * np.log10(data_range**2 / error)


source, target, split = (Path(argument) for argument in sys.argv[1:4])
parts = {"train": [], "test": []}
for row in csv.DictReader(open(split)):
    if row["split"] in parts:
        parts[row["split"]].append((read(source / row["file"]), read(target / row["file"])))


def score(part, sigma):
    return np.mean([psnr_fitted(gaussian_filter(x, sigma), y, 255) for x, y in parts[part]])


sigmas = np.arange(0.0, 4.01, 0.1)
best = max(sigmas, key=lambda sigma: score("train", sigma))
print(f"raw {score('test', 0.0):.2f} dB; best sigma on the training images {best:.1f} px")
print(f"Gaussian filter {score('test', best):.2f} dB on {len(parts['test'])} test images")
