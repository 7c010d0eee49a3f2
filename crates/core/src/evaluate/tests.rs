//! Evaluation of small constructed folders.

mod parts;
mod scores;

use std::path::PathBuf;

use coverslip_image::image::PixelType;
use coverslip_image::{Image, write_image};
use ndarray::{Array2, arr2};
use tempfile::TempDir;

use super::*;
use crate::base::error::Fault;

/// Two folders that are deleted in the end.
struct Folders {
    _root: TempDir,
    prediction: PathBuf,
    target: PathBuf,
}

impl Folders {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let [prediction, target] = ["prediction", "target"].map(|name| root.path().join(name));
        std::fs::create_dir(&prediction).unwrap();
        std::fs::create_dir(&target).unwrap();
        Self {
            _root: root,
            prediction,
            target,
        }
    }

    fn add<T: PixelType>(&self, name: &str, prediction: Array2<T>, target: Array2<T>) {
        let axes = "yx".parse().unwrap();
        let prediction = Image::new(prediction, axes).unwrap();
        let target = Image::new(target, "yx".parse().unwrap()).unwrap();
        write_image(self.prediction.join(format!("{name}.tif")), &prediction).unwrap();
        write_image(self.target.join(format!("{name}.tif")), &target).unwrap();
    }

    fn evaluate(&self, options: &EvaluateOptions) -> Result<Evaluation, EvaluateError> {
        evaluate(&self.prediction, &self.target, options)
    }

    /// A message without the folders, which differ in every run.
    fn plain(&self, error: &EvaluateError) -> String {
        let root = self.target.parent().unwrap();
        error
            .to_string()
            .replace(&format!("{}/", root.display()), "")
    }
}

fn score(found: &Evaluation, row: usize, column: &str) -> f64 {
    let index = found
        .columns
        .iter()
        .position(|name| name == column)
        .unwrap();
    found.rows[row].scores[index]
}

fn pooled(found: &Evaluation, name: &str) -> f64 {
    found
        .pooled
        .iter()
        .find(|(other, _)| other == name)
        .unwrap()
        .1
}

#[test]
fn class_maps_are_scored_by_class_and_as_masks() {
    let folders = Folders::new();
    folders.add("a", arr2(&[[0_u8, 1, 1, 2]]), arr2(&[[0_u8, 1, 2, 2]]));
    folders.add("b", arr2(&[[0_u8, 0, 0, 0]]), arr2(&[[0_u8, 0, 0, 1]]));
    let mut options = EvaluateOptions::new(TargetKind::Semantic);
    options.classes = Some(
        ["Background", "Inside", "Cell border"]
            .map(str::to_owned)
            .to_vec(),
    );
    let found = folders.evaluate(&options).unwrap();
    assert_eq!(
        (score(&found, 0, "dice"), score(&found, 1, "dice")),
        (1.0, 0.0)
    );
    assert_eq!(score(&found, 0, "dice_inside"), 2.0 / 3.0);
    assert_eq!(score(&found, 0, "recall_cell_border"), 0.5);
    assert_eq!(score(&found, 1, "dice_cell_border"), 1.0);
    assert_eq!(score(&found, 1, "precision_background"), 0.75);
    assert_eq!(found.summary_of("dice").unwrap().mean, 0.5);
    assert_eq!(pooled(&found, "dice_pooled"), 6.0 / 7.0);
    assert_eq!(pooled(&found, "accuracy_pooled"), 6.0 / 8.0);
    assert_eq!(pooled(&found, "f1_micro_pooled"), 6.0 / 8.0);
}

#[test]
fn instance_maps_are_classes_only_when_asked() {
    let folders = Folders::new();
    folders.add(
        "a",
        arr2(&[[0_u16, 1, 1, 900]]),
        arr2(&[[0_u16, 0, 300, 301]]),
    );
    let mut options = EvaluateOptions::new(TargetKind::Semantic);
    let error = folders.evaluate(&options).unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction/a.tif` has label 900, too many for a map of classes"
    );
    assert!(error.hint().unwrap().contains("`--foreground`"));
    options.foreground = true;
    let found = folders.evaluate(&options).unwrap();
    assert_eq!(score(&found, 0, "dice"), 0.8);
    assert_eq!(score(&found, 0, "iou_foreground"), 2.0 / 3.0);
}

#[test]
fn instances_are_averaged_over_images_and_pooled() {
    let folders = Folders::new();
    // One of one found; one of three found with one too many; nothing to find.
    folders.add(
        "a",
        arr2(&[[1_u8, 1, 0, 0, 0, 0]]),
        arr2(&[[5_u8, 5, 0, 0, 0, 0]]),
    );
    folders.add(
        "b",
        arr2(&[[1_u8, 0, 0, 0, 2, 0]]),
        arr2(&[[1_u8, 0, 2, 0, 0, 3]]),
    );
    folders.add("c", Array2::zeros((1, 6)), Array2::<u8>::zeros((1, 6)));
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Instance))
        .unwrap();
    assert_eq!(
        [0, 1, 2].map(|row| score(&found, row, "ap50")),
        [1.0, 0.25, 1.0]
    );
    assert_eq!(score(&found, 1, "f1"), 0.4);
    assert_eq!(
        [0, 1, 2].map(|row| score(&found, row, "pq")),
        [1.0, 0.4, 1.0]
    );
    assert_eq!(score(&found, 1, "target_objects"), 3.0);
    assert_eq!(pooled(&found, "ap50_pooled"), 0.4);
    assert_eq!(pooled(&found, "pq_pooled"), 2.0 / 3.5);
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.starts_with("1 images have no object"))
    );
    assert_eq!(
        found
            .figures()
            .iter()
            .find(|(name, _)| name == "ap50")
            .unwrap()
            .1,
        0.75
    );
}

#[test]
fn intensities_use_the_range_of_the_type_or_of_the_target() {
    let folders = Folders::new();
    let target = Array2::from_shape_fn((8, 9), |(y, x)| (y * 9 + x) as u8);
    folders.add("a", target.mapv(|value| value + 10), target.clone());
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap();
    assert_eq!(score(&found, 0, "rmse"), 10.0);
    assert!((score(&found, 0, "psnr") - 20.0 * 25.5_f64.log10()).abs() < 1e-9);
    assert!(score(&found, 0, "psnr_fitted") > 100.0);
    assert!(score(&found, 0, "ssim") > 0.5 && score(&found, 0, "pearson") > 0.999);
    assert_eq!(found.notes[0], "the data range is the full range of uint8");

    let floats = Folders::new();
    floats.add(
        "a",
        target.mapv(f32::from),
        target.mapv(|value| f32::from(value) + 1.0),
    );
    let found = floats
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap();
    assert_eq!(score(&found, 0, "data_range"), 71.0);
    let mut options = EvaluateOptions::new(TargetKind::Image);
    options.data_range = Some(100.0);
    assert_eq!(
        floats
            .evaluate(&options)
            .unwrap()
            .summary_of("psnr")
            .unwrap()
            .mean,
        40.0
    );
}

#[test]
fn equal_constant_and_tiny_images_have_rows() {
    let folders = Folders::new();
    folders.add(
        "constant",
        Array2::from_elem((9, 9), 2.0_f32),
        Array2::from_elem((9, 9), 1.0),
    );
    folders.add("tiny", arr2(&[[0.0_f32, 1.0]]), arr2(&[[0.0_f32, 1.0]]));
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap();
    assert!(score(&found, 0, "psnr").is_nan());
    assert_eq!(score(&found, 0, "rmse"), 1.0);
    assert!(score(&found, 1, "psnr").is_infinite() && score(&found, 1, "ssim").is_nan());
    assert_eq!(found.summary_of("psnr").unwrap().images, 0);
}

#[test]
fn faults_name_the_files_and_the_remedy() {
    let folders = Folders::new();
    let error = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap_err();
    assert_eq!(folders.plain(&error), "`prediction` holds no image file");
    folders.add(
        "a",
        Array2::from_elem((2, 3), 1.0_f32),
        Array2::from_elem((2, 4), 1.0_f32),
    );
    let error = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction/a.tif` is 2 x 3 pixels but its target `target/a.tif` is 2 x 4 pixels"
    );
    folders.add(
        "a",
        Array2::from_elem((2, 2), f32::NAN),
        Array2::from_elem((2, 2), 1.0_f32),
    );
    let error = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction/a.tif` has 4 values that are NaN or infinite"
    );
    folders.add("b", Array2::<u8>::zeros((2, 2)), Array2::zeros((2, 2)));
    std::fs::remove_file(folders.prediction.join("b.tif")).unwrap();
    let error = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction` has no prediction for b.tif"
    );
    assert!(error.hint().unwrap().contains("`--partial`"));
    std::fs::rename(
        folders.target.join("b.tif"),
        folders.prediction.join("b.tif"),
    )
    .unwrap();
    let error = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap_err();
    assert_eq!(folders.plain(&error), "`target` has no target for b.tif");
    let missing = evaluate(
        &folders.prediction.join("x"),
        &folders.target,
        &EvaluateOptions::new(TargetKind::Image),
    );
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .ends_with("x` does not exist")
    );
}

#[test]
fn partial_evaluations_pass_over_missing_predictions() {
    let folders = Folders::new();
    folders.add("a", Array2::<u8>::zeros((2, 2)), Array2::zeros((2, 2)));
    folders.add("b", Array2::<u8>::zeros((2, 2)), Array2::zeros((2, 2)));
    std::fs::remove_file(folders.prediction.join("b.tif")).unwrap();
    let mut options = EvaluateOptions::new(TargetKind::Instance);
    options.partial = true;
    assert_eq!(folders.evaluate(&options).unwrap().rows.len(), 1);
}

#[test]
fn the_written_table_has_a_row_an_image() {
    let folders = Folders::new();
    folders.add("a", arr2(&[[1_u8, 0]]), arr2(&[[1_u8, 0]]));
    folders.add("b", arr2(&[[1_u8, 0]]), arr2(&[[0_u8, 1]]));
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Instance))
        .unwrap();
    let out = folders.target.parent().unwrap().join("deep/out");
    found.write(&out).unwrap();
    let text = std::fs::read_to_string(out.join("metrics.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("image,ap50,ap55,"));
    assert!(lines[1].starts_with("a,1,1,") && lines[2].starts_with("b,0,0,"));
    let summary = std::fs::read(out.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["scores"]["ap50"]["mean"], 0.5);
    assert_eq!(summary["scores"]["ap50"]["images"], 2);
    assert_eq!(summary["pooled"]["ap50_pooled"], 1.0 / 3.0);
    assert_eq!(summary["task"], "instance");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folders = Folders::new();
    for index in 0..7_u8 {
        let target = Array2::from_shape_fn((12, 12), |(y, x)| ((y * x) as u8).wrapping_mul(index));
        folders.add(&format!("{index}"), target.mapv(|value| value / 2), target);
    }
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            folders
                .evaluate(&EvaluateOptions::new(TargetKind::Image))
                .unwrap()
        })
    };
    let (one, three) = (run(1), run(3));
    // NaN is not equal to itself, so the written forms are compared.
    assert_eq!(format!("{one:?}"), format!("{three:?}"));
}
