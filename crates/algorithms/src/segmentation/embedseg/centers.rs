//! The centre of each instance of a label map, which training points pixels to.

use std::collections::BTreeMap;

use ndarray::{Array, ArrayView, Dimension};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::components::shape_zyx;

/// Which pixel stands for an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CenterMode {
    /// The mean of its coordinates, rounded half to even; outside of a curved object, perhaps.
    #[default]
    Centroid,
    /// Its pixel nearest to the median of each coordinate.
    ApproximateMedoid,
    /// Its pixel with the least sum of distances to all others. Time is quadratic in its pixels.
    Medoid,
}

/// The pixel that stands for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceCenter {
    /// The object.
    pub label: u32,
    /// The pixel, in the order of the label map's axes.
    pub position: Vec<usize>,
}

/// Z, Y and X of a pixel; Z is 0 in 2D.
type Pixel = [f64; 3];

/// The centre of each object of a label map `Y X` or `Z Y X`, by ascending label.
///
/// `anisotropy` is how many times as far as along Y and X pixels lie apart along Z; medoids measure
/// distances with it. Among equals, a medoid is the first in raster order. Sums of distances are
/// 32-bit, as in the reference implementation, so that its choice among near equals is ours.
///
/// # Errors
/// [`AlgorithmError::Rank`] for arrays of more than 3 axes, [`AlgorithmError::Parameter`] for an
/// anisotropy that is not above 0.
pub fn instance_centers<D: Dimension>(
    labels: &ArrayView<'_, u32, D>,
    mode: CenterMode,
    anisotropy: f64,
) -> Result<Vec<InstanceCenter>, AlgorithmError> {
    if !(anisotropy > 0.0 && anisotropy.is_finite()) {
        return Err(AlgorithmError::parameter(
            "anisotropy",
            anisotropy,
            "a number above 0",
        ));
    }
    let missing = 3 - shape_zyx(labels.shape()).map(|_| labels.ndim())?;
    let objects: Vec<_> = objects(labels)?.into_iter().collect();
    let centers = objects.into_par_iter().map(|(label, pixels)| {
        let center = match mode {
            CenterMode::Centroid => centroid(&pixels),
            CenterMode::ApproximateMedoid => pixels[approximate_medoid(&pixels, anisotropy)],
            CenterMode::Medoid => pixels[medoid(&pixels, anisotropy)],
        };
        let position = center[missing..].iter().map(|&at| at as usize).collect();
        InstanceCenter { label, position }
    });
    Ok(centers.collect())
}

/// A mask, shaped as the label map, of all [`instance_centers`].
///
/// # Errors
/// As [`instance_centers`].
pub fn center_image<D: Dimension>(
    labels: &ArrayView<'_, u32, D>,
    mode: CenterMode,
    anisotropy: f64,
) -> Result<Array<bool, D>, AlgorithmError> {
    let mut mask = Array::from_elem(labels.raw_dim(), false);
    let mut pixels = mask.view_mut().into_dyn();
    for center in instance_centers(labels, mode, anisotropy)? {
        pixels[center.position.as_slice()] = true;
    }
    Ok(mask)
}

/// The pixels of each label above 0, in raster order.
fn objects<D: Dimension>(
    labels: &ArrayView<'_, u32, D>,
) -> Result<BTreeMap<u32, Vec<Pixel>>, AlgorithmError> {
    let [_, height, width] = shape_zyx(labels.shape())?;
    let mut objects: BTreeMap<u32, Vec<Pixel>> = BTreeMap::new();
    for (index, &label) in labels.iter().enumerate() {
        if label > 0 {
            let (row, x) = (index / width, index % width);
            let pixel = [row / height, row % height, x].map(|at| at as f64);
            objects.entry(label).or_default().push(pixel);
        }
    }
    Ok(objects)
}

fn centroid(pixels: &[Pixel]) -> Pixel {
    [0, 1, 2].map(|axis| {
        let sum: f64 = pixels.iter().map(|pixel| pixel[axis]).sum();
        (sum / pixels.len() as f64).round_ties_even()
    })
}

fn approximate_medoid(pixels: &[Pixel], anisotropy: f64) -> usize {
    let medians = [0, 1, 2].map(|axis| median(pixels.iter().map(|pixel| pixel[axis]).collect()));
    let distances = pixels.iter().map(|pixel| {
        let [z, y, x] = [0, 1, 2].map(|axis| pixel[axis] - medians[axis]);
        x * x + y * y + (anisotropy * z).powi(2)
    });
    first_least(distances)
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if below.len() == middle && values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle]
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

/// Pixels whose sums of distances are added up together.
const BLOCK: usize = 64;

fn medoid(pixels: &[Pixel], anisotropy: f64) -> usize {
    let stretched: Vec<Pixel> = pixels
        .iter()
        .map(|&[z, y, x]| [z * anisotropy, y, x])
        .collect();
    let blocks = stretched.par_chunks(BLOCK);
    let sums: Vec<[f32; BLOCK]> = blocks
        .map(|block| sums_of_distances(block, &stretched))
        .collect();
    first_least(sums.as_flattened()[..pixels.len()].iter().copied())
}

/// The sum of distances of each pixel of a block to all pixels, added in the order of those.
fn sums_of_distances(block: &[Pixel], pixels: &[Pixel]) -> [f32; BLOCK] {
    let mut columns = [[0.0; BLOCK]; 3];
    for (at, pixel) in block.iter().enumerate() {
        for axis in 0..3 {
            columns[axis][at] = pixel[axis];
        }
    }
    let [zs, ys, xs] = &columns;
    let mut sums = [0.0f32; BLOCK];
    for [z, y, x] in pixels {
        for at in 0..BLOCK {
            let (dz, dy, dx) = (z - zs[at], y - ys[at], x - xs[at]);
            sums[at] += (dx * dx + dy * dy + dz * dz).sqrt() as f32;
        }
    }
    sums
}

fn first_least<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> usize {
    let mut least: Option<(usize, T)> = None;
    for (index, value) in values.enumerate() {
        if least.is_none_or(|(_, best)| value < best) {
            least = Some((index, value));
        }
    }
    least.map_or(0, |(index, _)| index)
}
