"""Times scores of predictions against StarDist and scikit-image, all with two threads.

    pip install stardist scikit-image
    cargo build --release -p coverslip-image --example metric_speed
    python benches/compare_metrics.py target/release/examples/metric_speed [CASE ...]

`precision`: average precision at thresholds 0.5 to 0.95 of 10,000 instances, against
`stardist.matching.matching`, which fills matrices of all pairs of instances: gigabytes, and minutes.
`pairs`: RMSE, PSNR and SSIM of 1000 pairs of images of 256 x 256 pixels, against scikit-image's functions in
a loop. The two take turns and the best time of each counts; ratios above 1 mean that coverslip is
faster. Scores are compared.
"""

import os

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from stardist.matching import matching

THRESHOLDS = tuple(np.round(np.arange(0.5, 0.96, 0.05), 2))
SIDE, COUNT = 256, 1000


def discs():
    """Label maps of 100 x 100 cells: the truth, and a prediction that is shifted and misses some."""
    random = np.random.default_rng(0)
    offsets = np.mgrid[-18:19, -18:19]
    truth, prediction = np.zeros((2, 4096, 4096), np.uint32)
    for label in range(10_000):
        centre = np.array(divmod(label, 100)) * 40 + 40
        radius = random.uniform(8, 15)
        paint(truth, centre, offsets, radius, label + 1)
        if random.random() < 0.95:
            moved = centre + random.integers(-3, 4, 2)
            paint(prediction, moved, offsets, radius * random.uniform(0.9, 1.1), label + 1)
    return truth, prediction


def paint(labels, centre, offsets, radius, label):
    inside = (offsets**2).sum(0) <= radius**2
    y, x = centre[:, None] + offsets[:, inside]
    labels[y, x] = label


def images():
    random = np.random.default_rng(0)
    truth = random.random((COUNT, SIDE, SIDE), np.float32)
    noise = random.normal(0, 0.1, truth.shape).astype(np.float32)
    return truth, np.clip(truth + noise, 0, 1)


def precision(truth, prediction):
    return [score.accuracy for score in matching(truth, prediction, THRESHOLDS)]


def pairs(truth, prediction):
    return [pair(*images) for images in zip(truth, prediction)]


def pair(truth, prediction):
    rmse = mean_squared_error(truth, prediction) ** 0.5
    psnr = peak_signal_noise_ratio(truth, prediction, data_range=1)
    return rmse, psnr, structural_similarity(truth, prediction, data_range=1)


# Name: inputs, the peer, further arguments, rounds, and how far scores may be apart.
CASES = {
    "precision": (discs, precision, "StarDist", [], 1, 0),
    "pairs": (images, pairs, "skimage", [str(SIDE)], 3, 1e-6),
}


def ours(program, case, files, arguments):
    command = [program, case, *files, *arguments, "3"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    times, scores = output.split("\n\n")
    return min(map(float, times.split())), np.array(scores.split(), float)


def compare(program, case, folder):
    make, score, peer, arguments, rounds, tolerance = CASES[case]
    inputs = make()
    files = [str(folder / f"{case}_{role}") for role in ("truth", "prediction")]
    for array, file in zip(inputs, files):
        array.tofile(file)
    score(*(array[..., :128, :128][:2] for array in inputs))  # compiles what is compiled on first use
    own, other = [], []
    for _ in range(rounds):
        seconds, own_scores = ours(program, case, files, arguments)
        own.append(seconds)
        start = time.perf_counter()
        other_scores = np.ravel(score(*inputs))
        other.append(time.perf_counter() - start)
    own, other = min(own), min(other)
    apart = np.abs(own_scores - other_scores).max()
    verdict = "" if apart <= tolerance else "  more than allowed"
    print(f"{case:10} {peer:8} {own * 1000:10.1f} {other * 1000:10.1f} {other / own:8.1f} {apart:8.1e}{verdict}", flush=True)


def main(program, *wanted):
    print(f"{'case':10} {'peer':8} {'ours ms':>10} {'peer ms':>10} {'ratio':>8} {'apart':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for case in wanted or CASES:
            compare(program, case, pathlib.Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
