//! Images that are predicted part by part give what they give in one piece.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "common/trained.rs"]
mod trained;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use coverslip::{
    base::monitor::Silent,
    model::{
        Tiling,
        package::{self, Model},
    },
};
use coverslip::{
    config::{Blend, Output},
    predict::{OutputFormat, PredictError, PredictOptions, PredictedFiles, predict_files},
    registry::Registry,
};
use coverslip_image::{DType, Image, Pixels, read_image, write_image};
use ndarray::ArrayD;
use trained::trained;

/// Nuclei at many places: the sample image turned, shifted and scaled by section and time.
fn image(shape: &[usize], axes: &str) -> Image {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d/images");
    let nuclei = read_image(sample.join("n000_d256b32a.png")).unwrap();
    let nuclei = nuclei.to_czyx_f32().unwrap();
    let (_, _, height, width) = nuclei.dim();
    let pixels = ArrayD::from_shape_fn(shape, |index| {
        let (rest, plane) = (0..shape.len() - 2, &shape.len() - 2);
        let shift: usize = rest.map(|axis| 7 * index[axis]).sum();
        let (y, x) = (index[plane] + shift, index[plane + 1] + 2 * shift);
        nuclei[[0, 0, y % height, x % width]] as u16 * 20
    });
    Image::new(pixels, axes.parse().unwrap()).unwrap()
}

fn predict(model: &Model, input: &Path, folder: &Path, memory: u64) -> PredictedFiles {
    let options = PredictOptions {
        memory,
        ..PredictOptions::default()
    };
    let stop = AtomicBool::new(false);
    predict_files(model, &[input.to_owned()], folder, &options, &Silent, &stop).unwrap()
}

/// The predictions of a file in one piece and in parts.
fn both(model: &Model, image: &Image, extension: &str) -> [Image; 2] {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join(format!("image.{extension}"));
    write_image(&input, image).unwrap();
    [u64::MAX / 2, 500_000].map(|memory| {
        let output = folder.path().join(memory.to_string());
        let predicted = predict(model, &input, &output, memory);
        assert!(predicted.failed.is_empty(), "{:?}", predicted.failed);
        // Nothing but the result is left.
        assert_eq!(std::fs::read_dir(&output).unwrap().count(), 1);
        read_image(&predicted.written[0]).unwrap()
    })
}

fn assert_same(whole: &Image, parts: &Image) {
    assert_eq!(whole.axes(), parts.axes());
    assert_eq!(whole.dtype(), parts.dtype());
    assert_eq!(whole.channel_names(), parts.channel_names());
    assert_eq!(whole.pixels(), parts.pixels());
}

/// Compares the labels and the probabilities of a plane and of a stack, blended in both ways.
fn assert_parts_give_the_whole(plane: &Image, stack: &Image) {
    let (mut model, _folder) = trained(&[
        "postprocess=[argmax, {components: {seeds: 1, grow: 2}}, {remove_small: {min_size: 6}}, fill_holes]",
    ]);
    for blend in [Blend::Gaussian, Blend::Crop] {
        model.tiling = Tiling {
            tile: [1, 48, 64],
            overlap: 0.25,
            blend,
        };
        for (image, extension) in [(plane, "tif"), (stack, "tif"), (stack, "ome.zarr")] {
            model.output = Output::Labels;
            let [whole, parts] = both(&model, image, extension);
            let objects = whole
                .to_labels_zyx()
                .unwrap()
                .iter()
                .copied()
                .max()
                .unwrap();
            assert!(objects > 3, "{objects} objects");
            assert_same(&whole, &parts);
            model.output = Output::Probabilities;
            let [whole, parts] = both(&model, image, extension);
            assert_same(&whole, &parts);
        }
    }
}

#[test]
fn labels_and_probabilities_of_parts_are_those_of_the_whole() {
    assert_parts_give_the_whole(&image(&[100, 120], "yx"), &image(&[2, 60, 80], "zyx"));
}

#[test]
#[ignore = "long: 45 s of processor time"]
fn many_parts_give_the_whole_too() {
    assert_parts_give_the_whole(&image(&[150, 170], "yx"), &image(&[3, 70, 90], "zyx"));
}

#[test]
fn every_step_on_labels_may_be_the_last() {
    let image = image(&[110, 130], "yx");
    for steps in [
        "components",
        "{components: {seeds: 1, grow: 2}}",
        "components, {remove_small: {min_size: 3}}",
        "components, fill_holes",
    ] {
        let steps = format!("postprocess=[argmax, {steps}]");
        let (model, _folder) = trained(&[&steps]);
        let [whole, parts] = both(&model, &image, "tif");
        assert!(labels(&whole).iter().any(|&label| label > 3));
        assert_same(&whole, &parts);
    }
}

#[test]
fn workers_of_a_thread_pool_may_predict_all_at_once() {
    let (_, folder) = trained(&["postprocess=[argmax, components]"]);
    let image = image(&[110, 130], "yx");
    let results = rayon::broadcast(|_| {
        let registry = Registry::builtin().unwrap();
        let path = folder.path().join("run/model");
        let mut model = package::load(&path, &registry, &Device::flex()).unwrap();
        model.tiling.tile = [1, 48, 64];
        both(&model, &image, "ome.zarr")
    });
    for [whole, parts] in results {
        assert_same(&whole, &parts);
    }
}

#[test]
fn filters_of_parts_are_those_of_the_whole() {
    let (mut model, _folder) = trained(&[
        "data.preprocess=[{gaussian: {sigma: [1.5]}}, {morphology: {operation: tophat}}, percentile, {gaussian_blur: {size: 5}}]",
        "postprocess=[{threshold: {channel: 1}}, components]",
    ]);
    model.tiling = Tiling {
        tile: [1, 48, 64],
        overlap: 0.25,
        blend: Blend::Gaussian,
    };
    for image in [image(&[110, 130], "yx"), image(&[3, 60, 90], "zyx")] {
        for output in [Output::Labels, Output::Probabilities] {
            model.output = output;
            let [whole, parts] = both(&model, &image, "ome.zarr");
            assert_same(&whole, &parts);
        }
    }
}

#[test]
fn every_time_point_is_predicted_by_itself() {
    for steps in [
        "argmax",
        "argmax, {components: {seeds: 1, grow: 2}}, fill_holes",
    ] {
        let (model, folder) = trained(&[&format!("postprocess=[{steps}]")]);
        let series = image(&[2, 60, 70], "tyx");
        let input = folder.path().join("series.ome.zarr");
        write_image(&input, &series).unwrap();
        let options = PredictOptions {
            format: Some(OutputFormat::Tiff),
            ..PredictOptions::default()
        };
        let stop = AtomicBool::new(false);
        let output = folder.path().join("out");
        let inputs = [input];
        let predicted = predict_files(&model, &inputs, &output, &options, &Silent, &stop).unwrap();
        assert_eq!(predicted.written, [output.join("series.tif")]);
        let predicted = read_image(&predicted.written[0]).unwrap();
        assert_eq!(predicted.axes().to_string(), "tyx");
        let Pixels::U16(pixels) = series.pixels().clone() else {
            panic!("made above");
        };
        for time in 0..2 {
            let plane = pixels.index_axis(ndarray::Axis(0), time).to_owned();
            let plane = Image::new(plane, "yx".parse().unwrap()).unwrap();
            let alone = coverslip::predict::predict_image(&model, &plane, &Silent).unwrap();
            let found = labels(&predicted);
            assert_eq!(labels(&alone), found.index_axis(ndarray::Axis(0), time));
        }
    }
}

/// Labels of any type as numbers of 32 bits.
fn labels(image: &Image) -> ArrayD<u32> {
    let Pixels::U32(labels) = image.pixels().cast(DType::UInt32).0 else {
        panic!("cast to 32 bits");
    };
    labels
}

#[test]
fn a_value_that_is_no_number_is_found_at_its_place() {
    let (model, folder) = trained(&[]);
    let mut pixels = ndarray::Array2::<f32>::from_shape_fn((100, 90), |(y, x)| (y * x) as f32);
    pixels[[77, 31]] = f32::NAN;
    let input: PathBuf = folder.path().join("nan.tif");
    write_image(&input, &Image::new(pixels, "yx".parse().unwrap()).unwrap()).unwrap();
    let output = folder.path().join("out");
    let predicted = predict(&model, &input, &output, 50_000);
    let Some(PredictError::NotFinite { place, .. }) = predicted.failed[0].1.downcast_ref() else {
        panic!("{:?}", predicted.failed[0].1);
    };
    assert_eq!(place, "c 0, z 0, y 77, x 31");
    assert_eq!(std::fs::read_dir(&output).unwrap().count(), 0);
}
