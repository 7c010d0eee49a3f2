//! One-to-one matching at a threshold of the intersection over union.

use serde::Serialize;

use super::assignment::maximum_assignment;
use super::table::{Overlap, OverlapTable};
use crate::AlgorithmError;

/// 0.5 to 0.9 in steps of 0.05.
pub const AP_THRESHOLDS: [f64; 9] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

/// 0.5 to 0.95 in steps of 0.05, the thresholds of the 2018 Data Science Bowl.
pub const DSB_THRESHOLDS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// Steps into which an intersection over union of 1 is divided when sums are compared.
const IOU_STEPS: f64 = (1_u64 << 50) as f64;

/// Outcome of a matching. Scores whose denominator is 0 are 0 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Matching {
    /// Threshold of the intersection over union.
    pub threshold: f64,
    /// Matched pairs.
    pub true_positives: u64,
    /// Predicted objects without a partner.
    pub false_positives: u64,
    /// True objects without a partner.
    pub false_negatives: u64,
    /// Sum of the intersection over union of the matched pairs.
    pub iou_sum: f64,
}

impl OverlapTable {
    /// Matches objects whose intersection over union is at least `threshold`.
    ///
    /// The assignment is one to one, with as many pairs that pass as possible, and among those the
    /// largest sum of intersection over union over all assigned pairs (as in `StarDist`).
    /// Above 0.5 no other choice exists.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a threshold outside 0 to 1 (0 excluded).
    pub fn matching(&self, threshold: f64) -> Result<Matching, AlgorithmError> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            let expected = "above 0 and at most 1";
            return Err(AlgorithmError::parameter(
                "the IoU threshold",
                threshold,
                expected,
            ));
        }
        let passes = |overlap: &&Overlap| self.iou(overlap) >= threshold;
        if threshold > 0.5 {
            return Ok(self.outcome(threshold, self.overlaps().iter().filter(passes)));
        }
        let best = self.assign(|iou| f64::from(u8::from(iou >= threshold)));
        Ok(self.outcome(threshold, best.into_iter().filter(passes)))
    }

    /// Matches objects whose intersection over union is above 0.5, as the panoptic quality asks
    /// (Kirillov et al. 2019): PQ is [`Matching::panoptic_quality`], SQ [`Matching::mean_matched`]
    /// and RQ [`Matching::f1`].
    pub fn panoptic_matching(&self) -> Matching {
        self.outcome(
            0.5,
            self.overlaps()
                .iter()
                .filter(|overlap| self.iou(overlap) > 0.5),
        )
    }

    /// Mean average precision over [`DSB_THRESHOLDS`]; 1 if neither side has an object.
    pub fn dsb_score(&self) -> f64 {
        let scores =
            DSB_THRESHOLDS.map(|t| self.matching(t).map_or(f64::NAN, |m| m.average_precision()));
        scores.iter().sum::<f64>() / scores.len() as f64
    }

    /// The one-to-one assignment that maximises first the sum of `rank` (whole numbers), then the
    /// sum of intersection over union.
    pub(super) fn assign(&self, rank: impl Fn(f64) -> f64) -> Vec<&Overlap> {
        // One rank outweighs the intersection over union of all pairs together.
        let step = 2.0 * IOU_STEPS * (self.truth().len() as f64 + 1.0);
        let mut rows = vec![Vec::new(); self.truth().len()];
        for overlap in self.overlaps() {
            let iou = self.iou(overlap);
            let weight = (iou * IOU_STEPS).round() as i128 + (rank(iou) * step) as i128;
            rows[overlap.truth].push((overlap.prediction, weight));
        }
        let columns = maximum_assignment(&rows, self.prediction().len());
        let chosen = |overlap: &&Overlap| columns[overlap.truth] == Some(overlap.prediction);
        self.overlaps().iter().filter(chosen).collect()
    }

    fn outcome<'a>(&self, threshold: f64, pairs: impl Iterator<Item = &'a Overlap>) -> Matching {
        let (count, iou_sum) = pairs.fold((0, 0.0), |(count, sum), pair| {
            (count + 1, sum + self.iou(pair))
        });
        Matching {
            threshold,
            true_positives: count,
            false_positives: self.prediction().len() as u64 - count,
            false_negatives: self.truth().len() as u64 - count,
            iou_sum,
        }
    }
}

impl Matching {
    /// Whether neither side had an object.
    pub fn is_empty(&self) -> bool {
        self.true_positives + self.false_positives + self.false_negatives == 0
    }

    /// The outcome of two images together.
    pub fn pooled(&self, other: &Self) -> Self {
        Self {
            threshold: self.threshold,
            true_positives: self.true_positives + other.true_positives,
            false_positives: self.false_positives + other.false_positives,
            false_negatives: self.false_negatives + other.false_negatives,
            iou_sum: self.iou_sum + other.iou_sum,
        }
    }

    /// `tp / (tp + fp + fn)`; 1 if neither side had an object, since nothing was to be found and
    /// nothing was. Other libraries give 0 there: see [`Matching::average_precision_or`].
    pub fn average_precision(&self) -> f64 {
        self.average_precision_or(1.0)
    }

    /// [`Matching::average_precision`] with another value for images without any object.
    pub fn average_precision_or(&self, when_empty: f64) -> f64 {
        let all = self.true_positives + self.false_positives + self.false_negatives;
        if all == 0 {
            when_empty
        } else {
            self.true_positives as f64 / all as f64
        }
    }

    /// Share of the predicted objects that matched.
    pub fn precision(&self) -> f64 {
        quotient(
            self.true_positives as f64,
            (self.true_positives + self.false_positives) as f64,
        )
    }

    /// Share of the true objects that matched.
    pub fn recall(&self) -> f64 {
        quotient(self.true_positives as f64, self.truth_count() as f64)
    }

    /// `tp / (tp + fp/2 + fn/2)`, also the recognition quality.
    pub fn f1(&self) -> f64 {
        quotient(self.true_positives as f64, self.half_errors())
    }

    /// Mean intersection over union of the matched pairs, also the segmentation quality.
    pub fn mean_matched(&self) -> f64 {
        quotient(self.iou_sum, self.true_positives as f64)
    }

    /// Sum of intersection over union divided by the number of true objects.
    pub fn mean_true(&self) -> f64 {
        quotient(self.iou_sum, self.truth_count() as f64)
    }

    /// Sum of intersection over union divided by `tp + fp/2 + fn/2`.
    pub fn panoptic_quality(&self) -> f64 {
        quotient(self.iou_sum, self.half_errors())
    }

    fn truth_count(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    fn half_errors(&self) -> f64 {
        self.true_positives as f64 + (self.false_positives + self.false_negatives) as f64 / 2.0
    }
}

fn quotient(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        0.0
    } else {
        numerator / denominator
    }
}
