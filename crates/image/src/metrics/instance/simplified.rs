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
    let touching = border_labels(&truth.view(), border);
    truth.mapv_inplace(|label| if touching.contains(&label) { 0 } else { label });
    Ok(mean_union_iou(
        &OverlapTable::of(&prediction.view(), &truth.view())?,
        min_covered,
    ))
}

fn mean_union_iou(table: &OverlapTable, min_covered: f64) -> SimplifiedIou {
    let (mut sum, mut counted) = (0.0, 0);
    for pairs in table.overlaps().chunk_by(|a, b| a.truth == b.truth) {
        let covered = pairs.iter().filter(|pair| {
            let area = table.prediction()[pair.prediction].area as f64 + AREA_EPSILON;
            pair.intersection as f64 / area > min_covered
        });
        let (mut intersection, mut predicted) = (0, 0);
        for pair in covered {
            intersection += pair.intersection;
            predicted += table.prediction()[pair.prediction].area;
        }
        if predicted > 0 {
            let union = table.truth()[pairs[0].truth].area + predicted - intersection;
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

fn border_labels<D: Dimension>(labels: &ArrayView<'_, u32, D>, border: usize) -> BTreeSet<u32> {
    let mut touching = BTreeSet::new();
    for axis in labels.ndim() - 2..labels.ndim() {
        let length = labels.shape()[axis];
        let width = border.min(length);
        for side in [0..width, length - width..length] {
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
