//! The label maps of a part of a pair.

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::metrics::edge::boundary;
use coverslip_algorithms::metrics::semantic::MaskOverlap;
use ndarray::{Array3, ArrayView3, Axis};

use super::parts::Part;
use super::{EvaluateError, EvaluationPair};

/// The label maps `Z Y X` of a part, with its halo.
pub(super) struct LabelPair<'a> {
    part: &'a Part,
    prediction: Array3<u32>,
    target: Array3<u32>,
}

impl<'a> LabelPair<'a> {
    pub(super) fn of(part: &'a Part) -> Result<Self, EvaluateError> {
        let [prediction, target] = part.labels()?;
        Ok(Self {
            part,
            prediction,
            target,
        })
    }

    /// Makes one class of all labels above 0.
    pub(super) fn merge(&mut self) {
        self.prediction.mapv_inplace(|label| label.min(1));
        self.target.mapv_inplace(|label| label.min(1));
    }

    /// The prediction without the halo.
    pub(super) fn prediction(&self) -> ArrayView3<'_, u32> {
        self.part.core(&self.prediction)
    }

    /// The target without the halo.
    pub(super) fn target(&self) -> ArrayView3<'_, u32> {
        self.part.core(&self.target)
    }

    /// Overlap of all labels above 0.
    pub(super) fn foreground(&self) -> Result<MaskOverlap, AlgorithmError> {
        let mask = |labels: ArrayView3<'_, u32>| labels.mapv(|label| label > 0);
        MaskOverlap::of(&mask(self.prediction()).view(), &mask(self.target()).view())
    }

    /// Overlap of the outlines of all labels above 0; needs a halo of one pixel.
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
        let [prediction, target] = [edge(&self.prediction), edge(&self.target)];
        MaskOverlap::of(&self.part.core(&prediction), &self.part.core(&target))
    }
}

/// Ties a fault of an algorithm to the pair.
pub(super) fn of_pair(pair: &EvaluationPair) -> impl Fn(AlgorithmError) -> EvaluateError + use<'_> {
    |source| EvaluateError::Score {
        prediction: pair.prediction.clone(),
        source: Box::new(source),
    }
}
