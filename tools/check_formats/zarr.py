"""Checks the Zarr format against zarr-python and ome-zarr-models.

    pip install "zarr>=3" ome-zarr-models
    zarr.py check FOLDER      every `*.zarr` below FOLDER is valid OME-Zarr and holds the pixels of
                              the raw file beside it: `a.zarr` and `a.raw` (C order, little-endian)
    zarr.py samples FILE.zip  writes the arrays that `tests/zarr/codecs.rs` reads
"""

import os
import shutil
import sys
import tempfile
import warnings

# The name of this file must not hide the library.
sys.path = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(os.path.abspath(__file__))]

import numpy as np
import zarr
from numcodecs import BZ2, LZ4, Blosc, GZip, Zlib, Zstd
from zarr import codecs as v3

warnings.filterwarnings("ignore")
SHAPE, CHUNKS = (7, 20, 21), (2, 12, 16)
TYPES = ["bool", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


def values(dtype):
    number = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    number = (number // 3 + number % 7) % (2 if dtype == "bool" else 251)
    number[6] = 0
    if dtype in ("i1",):
        number = number.astype("u1").view("i1")
    return number


def sample(folder, name, dtype, **settings):
    data = values(dtype).astype(dtype)
    array = zarr.create_array(
        os.path.join(folder, name), shape=SHAPE, chunks=settings.pop("chunks", CHUNKS),
        dtype=data.dtype if settings.get("zarr_format") == 3 else settings.pop("stored", data.dtype),
        fill_value=0, overwrite=True, **settings)
    array[:6] = data[:6]
    return name


def samples(target):
    with tempfile.TemporaryDirectory() as folder:
        names = []
        add = lambda name, dtype="u2", **settings: names.append(sample(folder, name, dtype, **settings))
        for dtype in TYPES:
            if dtype == "i1":
                continue
            add(f"v2_{dtype}", dtype, zarr_format=2, compressors=Zstd(1))
            add(f"v3_{dtype}", dtype, zarr_format=3, compressors=v3.ZstdCodec(level=1))
        for size in ("u2", "f8"):
            for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
                for shuffle in (0, 1, 2):
                    add(f"v2_blosc_{name}_{shuffle}_{size}", size, zarr_format=2, chunks=SHAPE,
                        compressors=Blosc(name, 5, shuffle, blocksize=2048))
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            add(f"v3_blosc_{shuffle}", zarr_format=3,
                compressors=v3.BloscCodec(cname="zstd", shuffle=shuffle, typesize=2))
        for name, codec in (("gzip", GZip(5)), ("zlib", Zlib(5)), ("bz2", BZ2(5)), ("lz4", LZ4())):
            add(f"v2_{name}", zarr_format=2, compressors=codec)
        add("v2_none", zarr_format=2, compressors=None)
        add("v2_fortran", zarr_format=2, compressors=Zstd(1), order="F")
        add("v2_big", zarr_format=2, compressors=Zstd(1), stored=">u2")
        add("v2_nested", zarr_format=2, compressors=Zstd(1),
            chunk_key_encoding={"name": "v2", "separator": "/"})
        add("v3_big", zarr_format=3, serializer=v3.BytesCodec(endian="big"), compressors=None)
        add("v3_gzip", zarr_format=3, compressors=v3.GzipCodec())
        add("v3_checksum", zarr_format=3, compressors=[v3.ZstdCodec(), v3.Crc32cCodec()])
        add("v3_transposed", zarr_format=3, filters=v3.TransposeCodec(order=(1, 2, 0)))
        add("v3_dots", zarr_format=3, chunk_key_encoding={"name": "default", "separator": "."})
        add("v3_flat", zarr_format=3, chunk_key_encoding={"name": "v2", "separator": "."})
        for place in ("start", "end"):
            codec = v3.ShardingCodec(chunk_shape=CHUNKS, codecs=[v3.BytesCodec(), v3.ZstdCodec()],
                                     index_location=place)
            add(f"v3_shards_{place}", zarr_format=3, chunks=(4, 24, 32), serializer=codec,
                compressors=None)
        add("v3_shards_transposed", zarr_format=3, chunks=(4, 24, 32), compressors=None,
            serializer=v3.ShardingCodec(chunk_shape=CHUNKS, codecs=[
                v3.TransposeCodec(order=(2, 0, 1)), v3.BytesCodec(endian="big"), v3.BloscCodec(typesize=2)]))
        with open(os.path.join(folder, "list.txt"), "w") as file:
            file.write("".join(f"{name}\n" for name in names))
        shutil.make_archive(target.removesuffix(".zip"), "zip", folder)


def check_store(path):
    from ome_zarr_models import open_ome_zarr

    group = zarr.open_group(path, mode="r")
    open_ome_zarr(group)
    ome = group.attrs.get("ome", group.attrs)
    datasets = ome["multiscales"][0]["datasets"]
    arrays = [group[dataset["path"]] for dataset in datasets]
    letters = [axis["name"] for axis in ome["multiscales"][0]["axes"]]
    for array in arrays:
        assert array.ndim == len(letters), path
        if array.metadata.zarr_format == 3:
            assert list(array.metadata.dimension_names) == letters, path
    raw = path.removesuffix(".zarr").removesuffix(".ome") + ".raw"
    if os.path.exists(raw):
        expected = np.fromfile(raw, dtype=arrays[0].dtype).reshape(arrays[0].shape)
        assert np.array_equal(arrays[0][...], expected, equal_nan=expected.dtype.kind == "f"), path
    for large, small in zip(arrays, arrays[1:]):
        check_level(large[...], small[...], "image-label" in ome, path)
    if "labels" in group:
        listed = group["labels"].attrs.get("ome", group["labels"].attrs)["labels"]
        for name in listed:
            check_store(os.path.join(path, "labels", name))


def check_level(large, small, is_labels, path):
    """A level is the block means of the one before, or its first samples for labels."""
    factors = [-(-a // b) for a, b in zip(large.shape, small.shape)]
    if is_labels:
        assert np.array_equal(small, large[tuple(slice(None, None, f) for f in factors)]), path
        return
    sums, counts = large.astype("f8"), np.ones(large.shape)
    for axis, factor in enumerate(factors):
        starts = np.arange(0, large.shape[axis], factor)
        sums, counts = (np.add.reduceat(a, starts, axis) for a in (sums, counts))
    mean = sums / counts
    if large.dtype.kind == "f":
        assert np.allclose(small, mean, rtol=1e-6), path
    elif large.dtype.itemsize < 8:
        assert np.array_equal(small, np.rint(mean).astype(large.dtype)), path


def check(folder):
    count = 0
    for base, folders, _ in os.walk(folder):
        for name in list(folders):
            if name.endswith(".zarr"):
                check_store(os.path.join(base, name))
                folders.remove(name)
                count += 1
    assert count > 0, f"no store in {folder}"
    print(f"{count} stores are valid and hold what was written")


if __name__ == "__main__":
    {"check": check, "samples": samples}[sys.argv[1]](sys.argv[2])
