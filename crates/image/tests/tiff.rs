//! TIFF files of all kinds that are written and read, whole and in parts.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use coverslip_image::format::{
    Compression, Flavour, WriteOptions, create, open, read_image, write_image, write_image_with,
};
use coverslip_image::image::PixelType;
use coverslip_image::sink::Target;
use coverslip_image::source::Region;
use coverslip_image::{Axis, Channel, Image, ImageError, Metadata, PixelSize, Pixels};
use ndarray::{Array, ArrayD, IxDyn, Slice};
use proptest::prelude::*;
use tempfile::TempDir;

fn pattern<T: PixelType>(shape: &[usize], sample: impl Fn(usize) -> T) -> Pixels {
    let count = shape.iter().product();
    Array::from_shape_vec(IxDyn(shape), (0..count).map(sample).collect())
        .unwrap()
        .into()
}

/// Samples of every type, by number, that use all bits.
fn pixels(kind: usize, shape: &[usize]) -> Pixels {
    let mixed = |i: usize| {
        (i as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(17)
    };
    match kind {
        0 => pattern(shape, |i| mixed(i) as u8),
        1 => pattern(shape, |i| mixed(i) as i8),
        2 => pattern(shape, |i| mixed(i) as u16),
        3 => pattern(shape, |i| mixed(i) as i16),
        4 => pattern(shape, |i| mixed(i) as u32),
        5 => pattern(shape, |i| mixed(i) as i32),
        6 => pattern(shape, |i| (i as f32).sin() * 1e3),
        7 => pattern(shape, |i| (i as f64).cos() * 1e-3),
        8 => pattern(shape, mixed),
        _ => pattern(shape, |i| mixed(i) as i64),
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/formats")
        .join(name)
}

fn target(image: &Image) -> Target {
    Target {
        axes: image.axes().clone(),
        shape: image.shape().to_vec(),
        dtype: image.dtype(),
        metadata: image.metadata().clone(),
        is_labels: false,
    }
}

/// The part of an array of `u16` in these ranges.
fn part(array: &ArrayD<u16>, ranges: &[std::ops::Range<usize>]) -> ArrayD<u16> {
    array
        .slice_each_axis(|axis| Slice::from(ranges[axis.axis.index()].clone()))
        .to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read(
        kind in 0usize..10,
        lengths in proptest::array::uniform5(1usize..4),
        sides in (1usize..70, 1usize..70),
        compression in 0usize..4,
        is_ome in any::<bool>(),
        pyramid in any::<bool>(),
    ) {
        let [t, c, z, _, _] = lengths;
        let all = [(Axis::T, t), (Axis::C, c), (Axis::Z, z), (Axis::Y, sides.0), (Axis::X, sides.1)];
        // An axis of one position is not told from none.
        let kept: Vec<_> = all
            .into_iter()
            .filter(|(axis, length)| *length > 1 || matches!(axis, Axis::Y | Axis::X))
            .collect();
        let axes: String = kept.iter().map(|(axis, _)| axis.letter()).collect();
        let shape: Vec<usize> = kept.iter().map(|(_, length)| *length).collect();
        let image = Image::new(pixels(kind, &shape), axes.parse().unwrap()).unwrap();
        let is_ome = is_ome && kind < 8;
        let codecs = [Compression::None, Compression::Lzw, Compression::Deflate, Compression::Zstd];
        let options = WriteOptions {
            compression: Some(codecs[if is_ome { compression } else { compression % 3 }]),
            tile: Some(16),
            pyramid: is_ome.then_some(pyramid),
            flavour: Some(if is_ome { Flavour::OmeTiff } else { Flavour::ImagejTiff }),
            ..WriteOptions::default()
        };
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.tif");
        write_image_with(&path, &image, &options).unwrap();
        let back = read_image(&path).unwrap();
        prop_assert_eq!(back.axes(), image.axes());
        prop_assert_eq!(back.pixels(), image.pixels());
    }

    #[test]
    fn a_region_is_the_same_part_of_the_whole(
        y in 0usize..90, x in 0usize..80, rows in 0usize..30, columns in 0usize..30,
        c in 0usize..3, planes in 0usize..2, kind in 0usize..6,
    ) {
        let names = [
            "generated_tiff/u16_lzw_tiled_be_pred2.tif",
            "generated_tiff/u8_jpeg.tif",
            "libtiffpic/flower-rgb-planar-08.tif",
            "image_tiff/minisblack-2c-8b-alpha.tiff",
            "imagej_neubias/xy_float__h2b_bg_corr.tif",
            "generated_tiff/imagej_tyx.tif",
        ];
        let source = open(sample(names[kind])).unwrap();
        let whole = source.read().unwrap();
        let mut region = Region::default();
        let mut ranges = Vec::new();
        for (axis, &length) in source.info().axes.iter().zip(&source.info().shape) {
            let (start, count) = match axis {
                Axis::Y => (y, rows),
                Axis::X => (x, columns),
                _ => (c, planes),
            };
            let start = start.min(length);
            let range = start..(start + count).min(length);
            region = region.with(axis, range.clone());
            ranges.push(range);
        }
        let found = source.read_region(&region).unwrap();
        macro_rules! check {
            ($($variant:ident)*) => {
                match (whole.pixels(), found.pixels()) {
                    $((Pixels::$variant(whole), Pixels::$variant(found)) => {
                        let part = whole.slice_each_axis(|axis| {
                            Slice::from(ranges[axis.axis.index()].clone())
                        });
                        prop_assert_eq!(part, found);
                    })*
                    _ => prop_assert!(false, "the type changed"),
                }
            };
        }
        check!(U8 U16 F32);
    }
}

#[test]
fn blocks_come_in_any_order_from_several_threads() {
    let folder = TempDir::new().unwrap();
    for (name, sizes) in [
        ("a.ome.tif", [70, 50]),
        ("b.ome.tif", [48, 48]),
        ("a.tif", [33, 41]),
    ] {
        let path = folder.path().join(name);
        let Pixels::U16(values) = pixels(2, &[3, 2, 150, 130]) else {
            unreachable!("kind 2 is uint16")
        };
        let image = Image::new(values.clone(), "zcyx".parse().unwrap()).unwrap();
        let options = WriteOptions {
            tile: Some(48),
            ..WriteOptions::default()
        };
        let sink = create(&path, target(&image), &options).unwrap();
        let mut origins = Vec::new();
        for z in 0..3 {
            for y in (0..150).step_by(sizes[0]) {
                for x in (0..130).step_by(sizes[1]) {
                    origins.push([z, 0, y, x]);
                }
            }
        }
        // A fixed shuffle.
        origins.sort_by_key(|[z, _, y, x]| (z * 7919 + y * 104_729 + x * 1_299_709) % 1009);
        std::thread::scope(|scope| {
            for origins in origins.chunks(origins.len().div_ceil(3)) {
                let (sink, values) = (&sink, &values);
                scope.spawn(move || {
                    for origin in origins {
                        let [z, _, y, x] = *origin;
                        let ranges = [
                            z..z + 1,
                            0..2,
                            y..(y + sizes[0]).min(150),
                            x..(x + sizes[1]).min(130),
                        ];
                        sink.write(origin, &part(values, &ranges).into()).unwrap();
                    }
                });
            }
        });
        assert!(!path.exists());
        sink.finish().unwrap();
        let back = read_image(&path).unwrap();
        let expected = values.permuted_axes(vec![1, 0, 2, 3]);
        assert_eq!(back.pixels(), &Pixels::from(expected), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_dropped_sink_leaves_nothing_and_a_wrong_block_is_refused() {
    let folder = TempDir::new().unwrap();
    let image = Image::new(pixels(0, &[40, 30]), "yx".parse().unwrap()).unwrap();
    let path = folder.path().join("a.ome.tif");
    let sink = create(&path, target(&image), &WriteOptions::default()).unwrap();
    sink.write(&[0, 0], &pixels(0, &[10, 30])).unwrap();
    for (origin, block) in [
        (vec![35, 0], pixels(0, &[10, 30])),
        (vec![0, 0], pixels(2, &[10, 30])),
        (vec![0], pixels(0, &[10])),
        (vec![usize::MAX, 0], pixels(0, &[10, 30])),
    ] {
        let error = sink.write(&origin, &block).unwrap_err();
        assert!(matches!(error, ImageError::Misuse { .. }), "{error}");
    }
    drop(sink);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // What never came is zero.
    let sink = create(&path, target(&image), &WriteOptions::default()).unwrap();
    sink.write(&[0, 0], &pattern(&[10, 30], |_| 7u8)).unwrap();
    sink.finish().unwrap();
    let expected = pattern(&[40, 30], |i| if i < 300 { 7u8 } else { 0 });
    assert_eq!(read_image(&path).unwrap().pixels(), &expected);
}

#[test]
fn smaller_copies_are_means_and_of_labels_pixels() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.tif");
    let image = Image::new(
        pattern(&[2, 700, 530], |i| (i % 530 / 2 * 2) as u16),
        "zyx".parse().unwrap(),
    )
    .unwrap()
    .with_pixel_size(PixelSize {
        z: None,
        y: Some(0.5),
        x: Some(0.25),
    });
    for is_labels in [false, true] {
        let mut target = target(&image);
        target.is_labels = is_labels;
        let options = WriteOptions {
            pyramid: Some(true),
            tile: Some(64),
            ..WriteOptions::default()
        };
        let sink = create(&path, target, &options).unwrap();
        sink.write(&[0; 3], image.pixels()).unwrap();
        sink.finish().unwrap();
        let source = open(&path).unwrap();
        let levels = [vec![2, 700, 530], vec![2, 350, 265], vec![2, 175, 133]];
        assert_eq!(source.info().levels, levels);
        let half = source.level(1).unwrap();
        assert_eq!(half.info().metadata.pixel_size.y, Some(1.0));
        let expected = pattern(&levels[1], |i| (i % 265 * 2) as u16);
        assert_eq!(half.read().unwrap().pixels(), &expected);
        let quarter = source.level(2).unwrap().read().unwrap();
        // Means of 0 and 2, 4 and 6, ...; the first of them for labels.
        let expected = |column: usize| match (is_labels, column) {
            (true, _) | (_, 132) => 4 * column,
            _ => 4 * column + 1,
        };
        let expected = pattern(&levels[2], |i| expected(i % 133) as u16);
        assert_eq!(quarter.pixels(), &expected);
        assert!(matches!(source.level(3), Err(ImageError::Misuse { .. })));
    }
}

fn channel(name: &str, color: [u8; 3]) -> Channel {
    Channel {
        color: Some(color),
        excitation: Some(405.0),
        emission: Some(461.5),
        ..Channel::named(name)
    }
}

#[test]
fn metadata_survive_in_both_layouts() {
    let folder = TempDir::new().unwrap();
    let metadata = Metadata {
        name: Some("cells & <more>".to_owned()),
        pixel_size: PixelSize {
            z: Some(1.5),
            y: Some(0.25),
            x: Some(0.125),
        },
        time_step: Some(2.5),
        numerical_aperture: Some(1.4),
        channels: vec![
            channel("DAPI", [0, 0, 255]),
            channel("α \"b\"\n<c>", [255, 128, 0]),
        ],
    };
    let image = Image::new(pixels(2, &[2, 2, 2, 20, 30]), "tczyx".parse().unwrap())
        .unwrap()
        .with_metadata(metadata.clone())
        .unwrap();
    write_image(folder.path().join("a.ome.tif"), &image).unwrap();
    let back = read_image(folder.path().join("a.ome.tif")).unwrap();
    assert_eq!(back.metadata(), &metadata);
    assert_eq!(back.pixels(), image.pixels());

    let mut known = metadata.clone();
    (known.name, known.numerical_aperture) = (None, None);
    for (index, channel) in known.channels.iter_mut().enumerate() {
        (channel.excitation, channel.emission) = (None, None);
        channel.window = Some([index as f64, 4095.5]);
    }
    let image = image.with_metadata(known.clone()).unwrap();
    write_image(folder.path().join("a.tif"), &image).unwrap();
    let back = read_image(folder.path().join("a.tif")).unwrap();
    assert_eq!(back.metadata(), &known);
}

#[test]
fn what_a_layout_cannot_hold_is_refused() {
    let folder = TempDir::new().unwrap();
    let refuse = |name: &str, kind: usize, options: WriteOptions| {
        let image = Image::new(pixels(kind, &[4, 5]), "yx".parse().unwrap()).unwrap();
        let error = write_image_with(folder.path().join(name), &image, &options).unwrap_err();
        assert!(matches!(error, ImageError::Unsupported { .. }), "{error}");
        assert!(error.hint().is_some());
    };
    let with = |compression| WriteOptions {
        compression: Some(compression),
        ..WriteOptions::default()
    };
    refuse("a.ome.tif", 9, WriteOptions::default());
    refuse("a.tif", 0, with(Compression::Zstd));
    refuse("a.ome.tif", 0, with(Compression::Blosc));
    let pyramid = WriteOptions {
        pyramid: Some(true),
        ..WriteOptions::default()
    };
    refuse("a.tif", 0, pyramid);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_same_image_gives_the_same_file() {
    let folder = TempDir::new().unwrap();
    let image = Image::new(pixels(2, &[700, 900]), "yx".parse().unwrap()).unwrap();
    let path = folder.path().join("a.ome.tif");
    write_image(&path, &image).unwrap();
    let first = fs::read(&path).unwrap();
    write_image(&path, &image).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first);
}

#[test]
fn plain_pages_for_imagej_follow_each_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tif");
    let Pixels::U16(values) = pixels(2, &[2, 3, 11, 7]) else {
        unreachable!("kind 2 is uint16")
    };
    let image = Image::new(values.clone(), "czyx".parse().unwrap()).unwrap();
    let options = WriteOptions {
        compression: Some(Compression::None),
        tile: Some(4),
        ..WriteOptions::default()
    };
    let sink = create(&path, target(&image), &options).unwrap();
    for y in [8, 0, 4] {
        let ranges = [0..2, 0..3, y..(y + 4).min(11), 0..7];
        sink.write(&[0, 0, y, 0], &part(&values, &ranges).into())
            .unwrap();
    }
    sink.finish().unwrap();
    let plain: Vec<u8> = values
        .permuted_axes(vec![1, 0, 2, 3])
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    assert_eq!(&fs::read(&path).unwrap()[8..8 + plain.len()], plain);
    assert_eq!(read_image(&path).unwrap().pixels(), image.pixels());
}

/// A file as ImageJ writes it beyond 4 GiB: one page, the other planes behind it.
#[test]
fn planes_behind_one_page_are_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tif");
    let description = b"ImageJ=1.53t\nimages=6\nslices=3\nframes=2\nhyperstack=true\n\0";
    let pixels_at = 8 + 2 + 8 * 12 + 4 + description.len() as u32;
    let mut file = b"MM\0*\0\0\0\x08\0\x08".to_vec();
    let mut field = |tag: u16, kind: u16, count: u32, value: u32| {
        file.extend(tag.to_be_bytes());
        file.extend(kind.to_be_bytes());
        file.extend(count.to_be_bytes());
        let value = if kind == 3 { value << 16 } else { value };
        file.extend(value.to_be_bytes());
    };
    field(256, 4, 1, 5);
    field(257, 4, 1, 4);
    field(258, 3, 1, 16);
    field(262, 3, 1, 1);
    field(270, 2, description.len() as u32, 8 + 2 + 8 * 12 + 4);
    field(273, 4, 1, pixels_at);
    field(278, 4, 1, 4);
    field(279, 4, 1, 40);
    file.extend([0; 4]);
    file.extend(description);
    file.extend((0u16..120).flat_map(u16::to_be_bytes));
    fs::write(&path, &file).unwrap();
    let image = read_image(&path).unwrap();
    assert_eq!(image.axes().to_string(), "tzyx");
    assert_eq!(image.pixels(), &pattern(&[2, 3, 4, 5], |i| i as u16));
    fs::write(&path, &file[..file.len() - 50]).unwrap();
    assert!(matches!(
        read_image(&path),
        Err(ImageError::Truncated { .. })
    ));
}

/// Every byte of small files, one at a time, is changed; nothing may panic or take long.
#[test]
fn changed_bytes_are_read_or_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tif");
    for name in [
        "generated_tiff/u8_jpeg.tif",
        "image_tiff/random-fp16-pred3.tiff",
        "image_tiff/issue_69_lzw.tiff",
        "image_tiff/minisblack-2c-8b-alpha.tiff",
        "ome/ome.tiff",
        "vendor/movie.stk",
        "imageio/multipage.tif",
    ] {
        let content = fs::read(sample(name)).unwrap();
        let step = (content.len() / 700).max(1);
        for place in (0..content.len()).step_by(step) {
            let mut changed = content.clone();
            changed[place] ^= [0xff, 0x01, 0x80][place % 3];
            fs::write(&path, &changed).unwrap();
            let start = std::time::Instant::now();
            if let Err(error) = open(&path).and_then(|source| source.read()) {
                let is_typed = !matches!(error, ImageError::Misuse { .. } | ImageError::Io { .. });
                assert!(is_typed || place < 4, "{name}, byte {place}: {error}");
            }
            assert!(start.elapsed().as_secs() < 10, "{name}, byte {place}");
        }
    }
}
