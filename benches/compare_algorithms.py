"""Times the classical algorithms against OpenCV, SciPy, scikit-image, cc3d and Pillow, all with
two threads.

    pip install opencv-contrib-python-headless scipy scikit-image connected-components-3d pillow
    cargo build --release -p coverslip-image --example algorithm_speed
    python benches/compare_algorithms.py target/release/examples/algorithm_speed [CASE ...]

Without cases all are run; `blur` names every case that starts so. The two take turns, and the
best time of each counts; ratios above 1 mean that coverslip is faster. `cpu` is the time of all
threads together, which other programs on the machine disturb less. Where both compute the same
numbers, their sums are compared.
"""

import os

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(THREADS)
# As the program sets it, which keeps freed memory for a while.
os.environ["MIMALLOC_PURGE_DELAY"] = "1000"

import pathlib
import subprocess
import sys
import tempfile
import time

import cc3d
import cv2
import numpy as np
import PIL.Image
import scipy.ndimage
import skimage.exposure
import skimage.morphology
import skimage.segmentation

ROUNDS, REPEATS = 3, 3
cv2.setNumThreads(THREADS)


def camera(side, kind, seed=0):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    nuclei = smooth_noise((side, side), 6, seed) > 1
    signal = 60 + 40 * np.sin(3 * x + seed) * np.cos(2 * y) + 80 * nuclei
    noisy = np.clip(signal + random.normal(0, 6, signal.shape), 0, 255)
    return (noisy * 150 if kind == np.uint16 else noisy).astype(kind)


def smooth_noise(shape, sigma, seed=0):
    noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
    smooth = scipy.ndimage.gaussian_filter(noise, sigma)
    return smooth / smooth.std()


def balls(side, count, radius, seed=0):
    mask = np.zeros((side,) * 3, np.uint8)
    grid = np.mgrid[-radius:radius + 1, -radius:radius + 1, -radius:radius + 1]
    random = np.random.default_rng(seed)
    for corner in random.integers(0, side - 2 * radius - 1, (count, 3)):
        limit = random.uniform(0.3, 1) * radius**2
        box = tuple(slice(start, start + 2 * radius + 1) for start in corner)
        mask[box] |= ((grid**2).sum(0) <= limit).astype(np.uint8)
    return mask


def mask(side):
    return (smooth_noise((side, side), 4) > 0.4).astype(np.uint8)


def landscape():
    return -cv2.distanceTransform(mask(2048), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def markers():
    peaks = scipy.ndimage.minimum_filter(landscape(), 9) == landscape()
    return scipy.ndimage.label(peaks & (mask(2048) > 0))[0].astype(np.uint32)


INPUTS = {
    "camera8": lambda: camera(4096, np.uint8),
    "camera16": lambda: camera(4096, np.uint16),
    "camera32": lambda: camera(4096, np.float32),
    "other16": lambda: camera(4096, np.uint16, 1),
    "mask2048": lambda: mask(2048),
    "mask4096": lambda: mask(4096),
    "landscape2048": landscape,
    "markers2048": markers,
    "blobs512": lambda: (smooth_noise((512,) * 3, 2) > 0.84).astype(np.uint8),
    "balls512": lambda: balls(512, 1500, 14),
    "balls256": lambda: balls(256, 500, 12),
}


def blur(size):
    return lambda image: cv2.GaussianBlur(image, (size, size), 0)


def morphology(operation, shape, size):
    element = cv2.getStructuringElement(shape, (size, size))
    return lambda image: cv2.morphologyEx(image, operation, element)


def adaptive(block):
    kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY
    return lambda image: cv2.adaptiveThreshold(image, 255, *kind, block, 7)


def otsu(image):
    return cv2.threshold(image, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]


def components(volume):
    return cc3d.connected_components(volume, connectivity=26, out_dtype=np.uint32, return_N=True)[1]


def distance2d(image):
    return cv2.distanceTransform(image, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def thin(image):
    return cv2.ximgproc.thinning(image, thinningType=cv2.ximgproc.THINNING_ZHANGSUEN)


def contours(image):
    return cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)[0]


def resized(filter):
    return lambda image: cv2.resize(image, (1500, 1500) if filter == cv2.INTER_AREA else (3000, 3000), interpolation=filter)


def pillow(image):
    return PIL.Image.fromarray(image).resize((1500, 1500), PIL.Image.Resampling.BICUBIC)


def watershed(landscape, markers, mask):
    return skimage.segmentation.watershed(landscape, markers.view(np.int32), mask=mask > 0)


def small(volume):
    return skimage.morphology.remove_small_objects(volume > 0, max_size=1999)


RECT, ELLIPSE = cv2.MORPH_RECT, cv2.MORPH_ELLIPSE

# Name: inputs, what the peer does with them, the peer, and whether the sums agree.
CASES = {
    "components_blobs512": (["blobs512"], components, "cc3d", True),
    "components_balls512": (["balls512"], components, "cc3d", True),
    "components_2d": (["mask4096"], lambda image: cv2.connectedComponents(image)[0] - 1, "OpenCV", True),
    "largest": (["balls256"], lambda volume: cc3d.largest_k(volume, k=5, connectivity=26), "cc3d", True),
    "small": (["balls256"], small, "skimage", True),
    "holes": (["mask4096"], scipy.ndimage.binary_fill_holes, "scipy", True),
    "thinning": (["mask2048"], thin, "OpenCV", False),
    **{
        f"blur_{kind}_{size}": ([image], blur(size), "OpenCV", True)
        for kind, image in [("u8", "camera8"), ("u16", "camera16"), ("f32", "camera32")]
        for size in (5, 11, 31)
    },
    **{
        f"dilate_{name}_{size}": (["camera8"], morphology(cv2.MORPH_DILATE, shape, size), "OpenCV", True)
        for name, shape, size in [("rect", RECT, 3), ("rect", RECT, 7), ("rect", RECT, 21), ("ellipse", ELLIPSE, 7), ("ellipse", ELLIPSE, 21)]
    },
    "gradient_rect_7": (["camera8"], morphology(cv2.MORPH_GRADIENT, RECT, 7), "OpenCV", True),
    "gradient_ellipse_7": (["camera8"], morphology(cv2.MORPH_GRADIENT, ELLIPSE, 7), "OpenCV", True),
    "distance_2d": (["mask4096"], distance2d, "OpenCV", True),
    "distance_3d": (["balls256"], scipy.ndimage.distance_transform_edt, "scipy", True),
    "adaptive_11": (["camera8"], adaptive(11), "OpenCV", True),
    "adaptive_51": (["camera8"], adaptive(51), "OpenCV", True),
    "canny": (["camera8"], lambda image: cv2.Canny(image, 50, 100), "OpenCV", True),
    "otsu_u8": (["camera8"], otsu, "OpenCV", True),
    "otsu_u16": (["camera16"], otsu, "OpenCV", False),
    "watershed": (["landscape2048", "markers2048", "mask2048"], watershed, "skimage", False),
    "histogram": (["camera16", "other16"], skimage.exposure.match_histograms, "skimage", True),
    "resize_torch": (["camera32"], resized(cv2.INTER_LINEAR), "OpenCV", True),
    "resize_pillow": (["camera8"], pillow, "Pillow", True),
    "resize_area": (["camera8"], resized(cv2.INTER_AREA), "OpenCV", True),
    "contours": (["mask4096"], contours, "OpenCV", True),
}


def ours(program, case, folder):
    command = [program, case, str(folder), str(REPEATS)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [tuple(map(float, line.split())) for line in lines[:-1]], float(lines[-1])


def theirs(run, images):
    found, times = run(*images), []
    for _ in range(REPEATS):
        del found
        start, start_cpu = time.perf_counter(), time.process_time()
        found = run(*images)
        times.append((time.perf_counter() - start, time.process_time() - start_cpu))
    if isinstance(found, int):
        return times, found
    return times, len(found) if isinstance(found, tuple) else np.asarray(found).sum(dtype=np.float64)


def best(times):
    return tuple(1000 * min(column) for column in zip(*times))


def compare(program, case, folder):
    names, run, peer, is_equal = CASES[case]
    for name in names:
        file = folder / name
        if not file.exists():
            INPUTS[name]().tofile(file)
    kinds = {"8": np.uint8, "16": np.uint16, "32": np.float32}
    images = []
    for name in names:
        kind = {"landscape2048": np.float32, "markers2048": np.uint32}.get(name)
        kind = kind or kinds.get(name.removeprefix("camera").removeprefix("other"), np.uint8)
        values = np.fromfile(folder / name, kind)
        rank = 3 if name.endswith(("512", "256")) else 2
        images.append(values.reshape((round(values.size ** (1 / rank)),) * rank))
    own, other = [], []
    for _ in range(ROUNDS):
        times, own_sum = ours(program, case, folder)
        own += times
        times, other_sum = theirs(run, images)
        other += times
    own, other = best(own), best(other)
    line = f"{case:20} {peer:8} {own[0]:8.1f} {other[0]:8.1f} {other[0] / own[0]:6.2f} {own[1]:8.0f} {other[1]:8.0f}"
    same = abs(own_sum - other_sum) <= 1e-4 * abs(other_sum)
    print(line if same or not is_equal else f"{line}  sums differ: {own_sum} and {other_sum}", flush=True)


def main(program, *wanted):
    cases = [case for case in CASES if not wanted or case.startswith(wanted)]
    if not cases:
        sys.exit(f"no such case; there are {', '.join(CASES)}")
    print(f"{'case':20} {'peer':8} {'ours ms':>8} {'peer ms':>8} {'ratio':>6} {'ours cpu':>8} {'peer cpu':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            compare(program, case, pathlib.Path(os.environ.get("INPUTS", folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
