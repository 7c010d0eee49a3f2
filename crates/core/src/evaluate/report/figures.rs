//! The pictures of one image.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{Array2, Array4, ArrayView2, s};

use super::section::Section;
use crate::{
    evaluate::{
        EvaluateError, EvaluationPair,
        picture::{Raster, contrast, error_map, gray, image, labels, overlay},
    },
    names::TargetKind,
};

/// Longest side of a picture in pixels.
const LONGEST_SIDE_PIXELS: usize = 512;

/// A picture with its caption.
pub(super) struct Figure {
    pub(super) caption: String,
    /// The PNG file as a `data:` address.
    pub(super) address: String,
    /// The largest error, where the picture is an error map.
    pub(super) scale: Option<f32>,
}

impl Figure {
    fn new(caption: &str, picture: &Raster) -> Self {
        let png = picture.shrunk_to(LONGEST_SIDE_PIXELS).png_bytes();
        Self {
            caption: caption.to_owned(),
            address: format!("data:image/png;base64,{}", STANDARD.encode(png)),
            scale: None,
        }
    }
}

/// The pictures of a pair, and which section of a stack they show.
pub(super) fn figures(
    task: TargetKind,
    pair: &EvaluationPair,
    input: Option<&Path>,
) -> Result<(Vec<Figure>, String), EvaluateError> {
    let input = input
        .map(|path| Section::open(path)?.values())
        .transpose()?;
    let input = input.as_ref().map(|values| image(&values.view()));
    let mut figures: Vec<Figure> = input
        .iter()
        .map(|picture| Figure::new("input", picture))
        .collect();
    let [target, prediction] = [
        Section::open(&pair.target)?,
        Section::open(&pair.prediction)?,
    ];
    figures.extend(match task {
        TargetKind::Image => intensity_figures(&target.values()?, &prediction.values()?),
        TargetKind::Semantic | TargetKind::Instance => {
            label_figures(&target.labels()?, &prediction.labels()?, input)
        }
    });
    Ok((figures, target.name()))
}

fn label_figures(
    target: &Array2<u32>,
    prediction: &Array2<u32>,
    input: Option<Raster>,
) -> Vec<Figure> {
    let (height, width) = target.dim();
    // Outlines need a picture of their own size, which the input of a super-resolution is not.
    let base = input
        .filter(|picture| (picture.width(), picture.height()) == (width, height))
        .unwrap_or_else(|| Raster::from_fn(width, height, |_, _| [0; 3]));
    let outlines = overlay(&base, Some(&target.view()), Some(&prediction.view()));
    vec![
        Figure::new("target", &labels(&target.view())),
        Figure::new("prediction", &labels(&prediction.view())),
        Figure::new("outlines", &outlines),
    ]
}

fn intensity_figures(target: &Array4<f32>, prediction: &Array4<f32>) -> Vec<Figure> {
    let [target, prediction] = [first_channel(target), first_channel(prediction)];
    let errors = (&target - &prediction).mapv(f32::abs);
    let shown = contrast(&target.view().into_dyn());
    let [_, largest] = contrast(&errors.view().into_dyn());
    let picture = |plane: &ArrayView2<'_, f32>| gray(plane, shown);
    let map = Figure::new("absolute error", &error_map(&errors.view(), largest));
    vec![
        Figure::new("target", &picture(&target.view())),
        Figure::new(
            "prediction, contrast of the target",
            &picture(&prediction.view()),
        ),
        Figure {
            scale: Some(largest),
            ..map
        },
    ]
}

/// The first channel of a section.
fn first_channel(section: &Array4<f32>) -> ArrayView2<'_, f32> {
    section.slice(s![0, 0, .., ..])
}
