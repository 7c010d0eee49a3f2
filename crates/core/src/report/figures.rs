//! The pictures of one image.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coverslip_image::{Image, read_image};
use ndarray::{Array2, Array4, ArrayView2, Axis};

use crate::evaluate::{EvaluateError, EvaluationPair, Task};
use crate::picture::{Raster, contrast, error_map, gray, image, labels, middle, overlay};

/// Longest side of a picture in pixels.
const LONGEST_SIDE: usize = 512;

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
        let png = picture.shrunk_to(LONGEST_SIDE).png_bytes();
        Self {
            caption: caption.to_owned(),
            address: format!("data:image/png;base64,{}", STANDARD.encode(png)),
            scale: None,
        }
    }
}

/// The pictures of a pair, and which section of a stack they show.
pub(super) fn figures(
    task: Task,
    pair: &EvaluationPair,
    input: Option<&Path>,
) -> Result<(Vec<Figure>, String), EvaluateError> {
    let input = input.map(read_czyx).transpose()?;
    let input = input.as_ref().map(|values| image(&values.view()));
    let mut figures: Vec<Figure> = input
        .iter()
        .map(|picture| Figure::new("input", picture))
        .collect();
    let target = read_image(&pair.target)?;
    let prediction = read_image(&pair.prediction)?;
    figures.extend(match task {
        Task::Image => intensity_figures(&target, &prediction)?,
        Task::Semantic | Task::Instance => label_figures(&target, &prediction, input)?,
    });
    Ok((figures, section(&target)))
}

fn label_figures(
    target: &Image,
    prediction: &Image,
    input: Option<Raster>,
) -> Result<Vec<Figure>, EvaluateError> {
    let [target, prediction] = [label_plane(target)?, label_plane(prediction)?];
    let (height, width) = target.dim();
    // Outlines need a picture of their own size, which the input of a super-resolution is not.
    let base = input
        .filter(|picture| (picture.width(), picture.height()) == (width, height))
        .unwrap_or_else(|| Raster::from_fn(width, height, |_, _| [0; 3]));
    let outlines = overlay(&base, Some(&target.view()), Some(&prediction.view()));
    Ok(vec![
        Figure::new("target", &labels(&target.view())),
        Figure::new("prediction", &labels(&prediction.view())),
        Figure::new("outlines", &outlines),
    ])
}

fn intensity_figures(target: &Image, prediction: &Image) -> Result<Vec<Figure>, EvaluateError> {
    let [target, prediction] = [target.to_czyx_f32()?, prediction.to_czyx_f32()?];
    let [target, prediction] = [first_plane(&target), first_plane(&prediction)];
    let errors = (&target - &prediction).mapv(f32::abs);
    let shown = contrast(&target.view().into_dyn());
    let [_, largest] = contrast(&errors.view().into_dyn());
    let picture = |plane: &ArrayView2<'_, f32>| gray(plane, shown);
    let map = Figure::new("absolute error", &error_map(&errors.view(), largest));
    Ok(vec![
        Figure::new("target", &picture(&target.view())),
        Figure::new(
            "prediction, contrast of the target",
            &picture(&prediction.view()),
        ),
        Figure {
            scale: Some(largest),
            ..map
        },
    ])
}

fn read_czyx(path: &Path) -> Result<Array4<f32>, EvaluateError> {
    Ok(read_image(path)?.to_czyx_f32()?)
}

fn label_plane(image: &Image) -> Result<Array2<u32>, EvaluateError> {
    let labels = image.to_labels_zyx()?;
    let sections = labels.len_of(Axis(0));
    Ok(if sections == 0 {
        Array2::zeros((labels.dim().1, labels.dim().2))
    } else {
        labels.index_axis_move(Axis(0), sections / 2)
    })
}

/// The first channel of the middle section.
fn first_plane(image: &Array4<f32>) -> Array2<f32> {
    let (channels, _, height, width) = image.dim();
    match middle(&image.view()) {
        Some(section) if channels > 0 => section.index_axis(Axis(0), 0).to_owned(),
        _ => Array2::zeros((height, width)),
    }
}

fn section(image: &Image) -> String {
    match image.len_of(coverslip_image::Axis::Z) {
        0 | 1 => String::new(),
        sections => format!("section {} of {sections}", sections / 2 + 1),
    }
}
