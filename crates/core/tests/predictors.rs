//! Predictors other than networks of the size of their image: larger results, draws, named outputs.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "common/trained.rs"]
mod trained;

use std::sync::atomic::AtomicBool;

use coverslip::{
    base::monitor::Silent,
    config::{Blend, Output},
    framework::{OutputMap, Pass, Predictor},
    model::{Tiling, package::Model},
    predict::{
        PredictOptions, predict_files, predict_image, predict_image_with, predict_tiled,
        predict_tiled_with,
    },
};
use coverslip_image::{Axis, Image, PixelSize, Pixels, read_image, write_image};
use coverslip_nets::SizeRule;
use ndarray::{Array2, Array4, ArrayD};
use trained::trained;

const BLENDS: [Blend; 4] = [Blend::Gaussian, Blend::Hann, Blend::Constant, Blend::Crop];

/// Repeats each pixel, and gives its value and another that is the same everywhere.
struct Enlarge {
    scale: [usize; 3],
    outputs: Vec<OutputMap>,
}

/// What the second channel of [`Enlarge`] is.
const LEVEL: f32 = 64.0;

impl Enlarge {
    fn new(scale: [usize; 3], outputs: &[(&str, usize)]) -> Self {
        let output = |&(name, channels): &(&str, usize)| OutputMap {
            name: name.to_owned(),
            channels,
        };
        let outputs = outputs.iter().map(output).collect();
        Self { scale, outputs }
    }

    fn channels(&self) -> usize {
        self.outputs.iter().map(|output| output.channels).sum()
    }
}

impl Predictor for Enlarge {
    fn predict(&self, tile: &Array4<f32>, _: Pass) -> Array4<f32> {
        let (_, depth, height, width) = tile.dim();
        let [sz, sy, sx] = self.scale;
        let shape = (self.channels(), depth * sz, height * sy, width * sx);
        Array4::from_shape_fn(shape, |(c, z, y, x)| match c {
            0 => tile[[0, z / sz, y / sy, x / sx]],
            _ => LEVEL,
        })
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of([1, 4, 4]).with_margin([0, 3, 3])
    }

    fn scale(&self) -> [usize; 3] {
        self.scale
    }

    fn outputs(&self) -> Vec<OutputMap> {
        self.outputs.clone()
    }
}

/// A power of two for each place; a weighted mean of equal ones is exact.
fn value([z, y, x]: [usize; 3]) -> u16 {
    let place = 5 * z + 3 * y + x;
    1_u16 << (place * place % 11)
}

fn image(shape: &[usize], axes: &str) -> Image {
    let pixels = ArrayD::from_shape_fn(shape, |index| {
        let last = shape.len() - 1;
        let z = if last == 2 { index[0] } else { 0 };
        value([z, index[last - 1], index[last]])
    });
    Image::new(pixels, axes.parse().unwrap()).unwrap()
}

/// A model with another predictor, and without preprocessing.
fn model(predictor: impl Predictor + 'static, output: Output) -> Model {
    let (mut model, _) = trained(&["postprocess=[argmax, components]"]);
    model.predictor = Box::new(predictor);
    model.preprocess.clear();
    model.output = output;
    model
}

fn tiling(blend: Blend) -> Tiling {
    Tiling {
        tile: [2, 20, 24],
        overlap: 0.4,
        blend,
    }
}

/// The predictions of a file in one part and part by part.
fn both(model: &Model, image: &Image, extension: &str) -> [Image; 2] {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join(format!("image.{extension}"));
    write_image(&input, image).unwrap();
    [u64::MAX / 2, 100_000].map(|memory| {
        let output = folder.path().join(memory.to_string());
        let options = PredictOptions {
            memory,
            ..PredictOptions::default()
        };
        let (inputs, stop) = ([input.clone()], AtomicBool::new(false));
        let predicted = predict_files(model, &inputs, &output, &options, &Silent, &stop).unwrap();
        assert!(predicted.failed.is_empty(), "{:?}", predicted.failed);
        read_image(&predicted.written[0]).unwrap()
    })
}

#[test]
fn a_larger_result_is_stitched_at_its_own_scale() {
    for (shape, scale) in [
        ([1, 57, 83], [1, 2, 2]),
        ([1, 57, 83], [1, 3, 2]),
        ([1, 30, 41], [2, 1, 2]),
        ([7, 30, 41], [2, 2, 2]),
        ([7, 30, 41], [1, 4, 4]),
    ] {
        let predictor = Enlarge::new(scale, &[("intensity", 1)]);
        let [z, y, x] = shape;
        let image = Array4::from_shape_fn((1, z, y, x), |(_, z, y, x)| f32::from(value([z, y, x])));
        let expected = predictor.predict(&image, Pass::default());
        for blend in BLENDS {
            let result = predict_tiled(&predictor, &image.view(), tiling(blend), &Silent).unwrap();
            assert_eq!(result, expected, "{scale:?} {blend:?}");
        }
    }
}

#[test]
fn parts_of_a_larger_result_are_those_of_the_whole() {
    let mut model = model(Draw, Output::Values);
    for (shape, axes, scale) in [
        (&[157, 183][..], "yx", [1, 2, 2]),
        (&[9, 60, 71][..], "zyx", [2, 3, 2]),
        (&[9, 60, 71][..], "zyx", [1, 2, 2]),
    ] {
        let image = image(shape, axes);
        let pixels = image.to_czyx_f32().unwrap();
        for (blend, extension) in BLENDS
            .into_iter()
            .zip(["tif", "ome.zarr", "tif", "ome.zarr"])
        {
            model.tiling = tiling(blend);
            model.predictor = Box::new(Enlarge::new(scale, &[("intensity", 1)]));
            model.output = Output::Values;
            let expected = model.predictor.predict(&pixels, Pass::default());
            for result in both(&model, &image, extension) {
                assert_eq!(result.axes(), image.axes());
                let values = result.to_czyx_f32().unwrap();
                assert_eq!(values, expected, "{scale:?} {blend:?}");
            }
            model.predictor = Box::new(Enlarge::new(scale, &[("low", 1), ("high", 1)]));
            model.output = Output::Labels;
            let [whole, parts] = both(&model, &image, extension);
            assert_eq!(whole.len_of(Axis::X), 2 * shape[shape.len() - 1]);
            assert_eq!(whole.pixels(), parts.pixels());
        }
    }
}

#[test]
fn pixels_of_a_larger_result_are_smaller() {
    let size = PixelSize {
        z: Some(2.0),
        y: Some(0.5),
        x: None,
    };
    let plane = image(&[20, 30], "yx").with_pixel_size(size);
    let model = model(
        Enlarge::new([2, 4, 2], &[("a", 1), ("flow", 2)]),
        Output::Values,
    );
    let result = predict_image(&model, &plane, &Silent).unwrap();
    // One section has become two.
    assert_eq!(result.axes().to_string(), "czyx");
    assert_eq!(result.shape(), [3, 2, 80, 60]);
    assert_eq!(result.channel_names(), ["a", "flow 0", "flow 1"]);
    let size = PixelSize {
        z: Some(1.0),
        y: Some(0.125),
        x: None,
    };
    assert_eq!(result.pixel_size(), size);
}

/// Gives the number that it is to draw from.
struct Draw;

impl Predictor for Draw {
    fn predict(&self, tile: &Array4<f32>, pass: Pass) -> Array4<f32> {
        tile.mapv(|_| pass.draw as f32)
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of([1; 3]).with_margin([0, 3, 3])
    }

    fn outputs(&self) -> Vec<OutputMap> {
        let name = "draw".to_owned();
        vec![OutputMap { name, channels: 1 }]
    }
}

#[test]
fn all_tiles_of_an_image_share_one_draw() {
    let mut model = model(Draw, Output::Values);
    let image = image(&[57, 83], "yx");
    let pixels = image.to_czyx_f32().unwrap();
    // Powers of two, as above.
    for (draw, blend) in [1, 2, 4, 8].into_iter().zip(BLENDS) {
        model.tiling = tiling(blend);
        let pass = Pass { draw };
        let expected = pixels.mapv(|_| draw as f32);
        let result = predict_image_with(&model, &image, pass, &Silent).unwrap();
        assert_eq!(result.to_czyx_f32().unwrap(), expected);
        let result = predict_tiled_with(&Draw, &pixels.view(), model.tiling, pass, &Silent);
        assert_eq!(result.unwrap(), expected);
        let plain = predict_image(&model, &image, &Silent).unwrap();
        let zeros = Array2::<f32>::zeros((57, 83)).into_dyn();
        assert_eq!(plain.pixels(), &Pixels::from(zeros));
    }
}
