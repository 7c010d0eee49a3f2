//! Pixels that point to the same place, made one object.

use std::collections::BTreeMap;

use ndarray::{Array, ArrayView, Axis, RemoveAxis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embedding::{CoordinateGrid, Embedding, Neighbourhood, Place};
use super::index::Index;
use crate::AlgorithmError;
use crate::error::same_shape;

/// When pixels become an object.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterOptions {
    /// Pixels of a score above this can belong to an object.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub foreground_threshold: f32,
    /// Pixels of at least this score can begin an object.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub seed_threshold: f32,
    /// An image with no more pixels than this that can belong to an object has none.
    pub min_mask_sum: usize,
    /// No object begins any more when so few of these pixels are left.
    pub min_unclustered_sum: usize,
    /// Objects have more pixels than this.
    pub min_object_size: usize,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            foreground_threshold: 0.5,
            seed_threshold: 0.9,
            min_mask_sum: 128,
            min_unclustered_sum: 0,
            min_object_size: 36,
        }
    }
}

/// The objects of a prediction `[C, Y, X]` or `[C, Z, Y, X]`, numbered as they are found.
///
/// Channels are an offset along x, y (and z), the logarithm of a margin along each of these axes (or
/// one for all), and a score before the sigmoid. The pixel of the highest score begins an object:
/// all pixels that can belong to one and whose embedding lies within its margin. It is kept if it is
/// large enough and more than half of it is new; then, or not, the next begins among the pixels that
/// no object has reached yet. A later object takes the pixels of an earlier one.
///
/// Pixels are sorted into boxes by their embedding, so that an object costs what lies near it.
///
/// # Errors
/// [`AlgorithmError::Rank`] and [`AlgorithmError::Parameter`] for another number of axes or
/// channels and for an impossible grid, [`AlgorithmError::NotNumbers`] for NaN.
pub fn cluster<D: RemoveAxis>(
    prediction: &ArrayView<'_, f32, D>,
    grid: CoordinateGrid,
    options: &ClusterOptions,
) -> Result<Array<u32, D::Smaller>, AlgorithmError> {
    let embedding = Embedding::of(prediction, grid)?;
    let candidates = Candidates::of(&embedding, options.foreground_threshold);
    let mut labels = Array::zeros(prediction.raw_dim().remove_axis(Axis(0)));
    if candidates.pixels.len() <= options.min_mask_sum {
        return Ok(labels);
    }
    let found = grow(&embedding, &candidates, options);
    if let Some(labels) = labels.as_slice_mut() {
        for (&pixel, label) in candidates.pixels.iter().zip(found) {
            labels[pixel] = label;
        }
    }
    Ok(labels)
}

/// The pixels that can belong to an object, in raster order.
struct Candidates {
    pixels: Vec<usize>,
    scores: Vec<f32>,
    places: Vec<Place>,
}

impl Candidates {
    fn of(embedding: &Embedding<'_>, threshold: f32) -> Self {
        let scored = (0..embedding.pixels()).into_par_iter();
        let scored = scored.map(|pixel| (pixel, embedding.score(pixel)));
        let (pixels, scores): (Vec<_>, Vec<_>) =
            scored.filter(|&(_, score)| score > threshold).unzip();
        let places = pixels.par_iter().map(|&pixel| embedding.place(pixel));
        let places = places.collect();
        Self {
            pixels,
            scores,
            places,
        }
    }

    /// Those that can begin an object, best first; among equals the first in raster order.
    fn seeds(&self, threshold: f32) -> Vec<usize> {
        let all = 0..self.pixels.len();
        let mut seeds: Vec<usize> = all.filter(|&at| self.scores[at] >= threshold).collect();
        seeds.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        seeds
    }
}

/// The label of each candidate.
fn grow(embedding: &Embedding<'_>, candidates: &Candidates, options: &ClusterOptions) -> Vec<u32> {
    let index = Index::new(&candidates.places);
    let mut labels = vec![0; candidates.pixels.len()];
    let mut is_free = vec![true; labels.len()];
    let mut free = labels.len();
    let mut last = 0;
    let mut object = Vec::new();
    for seed in candidates.seeds(options.seed_threshold) {
        if free <= options.min_unclustered_sum {
            break;
        }
        if !is_free[seed] {
            continue;
        }
        is_free[seed] = false;
        free -= 1;
        let margins = embedding.log_margins(candidates.pixels[seed]);
        index.find(
            Neighbourhood::new(candidates.places[seed], margins),
            &mut object,
        );
        let new = object.iter().filter(|&&at| is_free[at]).count();
        if object.len() > options.min_object_size && 2 * new > object.len() {
            last += 1;
            for &at in &object {
                labels[at] = last;
            }
        }
        for &at in &object {
            is_free[at] = false;
        }
        free -= new;
    }
    labels
}

/// What each object of `truth` becomes if its centre and margin are the means of its pixels: an
/// upper bound for [`cluster`], with the labels of `truth`. Higher labels take pixels from lower
/// ones.
///
/// # Errors
/// As [`cluster`], and [`AlgorithmError::ShapeMismatch`] when `truth` is not shaped as the image.
pub fn cluster_with_truth<D: RemoveAxis>(
    prediction: &ArrayView<'_, f32, D>,
    truth: &ArrayView<'_, u32, D::Smaller>,
    grid: CoordinateGrid,
) -> Result<Array<u32, D::Smaller>, AlgorithmError> {
    let embedding = Embedding::of(prediction, grid)?;
    let mut labels = Array::zeros(prediction.raw_dim().remove_axis(Axis(0)));
    same_shape(
        ("the prediction", labels.shape()),
        ("the label map", truth.shape()),
    )?;
    let pixels = (0..embedding.pixels()).into_par_iter();
    let places: Vec<Place> = pixels.map(|pixel| embedding.place(pixel)).collect();
    let index = Index::new(&places);
    let mut object = Vec::new();
    for (label, pixels) in objects(truth) {
        let center = mean(pixels.iter().map(|&pixel| places[pixel]));
        let margins = mean(pixels.iter().map(|&pixel| embedding.log_margins(pixel)));
        index.find(Neighbourhood::new(center, margins), &mut object);
        if let Some(labels) = labels.as_slice_mut() {
            for &pixel in &object {
                labels[pixel] = label;
            }
        }
    }
    Ok(labels)
}

/// The pixels of each label above 0.
fn objects<D: ndarray::Dimension>(labels: &ArrayView<'_, u32, D>) -> BTreeMap<u32, Vec<usize>> {
    let mut objects: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (pixel, &label) in labels.iter().enumerate() {
        if label > 0 {
            objects.entry(label).or_default().push(pixel);
        }
    }
    objects
}

fn mean(places: impl ExactSizeIterator<Item = Place>) -> Place {
    let count = places.len() as f64;
    let mut sums = [0.0; 3];
    for place in places {
        for (sum, at) in sums.iter_mut().zip(place) {
            *sum += f64::from(at);
        }
    }
    sums.map(|sum| (sum / count) as f32)
}
