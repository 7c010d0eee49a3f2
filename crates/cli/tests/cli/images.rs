//! The commands that turn images into others.

use coverslip_image::{Axes, Image, Pixels, read_image, write_image};
use ndarray::ArrayD;

use crate::command::Bench;

/// Two channels of three sections, each with a bright square that moves.
fn bench() -> Bench {
    let bench = Bench::new();
    let pixels = ArrayD::from_shape_fn(vec![2, 3, 40, 50], |index| {
        let [c, z, y, x] = [0, 1, 2, 3].map(|axis| index[axis]);
        let inside = (10 + z..20 + z).contains(&y) && (12..30).contains(&x);
        let bright = if inside { 900 } else { 0 };
        (bright + 100 * c + y) as u16
    });
    let stack = Image::new(Pixels::U16(pixels), "czyx".parse::<Axes>().unwrap()).unwrap();
    let names = vec!["DAPI".to_owned(), "actin".to_owned()];
    let stack = stack.with_channel_names(names).unwrap();
    write_image(bench.path().join("stack.tif"), &stack).unwrap();
    bench
}

#[test]
fn convert_crops_projects_picks_and_casts() {
    let bench = bench();
    let output = bench.transcript(&[
        "convert",
        "stack.tif",
        "plane.png",
        "--crop=y=5:35",
        "--crop=z=:2",
        "--project=z=max",
        "--channels=1",
        "--dtype=u8",
        "--range=0,1000",
        "--axes=yx",
    ]);
    assert!(output.starts_with("exit 0"), "{output}");
    assert!(output.contains("plane.png: yx [30, 50] uint8"), "{output}");
    // Inside the square.
    assert!(output.contains("became its nearest value"), "{output}");
    let plane = read_image(bench.path().join("plane.png")).unwrap();
    let Pixels::U8(plane) = plane.pixels() else {
        panic!("8 bits were asked for");
    };
    assert_eq!(plane.shape(), [30, 50]);
    // Row 15 of section 0 or 1 is inside: (900 + 100 + 15) of 1000 is beyond the range.
    assert_eq!(plane[[10, 15]], 255);
    assert_eq!(plane[[0, 0]], (105.0f64 * 0.255).round() as u8);
}

#[test]
fn a_conversion_into_zarr_and_back_keeps_pixels_and_channels() {
    let bench = bench();
    for (from, to) in [
        ("stack.tif", "stack.ome.zarr"),
        ("stack.ome.zarr", "again.ome.tif"),
        ("again.ome.tif", "last.tif"),
    ] {
        let output = bench.transcript(&["convert", from, to, "--quiet"]);
        assert!(output.starts_with("exit 0"), "{output}");
    }
    let [first, last] =
        ["stack.tif", "last.tif"].map(|name| read_image(bench.path().join(name)).unwrap());
    assert_eq!(first.pixels(), last.pixels());
    assert_eq!(first.channel_names(), last.channel_names());
    assert_eq!(first.axes(), last.axes());
}

#[test]
fn what_cannot_be_converted_says_why() {
    let bench = bench();
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "stack.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` is input and output

    hint: give the output another name
    ");
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "a.tif", "--crop", "z=2:9"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has 3 positions along z; 2..9 is no part of them

    hint: give a range START:END with START < END <= 3
    ");
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "a.png"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `a.png` is not supported: PNG holds one plane, the image has 3 along z

    hint: write the image as .tif
    ");
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "a.tif", "--channels", "2"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has 2 channels, not the channels [2]

    hint: name channels from 0 to 1
    ");
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "a.tif", "--level", "1"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has 1 resolution level, there is no level 1 (0 is the full resolution)
    ");
    insta::assert_snapshot!(bench.transcript(&["convert", "stack.tif", "a.tif", "--project", "t=max"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has the axes `czyx`: there is nothing to project along t

    hint: project along one of t, c and z that the image has
    ");
    assert!(!bench.path().join("a.tif").exists());
}

#[test]
fn operations_follow_each_other() {
    let bench = bench();
    for arguments in [
        &[
            "op",
            "threshold",
            "stack.tif",
            "--set",
            "method={cutoff: 500}",
            "-o",
            "mask.tif",
        ][..],
        &["op", "components", "mask.tif", "-o", "labels.tif"],
        &["op", "clear_border", "labels.tif", "-o", "kept.tif"],
    ] {
        let output = bench.transcript(arguments);
        assert!(output.starts_with("exit 0"), "{output}");
    }
    let labels = read_image(bench.path().join("labels.tif")).unwrap();
    let Pixels::U16(labels) = labels.pixels() else {
        panic!("few labels have 16 bits");
    };
    assert_eq!(labels.iter().copied().max(), Some(1));
    assert_eq!(
        labels.iter().filter(|&&label| label == 1).count(),
        2 * 3 * 10 * 18
    );
    bench.transcript(&[
        "convert",
        "labels.tif",
        "one.tif",
        "--crop",
        "c=0",
        "--crop",
        "z=0",
    ]);
    insta::assert_snapshot!(bench.transcript(&["op", "regions", "one.tif", "-o", "regions.csv"]), @"
    exit 0
    ----- stdout
    regions.csv: 1 rows
    ----- stderr
    ");
    let table = std::fs::read_to_string(bench.path().join("regions.csv")).unwrap();
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("1,180,14.5,20.5,10,12,20,30,"),
        "{table}"
    );
    insta::assert_snapshot!(bench.transcript(&["outlines", "one.tif", "one.geojson"]), @"
    exit 0
    ----- stdout
    one.geojson: 1 objects
    ----- stderr
    ");
    let outlines = std::fs::read_to_string(bench.path().join("one.geojson")).unwrap();
    let outlines: serde_json::Value = serde_json::from_str(&outlines).unwrap();
    assert_eq!(outlines["features"].as_array().unwrap().len(), 1);
}

#[test]
fn an_operation_that_cannot_be_done_says_why() {
    let bench = bench();
    insta::assert_snapshot!(bench.transcript(&["op", "gausian"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: unknown operation `gausian`

    hint: did you mean `gaussian`? allowed: percentile, standard, min_max, center_z, match_histogram, macenko, autoscale, gaussian_blur, gaussian, threshold, adaptive_threshold, morphology, binary_morphology, canny, canny_integer, thin, boundary, distance, components, largest, remove_small, fill_holes, clear_border, relabel, remove_isolated, watershed, split, layers_to_instances, instances_to_layers, nuclei, nucleus_table, exterior_class, crop_about, resize, degrade, turn, keypoints, reconstruct, regions, contours, peaks
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "thin", "stack.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: there is no place for the result

    hint: name the file with `-o FILE`
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "match_histogram", "stack.tif", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `match_histogram` cannot be done: it works on 2 images, not on 1

    hint: `coverslip op NAME` says which images an operation works on
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "canny_integer", "stack.tif", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `canny_integer` cannot be done: the image is uint16, expected uint8; convert it with `coverslip convert --dtype u8 --range LOW,HIGH`

    hint: convert the image with `coverslip convert --dtype`
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "thin", "stack.tif", "--set", "method", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `--set method` cannot be read: expected KEY=VALUE

    hint: write KEY=VALUE, such as sigma=2; `coverslip op NAME` lists the keys
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "remove_small", "stack.tif", "--set", "pixels=9", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the options of `remove_small` do not fit: unknown field `pixels`, expected one of `min_size`, `connectivity`, `mode`, `labels`

    hint: did you mean `min_size`?
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "watershed", "stack.tif", "stack.tif", "--set", "seeds=0.8", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `watershed` cannot be done: it works on 1 image, not on 2

    hint: `coverslip op NAME` says which images an operation works on
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "watershed", "stack.tif", "stack.tif", "--set", "mask=0.5", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `watershed` cannot be done: mask is 0.5, expected no value without `seeds`: a relief and markers are taken as they are

    hint: change this setting
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "threshold", "stack.tif", "--set", "channel=2", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `threshold` cannot be done: channel is 2, expected below 2, the number of channels of the image

    hint: change this setting
    ");
    insta::assert_snapshot!(bench.transcript(&["outlines", "stack.tif", "a.svg"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has 2 channels; labels need exactly one

    hint: save the labels as a single-channel (grey) image of whole numbers
    ");
}
