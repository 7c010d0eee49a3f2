//! The simplified instance score of `MMV_Im2Im`.

use std::collections::BTreeSet;

use ndarray::{ArrayView, Axis, Dimension, Slice, Zip};
use serde::Serialize;

use super::table::OverlapTable;
use crate::AlgorithmError;
use crate::metrics::image::check_pair;

/// Keeps the released denominators: predicted area and union are never 0.
const AREA_EPSILON: f64 = 1e-7;
const UNION_EPSILON: f64 = 1e-6;

/// A score and the number of objects behind it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SimplifiedIou {
    /// Mean intersection over union of the counted objects; 0 without any.
    pub score: f64,
    /// Number of true objects that were counted. Objects that no prediction matched are not, so
    /// the score is optimistic: report this number beside it.
    pub counted: usize,
}

/// For each true object, the intersection over union with all predictions of which more than
/// `min_covered` lies inside it, taken together; averaged over the objects that have one.
///
/// True objects with a pixel in the outer `border` rows and columns (the last two axes) are left
/// out. Pixels where `exclusion` is true count as background on both sides.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`], or [`AlgorithmError::Rank`] for fewer than 2 axes.
pub fn simplified_iou<D: Dimension>(
    prediction: &ArrayView<'_, u32, D>,
    truth: &ArrayView<'_, u32, D>,
    exclusion: Option<&ArrayView<'_, bool, D>>,
    border: usize,
    min_covered: f64,
) -> Result<SimplifiedIou, AlgorithmError> {
    check_pair(prediction.shape(), truth.shape())?;
    if truth.ndim() < 2 {
        let expected = "at least 2";
        return Err(AlgorithmError::Rank {
            what: "the truth",
            got: truth.ndim(),
            expected,
        });
    }
    let (mut prediction, mut truth) = (prediction.to_owned(), truth.to_owned());
    if let Some(exclusion) = exclusion {
        check_pair(exclusion.shape(), truth.shape())?;
        Zip::from(&mut prediction)
            .and(&mut truth)
            .and(exclusion)
            .for_each(|p, t, &excluded| {
                if excluded {
                    (*p, *t) = (0, 0);
                }
            });
    }
    let [height, width] = [2, 1].map(|back| truth.shape()[truth.ndim() - back]);
    let touching = border_labels(&truth.view(), [0, 0], [height, width], border);
    let table = OverlapTable::of(&prediction.view(), &truth.view())?;
    Ok(table.simplified_iou(&touching, min_covered))
}

impl OverlapTable {
    /// [`simplified_iou`] of counted overlaps, without the true objects that `left_out` names.
    pub fn simplified_iou(&self, left_out: &BTreeSet<u32>, min_covered: f64) -> SimplifiedIou {
        let (mut sum, mut counted) = (0.0, 0);
        for pairs in self.overlaps().chunk_by(|a, b| a.truth == b.truth) {
            let truth = self.truth()[pairs[0].truth];
            if left_out.contains(&truth.label) {
                continue;
            }
            let (mut intersection, mut predicted) = (0, 0);
            for pair in pairs {
                let area = self.prediction()[pair.prediction].area;
                if pair.intersection as f64 / (area as f64 + AREA_EPSILON) > min_covered {
                    intersection += pair.intersection;
                    predicted += area;
                }
            }
            if predicted > 0 {
                let union = truth.area + predicted - intersection;
                sum += intersection as f64 / (union as f64 + UNION_EPSILON);
                counted += 1;
            }
        }
        SimplifiedIou {
            score: if counted == 0 {
                0.0
            } else {
                sum / counted as f64
            },
            counted,
        }
    }
}

/// The labels in the outer `border` rows and columns of an image of `size` (its last two axes), of
/// which `labels` is the part that begins at `origin`.
pub fn border_labels<D: Dimension>(
    labels: &ArrayView<'_, u32, D>,
    origin: [usize; 2],
    size: [usize; 2],
    border: usize,
) -> BTreeSet<u32> {
    let mut touching = BTreeSet::new();
    let first = labels.ndim().saturating_sub(2);
    for (axis, (origin, size)) in (first..labels.ndim()).zip(origin.into_iter().zip(size)) {
        let length = labels.shape()[axis];
        let low = border.saturating_sub(origin).min(length);
        let high = size
            .saturating_sub(border)
            .saturating_sub(origin)
            .min(length);
        for side in [0..low, high..length] {
            touching.extend(
                labels
                    .slice_axis(Axis(axis), Slice::from(side))
                    .iter()
                    .copied(),
            );
        }
    }
    touching
}
