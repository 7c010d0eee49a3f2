//! Any image in any layout.

use coverslip_image::format::{Compression, Flavour, WriteOptions, open, read_image};
use coverslip_image::source::Region;
use coverslip_image::{Axis, Pixels};
use ndarray::{ArrayD, Slice};
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use crate::{assert_pixels, pattern, target, write};

/// Samples of one of the ten types, by its number.
fn pixels(kind: usize, shape: &[usize], seed: usize) -> Pixels {
    let mix = |i: usize| (i ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
    match kind {
        0 => pattern(shape, |i| mix(i) as u8).into(),
        1 => pattern(shape, |i| mix(i) as i8).into(),
        2 => pattern(shape, |i| mix(i) as u16).into(),
        3 => pattern(shape, |i| mix(i) as i16).into(),
        4 => pattern(shape, |i| mix(i) as u32).into(),
        5 => pattern(shape, |i| mix(i) as i32).into(),
        6 => pattern(shape, |i| mix(i) as u64).into(),
        7 => pattern(shape, |i| mix(i) as i64).into(),
        8 => pattern(shape, |i| (mix(i) as f32).sqrt()).into(),
        _ => pattern(shape, |i| (mix(i) as f64).sqrt()).into(),
    }
}

fn options() -> impl Strategy<Value = WriteOptions> {
    let compressions = [
        None,
        Some(Compression::None),
        Some(Compression::Deflate),
        Some(Compression::Zstd),
        Some(Compression::Blosc),
    ];
    let flavours = [None, Some(Flavour::OmeZarr04), Some(Flavour::OmeZarr05)];
    let tiles = [None, Some(3), Some(5), Some(64)];
    (
        select(compressions.to_vec()),
        select(flavours.to_vec()),
        select(tiles.to_vec()),
    )
        .prop_map(|(compression, flavour, tile)| WriteOptions {
            compression,
            flavour,
            tile,
            ..WriteOptions::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_image_survives(
        kind in 0usize..10,
        axes in select(vec!["yx", "zyx", "cyx", "tzyx", "czyx", "tczyx"]),
        sides in prop::array::uniform5(1usize..9),
        seed in any::<u32>(),
        options in options(),
    ) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.ome.zarr");
        let shape = &sides[..axes.len()];
        let expected = pixels(kind, shape, seed as usize);
        write(&path, &target(axes, &expected), &expected, &options);
        let back = read_image(&path).unwrap();
        prop_assert_eq!(back.axes().to_string(), axes);
        prop_assert!(back.pixels() == &expected);
    }

    #[test]
    fn any_region_is_a_part_of_the_whole(
        z in 0usize..5, sections in 0usize..4, y in 0usize..20, rows in 0usize..20,
        x in 0usize..30, columns in 0usize..30, options in options(),
    ) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zarr");
        let whole: ArrayD<u16> = pattern(&[9, 40, 60], |i| i as u16);
        let options = WriteOptions { tile: options.tile.map(|tile| tile.max(5)), ..options };
        write(&path, &target("zyx", &whole.clone().into()), &whole.clone().into(), &options);
        let ranges = [z..z + sections, y..y + rows, x..x + columns];
        let region = Region::default()
            .with(Axis::Z, ranges[0].clone())
            .with(Axis::Y, ranges[1].clone())
            .with(Axis::X, ranges[2].clone());
        let part = open(&path).unwrap().read_region(&region).unwrap();
        let expected =
            whole.slice_each_axis(|axis| Slice::from(ranges[axis.axis.index()].clone())).to_owned();
        prop_assert_eq!(part.pixels(), &Pixels::from(expected));
    }
}

#[test]
fn axes_of_any_order_are_written_in_the_canonical_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let values = pattern(&[4, 3, 2, 5], |i| i as u8);
    let pixels = Pixels::from(values.clone());
    write(
        &path,
        &target("xzcy", &pixels),
        &pixels,
        &WriteOptions::default(),
    );
    let back = read_image(&path).unwrap();
    assert_eq!(back.axes().to_string(), "czyx");
    assert_pixels(&back, &values.permuted_axes(vec![2, 1, 3, 0]).into());
}

#[test]
fn large_images_have_shards_and_levels() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.zarr");
    let values = pattern(&[70, 700, 800], |i| (i / 7 % 65_521) as u16);
    let pixels = Pixels::from(values.clone());
    write(
        &path,
        &target("zyx", &pixels),
        &pixels,
        &WriteOptions::default(),
    );
    let source = open(&path).unwrap();
    let info = source.info();
    assert_eq!(
        info.levels,
        [vec![70, 700, 800], vec![35, 350, 400], vec![18, 175, 200]]
    );
    assert_eq!(
        (info.compression.as_str(), &info.block[..]),
        ("zstd", &[70, 128, 128][..])
    );
    let files = std::fs::read_dir(path.join("0/c/0")).unwrap().count();
    assert_eq!(files, 1, "one shard along y");
    assert_pixels(&source.read().unwrap(), &pixels);
    let level = source.level(1).unwrap().read().unwrap();
    let Pixels::U16(level) = level.pixels() else {
        panic!("another type")
    };
    for [z, y, x] in [[0, 0, 0], [34, 349, 399], [10, 3, 77]] {
        let block = values.slice_each_axis(|axis| {
            let start = 2 * [z, y, x][axis.axis.index()];
            Slice::from(start..start + 2)
        });
        let mean = block.iter().map(|&v| f64::from(v)).sum::<f64>() / 8.0;
        assert_eq!(f64::from(level[[z, y, x]]), mean.round_ties_even());
    }
}
