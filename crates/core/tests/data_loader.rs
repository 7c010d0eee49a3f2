//! Batches do not depend on threads, order or memory, and loaders end as they should.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coverslip::data::{
    Batch, DataError, DataSet, Flip, Images, Loader, PatchStep, Recipe, Rotate90, Sampler,
    Sampling, TargetForm,
};
use coverslip_image::{Image, write_image};
use ndarray::{Array2, Axis, s};
use tempfile::TempDir;

const IMAGES: usize = 5;

/// Images whose pixels tell which image and place they are from; the target is the source + 1000.
fn folders(height: usize, width: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    for part in ["images", "targets"] {
        fs::create_dir(folder.path().join(part)).unwrap();
    }
    for number in 0..IMAGES {
        for (part, offset) in [("images", 0.0), ("targets", 1000.0)] {
            let values = Array2::from_shape_fn((height, width), |(y, x)| {
                (number * 100_000 + y * 300 + x) as f32 + offset
            });
            let image = Image::new(values, "yx".parse().unwrap()).unwrap();
            write_image(folder.path().join(format!("{part}/{number}.tif")), &image).unwrap();
        }
    }
    folder
}

fn images(folder: &TempDir, limit: usize) -> Arc<Images> {
    let data = DataSet::from_folders(
        &folder.path().join("images"),
        &folder.path().join("targets"),
    );
    Arc::new(Images::new(
        data.unwrap(),
        Recipe::new(TargetForm::Values),
        limit,
    ))
}

fn sampler(images: Arc<Images>, seed: u64) -> Sampler {
    let augmentations: Vec<Arc<dyn PatchStep>> =
        vec![Arc::new(Flip::default()), Arc::new(Rotate90::default())];
    Sampler {
        targets: None,
        last_steps: Vec::new(),
        images,
        seed,
        purpose: "training",
        patch: [1, 16, 16],
        sampling: Sampling::Uniform,
        foreground: 0.5,
        augmentations,
    }
}

fn take(sampler: &Sampler, first: u64, workers: usize, count: usize) -> Vec<Batch> {
    let mut loader = Loader::start(sampler, 3, first, workers).unwrap();
    (0..count).map(|_| loader.next_batch().unwrap()).collect()
}

#[test]
fn a_target_is_brought_to_the_intensities_of_its_source() {
    let folder = folders(40, 30);
    let negative = Array2::from_shape_fn((40, 30), |(y, x)| -((y * 300 + x) as f32));
    let negative = Image::new(negative, "yx".parse().unwrap()).unwrap();
    write_image(folder.path().join("targets/0.tif"), &negative).unwrap();
    let data = DataSet::from_folders(
        &folder.path().join("images"),
        &folder.path().join("targets"),
    )
    .unwrap();
    let recipe = Recipe {
        match_source: true,
        ..Recipe::new(TargetForm::Values)
    };
    for (number, pair) in data.pairs().iter().enumerate() {
        let sample = recipe.load(pair).unwrap();
        for (target, source) in sample.target.as_ref().unwrap().iter().zip(&sample.source) {
            assert!((target - source).abs() < 0.1, "{target} {source}");
        }
        assert_eq!(sample.warnings.len(), usize::from(number == 0));
    }
}

#[test]
fn threads_memory_and_restarts_change_nothing() {
    let folder = folders(40, 30);
    let reference = take(&sampler(images(&folder, usize::MAX), 9), 0, 1, 12);
    for (workers, limit) in [(2, usize::MAX), (5, usize::MAX), (3, 0), (2, 20_000)] {
        assert_eq!(
            take(&sampler(images(&folder, limit), 9), 0, workers, 12),
            reference
        );
    }
    let resumed = take(&sampler(images(&folder, usize::MAX), 9), 7, 2, 5);
    assert_eq!(resumed, reference[7..]);
    assert_ne!(
        take(&sampler(images(&folder, usize::MAX), 10), 0, 1, 12),
        reference
    );
}

#[test]
fn source_and_target_stay_together() {
    let folder = folders(40, 30);
    for batch in take(&sampler(images(&folder, usize::MAX), 1), 0, 2, 20) {
        assert_eq!(batch.source.shape(), [3, 1, 1, 16, 16]);
        assert_eq!(&(&batch.source + 1000.0), batch.target());
    }
}

#[test]
fn each_image_has_its_turn_in_every_round() {
    let folder = folders(40, 30);
    let sampler = sampler(images(&folder, usize::MAX), 4);
    let mut orders = Vec::new();
    for round in 0..6 {
        let batch = sampler.batch(round * IMAGES as u64, IMAGES).unwrap();
        let number = |patch: ndarray::ArrayView4<f32>| (patch[[0, 0, 0, 0]] / 100_000.0) as usize;
        let order: Vec<usize> = batch.source.axis_iter(Axis(0)).map(number).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..IMAGES).collect::<Vec<_>>());
        orders.push(order);
    }
    orders.dedup();
    assert!(orders.len() > 1, "the order never changes");
}

#[test]
fn fixed_batches_cover_the_count() {
    let folder = folders(40, 30);
    let sampler = sampler(images(&folder, usize::MAX), 4);
    let batches = sampler.batches(8, 3).unwrap();
    let sizes: Vec<usize> = batches
        .iter()
        .map(|batch| batch.source.shape()[0])
        .collect();
    assert_eq!(sizes, [3, 3, 2]);
    assert_eq!(batches, sampler.batches(8, 3).unwrap());
}

#[test]
fn images_smaller_than_a_patch_are_mirrored_with_one_warning_each() {
    let folder = folders(10, 40);
    let images = images(&folder, usize::MAX);
    let sampler = Sampler {
        augmentations: Vec::new(),
        ..sampler(Arc::clone(&images), 4)
    };
    let batch = sampler.batch(0, 20).unwrap();
    // 16 rows of 10: three above and three below are mirrored.
    for patch in batch.source.axis_iter(Axis(0)) {
        assert_eq!(
            patch.slice(s![.., .., 2, ..]),
            patch.slice(s![.., .., 4, ..])
        );
        assert_eq!(
            patch.slice(s![.., .., 13, ..]),
            patch.slice(s![.., .., 11, ..])
        );
    }
    let mut warnings = images.take_warnings();
    warnings.sort();
    assert_eq!(warnings.len(), IMAGES);
    insta::assert_snapshot!(warnings[0], @"`0` (10 x 40 pixels) is smaller than a patch (16 x 16): it is mirrored at its edges");
    assert!(images.take_warnings().is_empty());
}

#[test]
fn a_broken_image_is_an_error_and_no_hang() {
    let folder = folders(40, 30);
    fs::write(folder.path().join("images/3.tif"), "not any more").unwrap();
    let sampler = sampler(images(&folder, usize::MAX), 2);
    let mut loader = Loader::start(&sampler, 3, 0, 2).unwrap();
    let error = (0..10).find_map(|_| loader.next_batch().err()).unwrap();
    assert!(
        error.to_string().contains("3.tif` is not a TIFF file"),
        "{error}"
    );
    assert!(matches!(
        loader.next_batch(),
        Err(DataError::Workers { .. })
    ));
}

#[test]
fn images_of_other_channels_are_an_error() {
    let folder = folders(40, 30);
    let colours = Image::new(
        ndarray::Array3::<f32>::zeros((2, 40, 30)),
        "cyx".parse().unwrap(),
    );
    write_image(folder.path().join("images/4.tif"), &colours.unwrap()).unwrap();
    let images = images(&folder, usize::MAX);
    let channels = images.channels().unwrap();
    assert_eq!((channels.source, channels.target), (1, Some(1)));
    let text = images.get(4).unwrap_err().to_string();
    let text = text.replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(text, @"the source `images/4.tif` has 2 channels, `images/0.tif` has 1");
}

#[test]
fn dropping_a_loader_ends_its_threads() {
    let folder = folders(40, 30);
    let images = images(&folder, usize::MAX);
    let start = Instant::now();
    for _ in 0..20 {
        let mut loader = Loader::start(&sampler(Arc::clone(&images), 2), 3, 0, 4).unwrap();
        loader.next_batch().unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(20));
    // The threads held the only other references.
    assert_eq!(Arc::strong_count(&images), 1);
}
