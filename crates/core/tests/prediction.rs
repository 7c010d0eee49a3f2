//! Prediction in tiles against prediction in one piece, and what a result keeps of its image.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "common/trained.rs"]
mod trained;

use burn::tensor::Device;
use coverslip::{
    base::{error::Fault, monitor::Silent},
    model::Tiling,
    registry::NetworkBuilder,
    weights::state_dict::{self, StateDict},
};
use coverslip::{
    config::{Blend, Config},
    framework::{NETWORK, NetworkParts, Predictor},
    predict::{PredictError, predict_image, predict_tiled},
    registry::Registry,
};
use coverslip_image::{Image, PixelSize, read_image};
use coverslip_nets::NetworkIo;
use ndarray::{Array3, Array4};
use trained::trained;

/// A network with weights as after some training: running statistics and shifts are not those of
/// a fresh one.
fn predictor(network: &str, dimensions: usize) -> Box<dyn Predictor> {
    configured(network, dimensions, false)
}

fn configured(network: &str, dimensions: usize, exact_conv: bool) -> Box<dyn Predictor> {
    let registry = Registry::builtin().unwrap();
    let config = format!(
        "{{data: {{train: {{source: a, target: b}}, target_kind: semantic}}, network: {network}, \
         loss: [dice], exact_conv: {exact_conv}}}"
    );
    let config =
        Config::from_text("test", &config, std::path::Path::new(""), &[], &registry).unwrap();
    let settings = &config.settings;
    let parts = NetworkBuilder {
        registry: &registry,
        network: &settings.network,
        io: NetworkIo {
            in_channels: 1,
            out_channels: 3,
            dimensions,
        },
        target_kind: settings.data.target_kind,
        seed: 5,
        exact_conv: settings.exact_conv,
        device: Device::flex(),
    };
    let weights: StateDict = state_dict::collect(&parts.network(NETWORK, None, parts.io).unwrap())
        .into_iter()
        .map(|(name, data)| {
            let shift = if name.contains("running") || name.contains("bias") {
                0.1
            } else {
                0.0
            };
            let values: Vec<f32> = data.iter::<f32>().map(|value| value + shift).collect();
            let shape = data.shape().to_vec();
            (name, burn::tensor::TensorData::new(values, shape))
        })
        .collect();
    let framework = &registry.frameworks.get("fcn").unwrap().build;
    framework
        .predictor(&settings.framework, &parts, &weights)
        .unwrap()
}

fn image(shape: [usize; 3]) -> Array4<f32> {
    let [z, y, x] = shape;
    Array4::from_shape_fn((1, z, y, x), |(_, z, y, x)| {
        ((x as f32 * 0.31).sin() + (y as f32 * 0.17).cos()) * ((z + 1) as f32 * 0.7).sin()
    })
}

fn largest_difference(left: &Array4<f32>, right: &Array4<f32>) -> f32 {
    assert_eq!(left.dim(), right.dim());
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - right).abs())
        .fold(0.0, f32::max)
}

fn tiled(
    predictor: &dyn Predictor,
    image: &Array4<f32>,
    tile: [usize; 3],
    blend: Blend,
) -> Array4<f32> {
    let tiling = Tiling {
        tile,
        overlap: 0.5,
        blend,
    };
    predict_tiled(predictor, &image.view(), tiling, &Silent).unwrap()
}

#[test]
fn cropped_tiles_equal_the_whole_image_in_2d() {
    for upsampling in ["transposed", "interpolated"] {
        let network = format!("{{unet: {{base: 4, depth: 2, upsampling: {upsampling}}}}}");
        let predictor = predictor(&network, 2);
        // Neither side is a multiple of the network's stride.
        let image = image([1, 149, 203]);
        let whole = tiled(predictor.as_ref(), &image, [1, 1000, 1000], Blend::Crop);
        let parts = tiled(predictor.as_ref(), &image, [1, 96, 128], Blend::Crop);
        let difference = largest_difference(&whole, &parts);
        assert!(difference <= 1e-5, "{upsampling}: {difference}");
    }
}

#[test]
fn cropped_tiles_equal_the_whole_image_in_3d() {
    let predictor = predictor("{unet: {base: 2, depth: 1, strides: [[1, 2, 2]]}}", 3);
    let image = image([21, 37, 50]);
    let whole = tiled(predictor.as_ref(), &image, [1000; 3], Blend::Crop);
    let parts = tiled(predictor.as_ref(), &image, [16, 32, 40], Blend::Crop);
    let difference = largest_difference(&whole, &parts);
    assert!(difference <= 1e-5, "{difference}");
}

/// With `exact_conv` other kernels compute, which round differently.
#[test]
fn exact_convolutions_are_a_setting() {
    let image = image([1, 64, 64]);
    let tile = [1000; 3];
    let predict = |exact_conv| {
        let predictor = configured("{unet: {base: 16, depth: 2}}", 2, exact_conv);
        tiled(predictor.as_ref(), &image, tile, Blend::Gaussian)
    };
    let difference = largest_difference(&predict(true), &predict(false));
    assert!(difference > 0.0 && difference < 1e-4, "{difference}");
}

#[test]
fn blended_tiles_are_close_and_cover_every_pixel() {
    let predictor = predictor("{unet: {base: 4, depth: 2}}", 2);
    let image = image([1, 149, 203]);
    let whole = tiled(predictor.as_ref(), &image, [1, 1000, 1000], Blend::Gaussian);
    for blend in [Blend::Gaussian, Blend::Hann, Blend::Constant] {
        let parts = tiled(predictor.as_ref(), &image, [1, 96, 128], blend);
        let difference = largest_difference(&whole, &parts);
        println!("{blend:?}: largest difference to one piece {difference}");
        assert!(difference < 0.25, "{blend:?}: {difference}");
        // Averages of probabilities are probabilities.
        let sums = parts.sum_axis(ndarray::Axis(0));
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
    }
}

#[test]
fn cropping_is_refused_where_it_cannot_be_exact() {
    let instance = predictor("{unet: {base: 4, depth: 2, norm: instance}}", 2);
    let image = image([1, 149, 203]);
    let tiling = Tiling {
        tile: [1, 96, 96],
        overlap: 0.5,
        blend: Blend::Crop,
    };
    let error = predict_tiled(instance.as_ref(), &image.view(), tiling, &Silent).unwrap_err();
    assert!(matches!(error, PredictError::CropImpossible));
    let batch = predictor("{unet: {base: 4, depth: 2}}", 2);
    let tiling = Tiling {
        tile: [1, 32, 32],
        ..tiling
    };
    let error = predict_tiled(batch.as_ref(), &image.view(), tiling, &Silent).unwrap_err();
    let hint = error.hint().unwrap();
    let needed: usize = hint
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap();
    // The hint is true: that size works.
    let tiling = Tiling {
        tile: [1, needed, needed],
        ..tiling
    };
    predict_tiled(batch.as_ref(), &image.view(), tiling, &Silent).unwrap();
}

/// A model of a minute's training would be too slow here: this one has one epoch of a few patches.
#[test]
fn a_result_keeps_axes_and_pixel_size() {
    let (model, _folder) = trained(&[]);
    let size = PixelSize {
        z: None,
        y: Some(0.5),
        x: Some(0.25),
    };
    let pixels = Array3::<u16>::from_shape_fn((1, 40, 50), |(_, y, x)| (y * x) as u16).into_dyn();
    let input = Image::new(pixels, "zyx".parse().unwrap())
        .unwrap()
        .with_pixel_size(size);
    let labels = predict_image(&model, &input, &Silent).unwrap();
    assert_eq!(labels.axes().to_string(), "zyx");
    assert_eq!(labels.shape(), [1, 40, 50]);
    assert_eq!(labels.pixel_size(), size);
    let mut model = model;
    model.output = coverslip::config::Output::Probabilities;
    let probabilities = predict_image(&model, &input, &Silent).unwrap();
    assert_eq!(probabilities.axes().to_string(), "czyx");
    assert_eq!(
        probabilities.channel_names(),
        ["background", "inside", "border"]
    );
}

/// With `target_scale: source` a brighter image of the same place gives the same result, brighter.
#[test]
fn a_restored_image_has_the_intensities_of_its_source() {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d");
    let images = sample.join("images");
    let (model, _folder) = trained(&[
        "data.target_kind=image",
        &format!("data.train.target={}", images.display()),
        "data.preprocess=[standard]",
        "data.target_scale=source",
        "loss=[mse]",
        "postprocess=[]",
    ]);
    let input = read_image(images.join("n000_d256b32a.png")).unwrap();
    let dark = input.to_czyx_f32().unwrap();
    let bright = Image::from_czyx(dark.mapv(|value| 20.0 * value + 1000.0), &input);
    let predict = |image| {
        predict_image(&model, image, &Silent)
            .unwrap()
            .to_czyx_f32()
            .unwrap()
    };
    let expected = predict(&input).mapv(|value| 20.0 * value + 1000.0);
    for (value, expected) in predict(&bright).iter().zip(&expected) {
        assert!((value - expected).abs() < 0.1, "{value} {expected}");
    }
}

#[test]
fn a_regression_runs_the_same_road() {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d");
    let images = sample.join("images");
    let (model, _folder) = trained(&[
        "data.target_kind=image",
        &format!("data.train.target={}", images.display()),
        "data.target_preprocess=[standard]",
        "loss=[mse]",
        "postprocess=[]",
    ]);
    let input = read_image(images.join("n000_d256b32a.png")).unwrap();
    let values = predict_image(&model, &input, &Silent).unwrap();
    assert_eq!(values.shape(), input.shape());
    assert_eq!(values.dtype().to_string(), "float32");
}
