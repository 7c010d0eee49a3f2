//! Scores over all objects of an image without a threshold.

use serde::Serialize;

use super::table::{Overlap, OverlapTable};

/// Symmetric best Dice and its two halves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SymmetricDice {
    /// The smaller of both halves.
    pub symmetric: f64,
    /// Mean over true objects of the best Dice with a predicted one.
    pub of_truth: f64,
    /// Mean over predicted objects of the best Dice with a true one.
    pub of_prediction: f64,
}

/// Aggregated Jaccard index in both forms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Jaccard {
    /// Each true object takes its best prediction, which may serve several (Kumar et al. 2017).
    pub aggregated: f64,
    /// One to one, with the largest sum of intersection over union (AJI+).
    pub one_to_one: f64,
}

impl OverlapTable {
    /// Symmetric best Dice; 1 if neither side has an object, 0 if only one has.
    pub fn symmetric_dice(&self) -> SymmetricDice {
        if self.truth().is_empty() || self.prediction().is_empty() {
            let value = if self.is_empty() { 1.0 } else { 0.0 };
            return SymmetricDice {
                symmetric: value,
                of_truth: value,
                of_prediction: value,
            };
        }
        let mut truth = vec![0.0_f64; self.truth().len()];
        let mut prediction = vec![0.0_f64; self.prediction().len()];
        for overlap in self.overlaps() {
            let areas = self.union(overlap) + overlap.intersection;
            let dice = 2.0 * overlap.intersection as f64 / areas as f64;
            truth[overlap.truth] = truth[overlap.truth].max(dice);
            prediction[overlap.prediction] = prediction[overlap.prediction].max(dice);
        }
        let [of_truth, of_prediction] =
            [truth, prediction].map(|best| best.iter().sum::<f64>() / best.len() as f64);
        SymmetricDice {
            symmetric: of_truth.min(of_prediction),
            of_truth,
            of_prediction,
        }
    }

    /// Aggregated Jaccard index: pixels common to the pairs divided by the pixels in either
    /// object of a pair and in all objects without a partner. 1 if neither side has an object.
    pub fn jaccard(&self) -> Jaccard {
        Jaccard {
            aggregated: self.jaccard_of(&self.best_predictions()),
            one_to_one: self.jaccard_of(&self.assign(|_| 0.0)),
        }
    }

    /// Mean over true objects of the intersection over union with the prediction that covers more
    /// than half of it, 0 where there is none (SEG of the Cell Tracking Challenge). NaN without
    /// true objects.
    pub fn covered_jaccard(&self) -> f64 {
        let covers =
            |overlap: &&Overlap| 2 * overlap.intersection > self.truth()[overlap.truth].area;
        let sum: f64 = self
            .overlaps()
            .iter()
            .filter(covers)
            .map(|pair| self.iou(pair))
            .sum();
        sum / self.truth().len() as f64
    }

    /// For each true object that overlaps anything, the overlap with the largest intersection
    /// over union, the lowest label among equals.
    fn best_predictions(&self) -> Vec<&Overlap> {
        let mut best: Vec<&Overlap> = Vec::with_capacity(self.truth().len());
        for overlap in self.overlaps() {
            match best.last_mut() {
                Some(last) if last.truth == overlap.truth => {
                    if self.iou(overlap) > self.iou(last) {
                        *last = overlap;
                    }
                }
                _ => best.push(overlap),
            }
        }
        best
    }

    fn jaccard_of(&self, pairs: &[&Overlap]) -> f64 {
        if self.is_empty() {
            return 1.0;
        }
        let mut alone = [
            vec![true; self.truth().len()],
            vec![true; self.prediction().len()],
        ];
        let (mut intersection, mut union) = (0, 0);
        for pair in pairs {
            intersection += pair.intersection;
            union += self.union(pair);
            alone[0][pair.truth] = false;
            alone[1][pair.prediction] = false;
        }
        for (alone, objects) in alone.iter().zip([self.truth(), self.prediction()]) {
            let alone = objects.iter().zip(alone).filter(|&(_, &alone)| alone);
            union += alone.map(|(object, _)| object.area).sum::<u64>();
        }
        intersection as f64 / union as f64
    }
}
