//! `coverslip evaluate`: scores that reference implementations gave, and what its options change.

use std::path::{Path, PathBuf};

use coverslip_image::{Axes, Image, Pixels, write_image};
use ndarray::ArrayD;
use serde_json::Value;

use crate::command::Bench;

/// A file or folder of the cases.
fn case(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/evaluate");
    folder.join(name).to_str().unwrap().to_owned()
}

/// The result of an evaluation.
fn evaluate(bench: &Bench, prediction: &str, target: &str, task: &str, more: &[&str]) -> Value {
    let paths = ["evaluate", "--prediction", prediction, "--target", target];
    let outcome = bench.run(&[&paths[..], &["--task", task, "--json", "-q"], more].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.json()
}

/// The result of a case that is a folder of predictions and one of targets.
fn scores(name: &str, more: &[&str]) -> Value {
    let [prediction, target] = ["prediction", "target"].map(|side| case(&format!("{name}/{side}")));
    evaluate(&Bench::new(), &prediction, &target, name, more)
}

fn assert_scores(found: &Value, expected: &[(&str, f64)]) {
    for (name, expected) in expected {
        let score = found[name].as_f64().unwrap_or(f64::NAN);
        assert!(
            (score - expected).abs() < 1e-9,
            "{name}: {score}, expected {expected}"
        );
    }
}

#[test]
fn objects_are_scored_as_by_the_references() {
    let expected = [
        ("ap50", 0.352_941_176_470_588_26),
        ("ap70", 0.095_238_095_238_095_23),
        ("ap90", 0.0),
        ("precision", 0.545_454_545_454_545_4),
        ("recall", 0.5),
        ("f1", 0.521_739_130_434_782_6),
        ("mean_matched_iou", 0.632_166_100_008_285_9),
        ("pq", 0.329_825_791_308_670_9),
        ("ap_dsb", 0.101_923_190_328_763_1),
        ("sbd", 0.572_588_748_274_828_5),
        ("aji", 0.427_402_862_985_685_1),
        ("aji_plus", 0.427_402_862_985_685_1),
        ("seg", 0.433_510_486_928_733_56),
    ];
    assert_scores(&scores("instance", &[]), &expected);
}

#[test]
fn classes_are_scored_as_by_the_reference() {
    let bench = Bench::new();
    let output = bench.path().join("report");
    let found = scores("semantic", &["--output", output.to_str().unwrap()]);
    let expected = [
        ("accuracy", 0.9275),
        ("f1_background", 0.908_438_061_041_292_7),
        ("iou_class_1", 0.891_795_481_569_56),
        ("f1_class_2", 0.942_159_383_033_419_1),
        ("f1_class_3", 0.804_054_054_054_054_1),
        ("precision_macro", 0.874_403_474_647_816_6),
        ("recall_macro", 0.935_414_264_977_747_9),
        ("f1_macro", 0.899_363_691_628_357_4),
        ("f1_weighted", 0.929_268_628_621_815_5),
        ("f1_micro", 0.9275),
        ("f1_micro_no_background", 0.930_583_793_203_601_5),
    ];
    assert_scores(&found, &expected);
    let confusion = std::fs::read_to_string(output.join("confusion.csv")).unwrap();
    let rows = ["253,4,4,7", "16,750,18,22", "19,26,733,23", "1,5,0,119"];
    let found: Vec<&str> = (confusion.lines().skip(1))
        .map(|line| line.split_once(',').unwrap().1)
        .collect();
    assert_eq!(found, rows);
    let picture = std::fs::read_to_string(output.join("confusion.svg")).unwrap();
    assert!(
        picture.starts_with("<svg") && picture.contains("750"),
        "{picture}"
    );
}

#[test]
fn intensities_are_scored_as_by_the_reference() {
    let expected = [
        ("psnr", 28.992_273_900_390_806),
        ("rmse", 9.055_792_972_657_688),
        ("mse", 82.007_386_363_636_36),
        ("mae", 7.218_75),
        ("nrmse", 0.035_512_913_618_265_446),
        ("pearson", 0.963_886_535_003_086_7),
        ("data_range", 255.0),
    ];
    assert_scores(&scores("image", &[]), &expected);
    // PSNR is 20 log10(range / rmse).
    let narrow = [
        (
            "psnr",
            28.992_273_900_390_806 + 20.0 * (100.0_f64 / 255.0).log10(),
        ),
        ("rmse", 9.055_792_972_657_688),
        ("data_range", 100.0),
    ];
    assert_scores(&scores("image", &["--data-range", "100"]), &narrow);
}

#[test]
fn features_of_two_formats_are_compared() {
    let bench = Bench::new();
    let [prediction, target] =
        ["prediction.npy", "target.csv"].map(|file| case(&format!("distribution/{file}")));
    let found = evaluate(
        &bench,
        &prediction,
        &target,
        "distribution",
        &["--output", "out"],
    );
    let frechet = found["frechet"].as_f64().unwrap();
    assert!((frechet - 2.861_671_961_515).abs() < 1e-7, "{frechet}");
    assert_scores(
        &found,
        &[
            ("kernel", 0.734_763_380_256_001),
            ("target_samples", 40.0),
            ("predicted_samples", 30.0),
        ],
    );
    let summary = std::fs::read(bench.path().join("out/summary.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&summary).unwrap(), found);
}

#[test]
fn detections_are_scored_as_by_pycocotools() {
    let bench = Bench::new();
    let detections = |name: &str, rules: &str| {
        let [prediction, target] =
            ["prediction", "target"].map(|side| case(&format!("{name}/{side}.json")));
        evaluate(
            &bench,
            &prediction,
            &target,
            "instance",
            &["--detection", rules],
        )
    };
    let all = [
        ("coco_ap", 0.251_808_448_714_086_5),
        ("coco_ap50", 0.616_157_590_991_297_3),
        ("coco_ap75", 0.152_227_722_772_277_22),
        ("coco_ar", 0.416_666_666_666_666_63),
        ("afnr", 0.583_333_333_333_333_4),
    ];
    let found = detections("detection", "coco");
    assert_scores(&found, &all);
    assert_scores(&found, &[("coco_ap_small", 0.251_808_448_714_086_5)]);
    assert!(found["coco_ap_medium"].is_null());
    // Other limits of small and medium.
    let found = detections("detection", "livecell");
    assert_scores(&found, &all);
    assert_scores(
        &found,
        &[
            ("coco_ap_small", 0.192_758_717_263_667_78),
            ("coco_ap_medium", 0.647_689_768_976_897_7),
        ],
    );
    let crowd = [
        ("coco_ap", 0.188_101_608_025_891_24),
        ("coco_ap50", 0.596_536_782_161_188_2),
        ("coco_ap75", 0.058_602_783_355_258_606),
        ("coco_ar", 0.311_111_111_111_111_1),
        ("afnr", 0.688_888_888_888_888_9),
    ];
    assert_scores(&detections("crowd", "coco"), &crowd);
}

#[test]
fn label_maps_are_scored_as_masks() {
    let [prediction, target] =
        ["prediction", "target"].map(|side| case(&format!("instance/{side}")));
    let objects = scores("instance", &[]);
    let masks = evaluate(
        &Bench::new(),
        &prediction,
        &target,
        "semantic",
        &["--foreground"],
    );
    let dice = objects["dice"].as_f64().unwrap();
    assert_scores(&masks, &[("dice", dice), ("iou", dice / (2.0 - dice))]);
    assert!(masks["dice_class_2"].is_null());
}

#[test]
fn two_predictions_are_compared() {
    let bench = Bench::new();
    let [prediction, target] =
        ["prediction", "target"].map(|side| case(&format!("instance/{side}")));
    let more = ["--compare", &target, "--output", "out"];
    let found = evaluate(&bench, &prediction, &target, "instance", &more);
    let difference = &found["differences"]["pq"];
    assert_scores(difference, &[("mean", 0.329_825_791_308_670_9 - 1.0)]);
    let table = std::fs::read_to_string(bench.path().join("out/comparison.csv")).unwrap();
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("score,mean_difference,sd,low,high,images")
    );
    assert!(
        lines.any(|line| line.starts_with("pq,-0.6701742") && line.ends_with(",1")),
        "{table}"
    );
}

#[test]
fn the_simplified_score_leaves_missed_objects_out() {
    let bench = Bench::new();
    // One object of which half is found, and one that is not.
    let save = |name: &str, inside: fn(usize, usize) -> u8| {
        let path: PathBuf = bench.path().join(name);
        std::fs::create_dir(&path).unwrap();
        let pixels = ArrayD::from_shape_fn(vec![40, 40], |place| inside(place[0], place[1]));
        let image = Image::new(Pixels::U8(pixels), "yx".parse::<Axes>().unwrap()).unwrap();
        write_image(path.join("a.tif"), &image).unwrap();
    };
    save("target", |y, x| match (y, x) {
        (10..14, 10..14) => 1,
        (20..24, 20..24) => 2,
        _ => 0,
    });
    save("prediction", |y, x| {
        u8::from((10..14).contains(&y) && (10..12).contains(&x))
    });
    let without = evaluate(&bench, "prediction", "target", "instance", &[]);
    assert!(without["simplified_iou"].is_null());
    let with = evaluate(
        &bench,
        "prediction",
        "target",
        "instance",
        &["--simplified-iou"],
    );
    let found = with["simplified_iou"].as_f64().unwrap();
    // The released denominators are never 0.
    assert!((found - 0.5).abs() < 1e-6, "{found}");
    assert_scores(&with, &[("simplified_objects", 1.0), ("recall", 0.5)]);
}

#[test]
fn targets_without_a_prediction_are_refused_or_left_out() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path().join("target")).unwrap();
    for name in ["a", "b"] {
        let copy = bench.path().join(format!("target/{name}.png"));
        std::fs::copy(case("instance/target/a.png"), copy).unwrap();
    }
    std::fs::create_dir(bench.path().join("prediction")).unwrap();
    let copy = bench.path().join("prediction/a.png");
    std::fs::copy(case("instance/prediction/a.png"), copy).unwrap();
    let arguments = [
        "evaluate",
        "--prediction=prediction",
        "--target=target",
        "--task=instance",
    ];
    insta::assert_snapshot!(bench.transcript(&arguments), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `prediction` has no prediction for b.png

    hint: predict the missing images, or compare only those that have a prediction with `--partial`
    ");
    let found = evaluate(&bench, "prediction", "target", "instance", &["--partial"]);
    assert_scores(&found, &[("images", 1.0), ("pq", 0.329_825_791_308_670_9)]);
}
