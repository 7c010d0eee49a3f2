//! Objects in other forms: COCO's annotations, channels, key points, nuclei of stacks.

use std::path::Path;

use coverslip_image::{Axes, Image, Pixels, read_image, write_image};
use ndarray::{Array3, ArrayD, Axis};
use serde_json::Value;

use crate::command::Bench;

const SAMPLES: [&str; 2] = ["n000_d256b32a", "n003_1f9e429c"];

/// A folder `masks` of two label images of the samples.
fn bench() -> Bench {
    let bench = Bench::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d/masks");
    std::fs::create_dir(bench.path().join("masks")).unwrap();
    for name in SAMPLES {
        let name = format!("{name}.png");
        std::fs::copy(samples.join(&name), bench.path().join("masks").join(&name)).unwrap();
    }
    bench
}

fn succeed(bench: &Bench, arguments: &[&str]) {
    let outcome = bench.run(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
}

fn labels(bench: &Bench, name: &str) -> Array3<u32> {
    let image = read_image(bench.path().join(name)).unwrap();
    image.to_labels_zyx().unwrap()
}

fn save(bench: &Bench, name: &str, axes: &str, pixels: impl Into<Pixels>) {
    let image = Image::new(pixels, axes.parse::<Axes>().unwrap()).unwrap();
    write_image(bench.path().join(name), &image).unwrap();
}

fn json(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path().join(name)).unwrap()).unwrap()
}

/// Whether two label maps show the same objects under numbers in the same order.
fn assert_same_objects(left: &Array3<u32>, right: &Array3<u32>) {
    let mut pairs: Vec<(u32, u32)> = left.iter().copied().zip(right.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for pair in pairs.windows(2) {
        assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1, "{pair:?}");
    }
    assert_eq!(pairs[0], (0, 0));
}

#[test]
fn labels_become_annotations_and_labels_again() {
    let bench = bench();
    for more in [&[][..], &["--runs"]] {
        let arguments = ["coco", "masks", "all.json", "--category", "nucleus"];
        succeed(&bench, &[&arguments[..], more].concat());
        let annotations = json(&bench, "all.json");
        assert_eq!(annotations["categories"][0]["name"], "nucleus");
        assert_eq!(annotations["images"][1]["file_name"], "n003_1f9e429c.png");
        let first = &annotations["annotations"][0]["segmentation"];
        assert_eq!(first.is_array(), more.is_empty(), "{first}");
        succeed(&bench, &["coco", "all.json", "again"]);
        for name in SAMPLES {
            let before = labels(&bench, &format!("masks/{name}.png"));
            let after = labels(&bench, &format!("again/{name}.tif"));
            assert_eq!(before.dim(), after.dim());
            assert_same_objects(&before, &after);
        }
    }
    // As predictions of themselves they are perfect.
    let arguments = [
        "evaluate",
        "--prediction=again",
        "--target=masks",
        "--task=instance",
    ];
    let outcome = bench.run(&[&arguments[..], &["--json", "-q"]].concat());
    assert_eq!(outcome.json()["pq"], 1.0);
}

#[test]
fn every_form_of_segmentation_is_read() {
    let bench = Bench::new();
    // A square of 2 x 2 in each form, one in the other's corner, and a crowd that has no label.
    bench.write(
        "forms.json",
        r#"{
          "images": [
            {"id": 7, "file_name": "../train/a.jpg", "height": 4, "width": 6},
            {"id": 9, "file_name": "empty.png", "height": 2, "width": 3}
          ],
          "categories": [{"id": 3, "name": "cell"}, {"id": 8, "name": "debris"}],
          "annotations": [
            {"id": 1, "image_id": 7, "category_id": 8, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]},
            {"id": 2, "image_id": 7, "category_id": 3, "segmentation": {"size": [4, 6], "counts": [5, 2, 2, 2, 13]}},
            {"id": 3, "image_id": 7, "category_id": 3, "segmentation": {"size": [4, 6], "counts": ">2202"}},
            {"id": 4, "image_id": 7, "category_id": 3, "iscrowd": 1, "segmentation": {"size": [4, 6], "counts": [0, 24]}}
          ]
        }"#,
    );
    let first_row = |folder: &str, more: &[&str]| {
        succeed(
            &bench,
            &[&["coco", "forms.json", folder][..], more].concat(),
        );
        labels(&bench, &format!("{folder}/a.tif"))
    };
    let last = first_row("last", &[]);
    let first = first_row("first", &["--overlap", "first"]);
    let classes = first_row("classes", &["--classes"]);
    insta::assert_snapshot!(format!("{last}\n{first}\n{classes}"), @"
    [[[1, 1, 0, 0, 0, 0],
      [1, 2, 2, 0, 0, 0],
      [0, 2, 2, 3, 3, 0],
      [0, 0, 0, 3, 3, 0]]]
    [[[1, 1, 0, 0, 0, 0],
      [1, 1, 2, 0, 0, 0],
      [0, 2, 2, 3, 3, 0],
      [0, 0, 0, 3, 3, 0]]]
    [[[2, 2, 0, 0, 0, 0],
      [2, 1, 1, 0, 0, 0],
      [0, 1, 1, 1, 1, 0],
      [0, 0, 0, 1, 1, 0]]]
    ");
    assert_eq!(
        labels(&bench, "last/empty.tif"),
        Array3::<u32>::zeros((1, 2, 3))
    );
}

#[test]
fn annotations_that_cannot_be_used_say_why() {
    let bench = bench();
    let refuse = |content: &str| {
        bench.write("bad.json", content);
        bench.transcript(&["coco", "bad.json", "out"])
    };
    let image = r#"{"id": 1, "file_name": "a.png", "height": 9, "width": 9}"#;
    insta::assert_snapshot!(refuse(r#"{"images": [{"id": 1, "height": 99999999, "width": 99999999}], "annotations": []}"#), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `bad.json` says that image 1 has 99999999 x 99999999 pixels, expected 1 to 268435456

    hint: mend `height` and `width` of the record in `images`
    ");
    insta::assert_snapshot!(refuse(&format!(r#"{{"images": [{image}, {}], "annotations": []}}"#, image.replace('1', "2"))), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the images 1 and 2 of `bad.json` would both be written to `out/a.tif`

    hint: give the images other names in `file_name`
    ");
    insta::assert_snapshot!(refuse(&format!(r#"{{"images": [{image}], "annotations": [{{"image_id": 4, "segmentation": []}}]}}"#)), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `bad.json`: annotation 0 refers to image 4, which is not in `images`

    hint: give COCO's annotations: an object with `images`, `annotations` and `categories`
    ");
    insta::assert_snapshot!(refuse("[]"), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `bad.json` is damaged: invalid type: sequence, expected an object with `images`, `annotations` and `categories` at line 1 column 1

    hint: give COCO's annotations: an object with `images`, `annotations` and `categories`
    ");
    insta::assert_snapshot!(bench.transcript(&["coco", "none.json", "out"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `none.json` could not be read or written: No such file or directory (os error 2)

    hint: check the path and its permissions
    ");
    insta::assert_snapshot!(bench.transcript(&["coco", "masks", "out"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: none of input and output are annotations (.json); the other one has to be label images

    hint: write `coverslip coco annotations.json FOLDER` or `coverslip coco FOLDER annotations.json`
    ");
    assert!(!bench.path().join("out").exists());
    save(
        &bench,
        "stack.tif",
        "zyx",
        ArrayD::<u16>::zeros(vec![2, 4, 4]),
    );
    insta::assert_snapshot!(bench.transcript(&["coco", "stack.tif", "out.json"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `stack.tif` has 2 sections; COCO's images are planes

    hint: take one section with `coverslip convert IN OUT --crop z=0`
    ");
}

#[test]
fn objects_go_on_channels_and_come_back() {
    let bench = bench();
    let nuclei = labels(&bench, "masks/n003_1f9e429c.png");
    let plane = nuclei.index_axis(Axis(0), 0).to_owned().into_dyn();
    save(&bench, "nuclei.tif", "yx", plane);
    succeed(
        &bench,
        &[
            "op",
            "instances_to_layers",
            "nuclei.tif",
            "-o",
            "layers.tif",
        ],
    );
    succeed(
        &bench,
        &["op", "layers_to_instances", "layers.tif", "-o", "again.tif"],
    );
    let layers = read_image(bench.path().join("layers.tif")).unwrap();
    assert_eq!(layers.axes().to_string(), "cyx");
    let again = read_image(bench.path().join("again.tif")).unwrap();
    let again = again.to_czyx_f32().unwrap();
    let joined = again.map_axis(Axis(0), |pixel| {
        let found: Vec<f32> = pixel.iter().copied().filter(|&label| label > 0.0).collect();
        assert!(found.len() <= 1);
        found.first().map_or(0, |&label| label as u32)
    });
    let mut pairs: Vec<(u32, u32)> = nuclei.iter().copied().zip(joined).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let objects = nuclei.iter().copied().max().unwrap();
    // Each object has one number, and each number one object.
    assert_eq!(pairs.len(), objects as usize + 1);
    pairs.sort_unstable_by_key(|pair| pair.1);
    pairs.dedup_by_key(|pair| pair.1);
    assert_eq!(pairs.len(), objects as usize + 1);
    // Stripes side by side need two channels.
    let touching = ArrayD::from_shape_fn(vec![6, 9], |place| place[1] as u8 / 3 + 1);
    save(&bench, "touching.tif", "yx", touching);
    let arguments = [
        "op",
        "instances_to_layers",
        "touching.tif",
        "-o",
        "a.tif",
        "--set",
    ];
    insta::assert_snapshot!(bench.transcript(&[&arguments[..], &["channels=1"]].concat()), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `instances_to_layers` cannot be done: mask 1 fits on none of 1 channels: masks [0, 1] are all too close to each other

    hint: use more channels or a smaller gap, or try more orders
    ");
    succeed(&bench, &[&arguments[..], &["channels=2"]].concat());
}

#[test]
fn key_points_are_stored_and_make_the_image_again() {
    let bench = Bench::new();
    let points = ArrayD::from_shape_fn(vec![40, 60], |place| {
        if (place[0] + place[1] / 3) % 13 == 4 {
            200_u8
        } else {
            10
        }
    });
    save(&bench, "edges.tif", "yx", points.clone());
    save(
        &bench,
        "mask.tif",
        "yx",
        points.mapv(|value| u8::from(value > 50)),
    );
    let kernel = "kernel={gaussian: {size: 9, sigma: 1.5}}";
    for codec in ["context", "rice", "bitmap"] {
        let codec = format!("codec={codec}");
        let arguments = [
            "op",
            "keypoints",
            "edges.tif",
            "-o",
            "edges.cskp",
            "--set",
            "threshold=50",
        ];
        succeed(
            &bench,
            &[&arguments[..], &["--set", &codec, "--set", kernel]].concat(),
        );
        succeed(
            &bench,
            &["op", "reconstruct", "edges.cskp", "-o", "stored.tif"],
        );
        succeed(
            &bench,
            &[
                "op",
                "reconstruct",
                "mask.tif",
                "-o",
                "direct.tif",
                "--set",
                kernel,
            ],
        );
        let [stored, direct] =
            ["stored.tif", "direct.tif"].map(|name| read_image(bench.path().join(name)).unwrap());
        assert_eq!(stored.pixels(), direct.pixels());
    }
    insta::assert_snapshot!(bench.transcript(&["op", "keypoints", "edges.tif", "-o", "edges.cskp", "--set", "threshold=50"]), @"
    exit 0
    ----- stdout
    edges.cskp: 186 key points of 2400 pixels, 82 bytes, 3.53 bits a point
    ----- stderr
    ");
    let mut bytes = std::fs::read(bench.path().join("edges.cskp")).unwrap();
    bytes[30] ^= 1;
    bench.write("damaged.cskp", &bytes);
    insta::assert_snapshot!(bench.transcript(&["op", "reconstruct", "damaged.cskp", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `reconstruct` cannot be done: `damaged.cskp`: the file of key points is damaged: its CRC-32 is a8fe2ff6, expected 954fc32a

    hint: write the file again with `coverslip op keypoints`
    ");
    insta::assert_snapshot!(bench.transcript(&["op", "reconstruct", "none.cskp", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `none.cskp` does not exist

    hint: check the spelling of the path
    ");
}

/// Writes a stack of two bright discs with a dark rim, which drift by a pixel a slice.
fn save_stack(bench: &Bench) {
    let stack = ArrayD::from_shape_fn(vec![3, 160, 240], |place| {
        let (z, y, x) = (place[0] as f64, place[1] as f64, place[2] as f64);
        let far = [(80.0, 70.0), (80.0, 170.0)]
            .map(|(cy, cx)| (y - cy - z).hypot(x - cx - z))
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let is_rim = (30.0..36.0).contains(&far);
        if is_rim { 60_u8 } else { 170 }
    });
    save(bench, "stack.tif", "zyx", stack);
}

#[test]
fn nuclei_are_followed_through_a_stack() {
    let bench = Bench::new();
    save_stack(&bench);
    let find = |operation: &str, output: &str| {
        let options = [
            "extraction.area=[1500, 6000]",
            "extraction.blur.size=5",
            "extraction.gradient_iterations=0",
            "clustering.radius=20",
        ];
        let mut arguments = vec!["op", operation, "stack.tif", "-o", output];
        for option in options {
            arguments.extend(["--set", option]);
        }
        succeed(&bench, &arguments);
    };
    find("nuclei", "nuclei.tif");
    let nuclei = labels(&bench, "nuclei.tif");
    let [left, right] = [nuclei[[0, 80, 70]], nuclei[[0, 80, 170]]];
    assert_eq!(left.min(right)..=left.max(right), 1..=2);
    for z in 0..3 {
        let at = |x: usize| nuclei[[z, 80 + z, x + z]];
        assert_eq!([at(70), at(170), at(120)], [left, right, 0]);
    }
    find("nucleus_table", "nuclei.csv");
    let table = std::fs::read_to_string(bench.path().join("nuclei.csv")).unwrap();
    assert!(
        table.starts_with("nucleus,z,rank,y,x,crop_y,crop_x\n"),
        "{table}"
    );
    for nucleus in [1, 2] {
        for z in 0..3 {
            let start = format!("\n{nucleus},{z},");
            assert!(table.contains(&start), "{table}");
        }
    }
    insta::assert_snapshot!(bench.transcript(&["op", "nuclei", "nuclei.tif", "-o", "a.tif"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `nuclei` cannot be done: the stack is uint16, expected uint8; convert it with `coverslip convert --dtype u8 --range LOW,HIGH`

    hint: convert the image with `coverslip convert --dtype`
    ");
}

#[test]
fn classes_of_crops_get_an_outside() {
    let bench = Bench::new();
    save_stack(&bench);
    let crop = ["op", "crop_about", "stack.tif", "-o", "crop.tif"];
    succeed(
        &bench,
        &[&crop[..], &["--set", "center=[80, 70]", "--set", "size=80"]].concat(),
    );
    let found = read_image(bench.path().join("crop.tif")).unwrap();
    assert_eq!(found.shape(), [3, 80, 80]);
    save(
        &bench,
        "classes.tif",
        "zyx",
        ArrayD::from_elem(vec![3, 80, 80], 2_u8),
    );
    let exterior = ["op", "exterior_class", "classes.tif", "crop.tif"];
    succeed(
        &bench,
        &[&exterior[..], &["-o", "moved.tif", "--set", "limit=100"]].concat(),
    );
    let classes = labels(&bench, "moved.tif");
    // The middle of the disc, and its rim.
    assert_eq!([classes[[0, 40, 40]], classes[[0, 40, 40 + 33]]], [3, 0]);
}

#[test]
fn the_list_of_operations_is_in_whole_sentences() {
    let bench = Bench::new();
    let outcome = bench.run(&["op"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.lines().count() >= 40, "{}", outcome.stdout);
    for line in outcome.stdout.lines() {
        assert!(line.ends_with('.'), "{line}");
    }
}
