//! Between annotations and label maps.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::annotation::{Annotation, Segmentation};
use super::outline::outlines;
use super::{CocoError, Rle};
use crate::AlgorithmError;

/// Which of several objects gets a pixel that they share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverlapRule {
    /// The last one of the file.
    #[default]
    LastWins,
    /// The first one of the file.
    FirstWins,
    /// The smallest one; the last of equal ones.
    SmallOnTop,
}

/// Settings of label maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToLabels {
    /// Which of several objects gets a pixel that they share.
    pub overlap: OverlapRule,
}

/// Objects as a label map.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMap {
    /// `[Y, X]`; an object's label is its position in the list plus 1. Crowds have no label.
    pub labels: Array2<u32>,
    /// How many objects, crowds apart, lie on each pixel; at most 255.
    pub overlap_count: Array2<u8>,
    /// The annotation's id of each label, label `i` at `i - 1`.
    pub ids: Vec<u64>,
}

/// The label map of an image's annotations.
///
/// # Errors
/// [`CocoError::Segmentation`] naming the annotation.
pub fn annotations_to_labels(
    annotations: &[Annotation],
    height: usize,
    width: usize,
    options: &ToLabels,
) -> Result<LabelMap, CocoError> {
    let mut masks: Vec<(u32, Rle)> = Vec::with_capacity(annotations.len());
    for (annotation, label) in annotations.iter().zip(1..) {
        if !annotation.iscrowd {
            masks.push((label, annotation.mask(height, width)?));
        }
    }
    match options.overlap {
        OverlapRule::LastWins => {}
        OverlapRule::FirstWins => masks.reverse(),
        OverlapRule::SmallOnTop => masks.sort_by_key(|(_, mask)| std::cmp::Reverse(mask.area())),
    }
    // Down the columns, as the runs are; turned once at the end.
    let mut labels = Array2::zeros((width, height));
    let mut overlap_count = Array2::zeros((width, height));
    for (label, mask) in &masks {
        paint(&mut labels, mask, |pixels| pixels.fill(*label));
        paint(&mut overlap_count, mask, |pixels: &mut [u8]| {
            for count in pixels {
                *count = count.saturating_add(1);
            }
        });
    }
    Ok(LabelMap {
        labels: labels.t().as_standard_layout().into_owned(),
        overlap_count: overlap_count.t().as_standard_layout().into_owned(),
        ids: annotations.iter().map(|annotation| annotation.id).collect(),
    })
}

/// The pixels that any annotation covers, crowds included or not.
///
/// # Errors
/// [`CocoError::Segmentation`] naming the annotation.
pub fn binary_mask(
    annotations: &[Annotation],
    height: usize,
    width: usize,
    include_crowds: bool,
) -> Result<Array2<bool>, CocoError> {
    let mut inside = Array2::from_elem((width, height), false);
    let chosen = |annotation: &&Annotation| include_crowds || !annotation.iscrowd;
    for annotation in annotations.iter().filter(chosen) {
        let mask = annotation.mask(height, width)?;
        paint(&mut inside, &mask, |pixels| pixels.fill(true));
    }
    Ok(inside.t().as_standard_layout().into_owned())
}

fn paint<T>(columns: &mut Array2<T>, mask: &Rle, mut run: impl FnMut(&mut [T])) {
    if let Some(pixels) = columns.as_slice_mut() {
        for (start, end) in mask.runs() {
            run(&mut pixels[start..end]);
        }
    }
}

/// Annotations of a label map `[Y, X]`, by ascending label; ids count up from `first_id`.
///
/// Objects are outlines along the pixels' edges, which become the same mask again; objects with
/// holes are compressed run lengths, as all are with `as_runs`.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for a map of more than 2^32 - 1 pixels.
pub fn labels_to_annotations(
    labels: &ArrayView2<'_, u32>,
    image_id: u64,
    category_id: u64,
    first_id: u64,
    as_runs: bool,
) -> Result<Vec<Annotation>, AlgorithmError> {
    let mut annotations = Vec::new();
    for ((label, [top, left, bottom, right]), id) in bounds(labels).into_iter().zip(first_id..) {
        let part = labels.slice(ndarray::s![top..bottom, left..right]);
        let part = part.mapv(|value| value == label);
        let mask = Rle::encode_part(&part.view(), [top, left], labels.dim())?;
        let lines = if as_runs {
            None
        } else {
            outlines(&part.view(), [top, left])
        };
        annotations.push(Annotation {
            id,
            image_id,
            category_id,
            segmentation: lines.map_or_else(|| Segmentation::from(&mask), Segmentation::Polygons),
            area: Some(mask.area() as f64),
            bbox: Some(mask.bounding_box()),
            iscrowd: false,
        });
    }
    Ok(annotations)
}

/// First and past-the-last row and column of each label: top, left, bottom, right.
fn bounds(labels: &ArrayView2<'_, u32>) -> BTreeMap<u32, [usize; 4]> {
    let mut bounds: BTreeMap<u32, [usize; 4]> = BTreeMap::new();
    for (y, row) in labels.outer_iter().enumerate() {
        let mut x = 0;
        let row = row.to_vec();
        for run in row.chunk_by(|a, b| a == b) {
            let (start, end) = (x, x + run.len());
            x = end;
            if run[0] != 0 {
                let of = bounds.entry(run[0]).or_insert([y, start, y + 1, end]);
                *of = [of[0], of[1].min(start), y + 1, of[3].max(end)];
            }
        }
    }
    bounds
}
