//! Reading a pair of label maps.

use coverslip_image::metrics::edge::boundary;
use coverslip_image::metrics::semantic::MaskOverlap;
use coverslip_image::{AlgorithmError, read_image};
use ndarray::{Array3, Axis};

use super::{EvaluateError, EvaluationPair};

/// The label maps `Z Y X` of a pair, of equal size.
pub(super) struct LabelPair {
    pub(super) prediction: Array3<u32>,
    pub(super) target: Array3<u32>,
}

impl LabelPair {
    pub(super) fn read(pair: &EvaluationPair) -> Result<Self, EvaluateError> {
        let prediction = read_image(&pair.prediction)?.to_labels_zyx()?;
        let target = read_image(&pair.target)?.to_labels_zyx()?;
        let shape = |labels: &Array3<u32>| {
            let (z, y, x) = labels.dim();
            [1, z, y, x]
        };
        same_size(pair, shape(&prediction), shape(&target))?;
        Ok(Self { prediction, target })
    }

    /// Overlap of all labels above 0.
    pub(super) fn foreground(&self) -> Result<MaskOverlap, AlgorithmError> {
        let mask = |labels: &Array3<u32>| labels.mapv(|label| label > 0);
        MaskOverlap::of(&mask(&self.prediction).view(), &mask(&self.target).view())
    }

    /// Overlap of the outlines of all labels above 0.
    ///
    /// An image of one section has no neighbours along z: its outline is that of the plane.
    pub(super) fn edges(&self) -> Result<MaskOverlap, AlgorithmError> {
        let edge = |labels: &Array3<u32>| {
            let mask = labels.mapv(|label| label > 0);
            if mask.len_of(Axis(0)) == 1 {
                boundary(&mask.index_axis(Axis(0), 0)).insert_axis(Axis(0))
            } else {
                boundary(&mask.view())
            }
        };
        MaskOverlap::of(&edge(&self.prediction).view(), &edge(&self.target).view())
    }
}

pub(super) fn same_size(
    pair: &EvaluationPair,
    prediction: [usize; 4],
    target: [usize; 4],
) -> Result<(), EvaluateError> {
    if prediction == target {
        return Ok(());
    }
    Err(EvaluateError::SizeMismatch {
        prediction: pair.prediction.clone(),
        prediction_shape: prediction,
        target: pair.target.clone(),
        target_shape: target,
    })
}

/// Ties a fault of an algorithm to the pair.
pub(super) fn of_pair(pair: &EvaluationPair) -> impl Fn(AlgorithmError) -> EvaluateError + use<'_> {
    |source| EvaluateError::Score {
        prediction: pair.prediction.clone(),
        source: Box::new(source),
    }
}
