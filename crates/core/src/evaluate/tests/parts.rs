//! Images compared part by part have the scores they have in one piece.

use ndarray::{Array3, Array4, ArrayD};

use super::*;

const SIZES: [[usize; 3]; 4] = [[1, 90, 70], [3, 40, 45], [14, 38, 33], [1, 9, 200]];

fn write(path: &std::path::Path, values: impl Into<coverslip_image::Pixels>, axes: &str) {
    let image = Image::new(values, axes.parse().unwrap()).unwrap();
    write_image(path, &image).unwrap();
}

/// Discs in a grid, each with a label of its own, shifted by `shift`.
fn labels([z, y, x]: [usize; 3], shift: usize) -> ArrayD<u16> {
    let at = |position: usize| ((position + shift) % 12, (position + shift) / 12);
    let values = Array3::from_shape_fn([z, y, x], |(z, y, x)| {
        let ((dy, row), (dx, column)) = (at(y), at(x));
        let distance = dy.abs_diff(6).pow(2) + dx.abs_diff(6).pow(2) + z.abs_diff(7).pow(2) / 4;
        let is_inside = distance < 22 && (row + column) % 5 != shift % 5;
        if is_inside {
            (row * 20 + column + 1) as u16
        } else {
            0
        }
    });
    values.into_dyn()
}

fn intensities(size: [usize; 3], noise: usize) -> ArrayD<f32> {
    let [z, y, x] = size;
    let values = Array4::from_shape_fn([2, z, y, x], |(c, z, y, x)| {
        let wave = ((x + 3 * z) as f32 / 9.0).sin() * (y as f32 / 7.0).cos();
        300.0 + 100.0 * wave + ((c * 7 + z * 31 + y * 17 + x * 13) % noise) as f32
    });
    values.into_dyn()
}

fn pairs(task: TargetKind) -> Folders {
    let folders = Folders::new();
    for (index, size) in SIZES.into_iter().enumerate() {
        let name = format!("{index}.ome.zarr");
        let [prediction, target] = [&folders.prediction, &folders.target].map(|it| it.join(&name));
        if task == TargetKind::Image {
            write(&prediction, intensities(size, 40), "czyx");
            write(&target, intensities(size, 11), "czyx");
        } else {
            let classes = |labels: ArrayD<u16>| labels.mapv(|label| label % 4);
            let [found, truth] = [labels(size, 2), labels(size, 0)].map(|labels| {
                if task == TargetKind::Semantic {
                    classes(labels)
                } else {
                    labels
                }
            });
            write(&prediction, found, "zyx");
            write(&target, truth, "zyx");
        }
    }
    folders
}

#[test]
fn parts_have_the_scores_of_the_whole() {
    for task in [
        TargetKind::Semantic,
        TargetKind::Instance,
        TargetKind::Image,
    ] {
        let folders = pairs(task);
        let mut options = EvaluateOptions::new(task);
        options.simplified = true;
        let whole = folders.evaluate(&options).unwrap();
        // Some thousand pixels a part.
        options.memory = 500_000 * rayon::current_num_threads() as u64;
        let parts = folders.evaluate(&options).unwrap();
        assert_eq!(parts.columns, whole.columns);
        assert_eq!(parts.confusion, whole.confusion);
        let rows = |found: &Evaluation| -> Vec<f64> {
            let rows = found.rows.iter().flat_map(|row| row.scores.clone());
            rows.chain(found.pooled.iter().map(|(_, score)| *score))
                .collect()
        };
        let names = whole.columns.iter().cycle();
        for ((found, expected), name) in rows(&parts).into_iter().zip(rows(&whole)).zip(names) {
            let same = found.is_nan() && expected.is_nan();
            let near = (found - expected).abs() <= 1e-9 * expected.abs();
            assert!(
                same || near,
                "{task:?} {name}: {found}, in one piece {expected}"
            );
        }
        assert!(
            rows(&whole)
                .iter()
                .any(|score| *score > 0.0 && *score < 1.0)
        );
    }
}

#[test]
fn faults_of_parts_are_those_of_the_image() {
    let folders = Folders::new();
    let mut prediction = intensities([1, 60, 60], 9);
    prediction[[0, 0, 50, 3]] = f32::NAN;
    prediction[[1, 0, 2, 55]] = f32::INFINITY;
    write(&folders.prediction.join("a.tif"), prediction, "czyx");
    write(
        &folders.target.join("a.tif"),
        intensities([1, 60, 60], 9),
        "czyx",
    );
    let mut options = EvaluateOptions::new(TargetKind::Image);
    options.memory = 60_000;
    let error = folders.evaluate(&options).unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction/a.tif` has 2 values that are NaN or infinite"
    );
    let folders = Folders::new();
    let mut prediction = intensities([1, 60, 60], 9).mapv(f32::floor);
    prediction[[0, 0, 50, 31]] = 0.5;
    let plane = |values: ArrayD<f32>| values.index_axis_move(ndarray::Axis(0), 0);
    write(&folders.prediction.join("a.tif"), plane(prediction), "zyx");
    write(&folders.target.join("a.tif"), labels([1, 60, 60], 0), "zyx");
    let mut options = EvaluateOptions::new(TargetKind::Instance);
    options.memory = 60_000;
    let error = folders.evaluate(&options).unwrap_err();
    assert_eq!(
        folders.plain(&error),
        "`prediction/a.tif` has the value 0.5 at z 0, y 50, x 31, which is not a label"
    );
}
