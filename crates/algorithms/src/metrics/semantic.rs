//! Scores of class maps and masks.

use ndarray::{Array2, ArrayView, Dimension};
use serde::Serialize;

use super::image::check_pair;
use crate::AlgorithmError;

/// Pixels by true and predicted class; row: truth, column: prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    counts: Array2<u64>,
}

/// Scores of one class. A score whose denominator is 0 is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ClassScores {
    /// Share of the predicted pixels that are right.
    pub precision: f64,
    /// Share of the true pixels that were found.
    pub recall: f64,
    /// `2 tp / (2 tp + fp + fn)`: the harmonic mean of both, also called Dice.
    pub f1: f64,
    /// Intersection over union.
    pub iou: f64,
    /// Number of true pixels.
    pub support: u64,
}

impl Confusion {
    /// A table without pixels.
    pub fn empty(classes: usize) -> Self {
        Self {
            counts: Array2::zeros((classes, classes)),
        }
    }

    /// Counts the pixels of a pair of class maps with labels `0..classes`.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`], or [`AlgorithmError::LabelOutOfRange`] for a label that
    /// is not a class.
    pub fn of<P: Copy + Into<u32>, T: Copy + Into<u32>, D: Dimension>(
        prediction: &ArrayView<'_, P, D>,
        truth: &ArrayView<'_, T, D>,
        classes: usize,
    ) -> Result<Self, AlgorithmError> {
        check_pair(prediction.shape(), truth.shape())?;
        let mut counts = Array2::zeros((classes, classes));
        let outside = |what, label: u32| AlgorithmError::LabelOutOfRange {
            what,
            label: u64::from(label),
            classes,
        };
        for (&p, &t) in prediction.iter().zip(truth) {
            let (p, t): (u32, u32) = (p.into(), t.into());
            match counts.get_mut((t as usize, p as usize)) {
                Some(count) => *count += 1_u64,
                None if t as usize >= classes => return Err(outside("the truth", t)),
                None => return Err(outside("the prediction", p)),
            }
        }
        Ok(Self { counts })
    }

    /// Adds the pixels of another image.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`] for another number of classes.
    pub fn add(&mut self, other: &Self) -> Result<(), AlgorithmError> {
        check_pair(other.counts.shape(), self.counts.shape())?;
        self.counts += &other.counts;
        Ok(())
    }

    /// The same table with room for more classes; fewer are not taken away.
    pub fn widened(&self, classes: usize) -> Self {
        let mut wide = Self::empty(classes.max(self.classes()));
        for ((truth, prediction), &count) in self.counts.indexed_iter() {
            wide.counts[[truth, prediction]] = count;
        }
        wide
    }

    /// A class against all others, as masks; nothing for a class that is not in the table.
    pub fn mask_overlap(&self, class: usize) -> MaskOverlap {
        if class >= self.classes() {
            return MaskOverlap::default();
        }
        let [hits, extra, missed] = self.outcomes(class);
        MaskOverlap {
            intersection: hits,
            prediction: hits + extra,
            truth: hits + missed,
        }
    }

    /// The table.
    pub fn counts(&self) -> &Array2<u64> {
        &self.counts
    }

    /// Number of classes, background included.
    pub fn classes(&self) -> usize {
        self.counts.nrows()
    }

    /// True positives, false positives and false negatives of a class.
    fn outcomes(&self, class: usize) -> [u64; 3] {
        let hits = self.counts[[class, class]];
        [
            hits,
            self.counts.column(class).sum() - hits,
            self.counts.row(class).sum() - hits,
        ]
    }

    /// Scores of each class, 0 (background) first.
    pub fn per_class(&self) -> Vec<ClassScores> {
        (0..self.classes())
            .map(|class| ClassScores::of(self.outcomes(class)))
            .collect()
    }

    /// Unweighted mean over the classes from `first` on, absent classes counting with 0; 0 to
    /// include background, 1 to leave it out.
    pub fn macro_mean(&self, first: usize) -> ClassScores {
        let classes = self.per_class();
        let classes = classes.get(first..).unwrap_or(&[]);
        ClassScores::mean(classes, |_| 1.0)
    }

    /// Mean over all classes weighted by their number of true pixels. Some papers call the F1 of
    /// this the micro F1.
    pub fn weighted_mean(&self) -> ClassScores {
        ClassScores::mean(&self.per_class(), |class| class.support as f64)
    }

    /// Scores of all pixels of the classes from `first` on pooled. With background (`first` 0)
    /// precision, recall and F1 all equal the pixel accuracy.
    pub fn micro(&self, first: usize) -> ClassScores {
        let outcomes = (first..self.classes()).map(|class| self.outcomes(class));
        ClassScores::of(outcomes.fold([0; 3], |sum, next| [0, 1, 2].map(|i| sum[i] + next[i])))
    }

    /// Share of all pixels that have the right class; 0 without pixels.
    pub fn accuracy(&self) -> f64 {
        ratio(self.counts.diag().sum(), self.counts.sum())
    }
}

impl ClassScores {
    fn of([hits, extra, missed]: [u64; 3]) -> Self {
        Self {
            precision: ratio(hits, hits + extra),
            recall: ratio(hits, hits + missed),
            f1: ratio(2 * hits, 2 * hits + extra + missed),
            iou: ratio(hits, hits + extra + missed),
            support: hits + missed,
        }
    }

    fn mean(classes: &[Self], weight: impl Fn(&Self) -> f64) -> Self {
        let total: f64 = classes.iter().map(&weight).sum();
        let of = |score: fn(&Self) -> f64| {
            let sum: f64 = classes
                .iter()
                .map(|class| weight(class) * score(class))
                .sum();
            if total == 0.0 { 0.0 } else { sum / total }
        };
        Self {
            precision: of(|class| class.precision),
            recall: of(|class| class.recall),
            f1: of(|class| class.f1),
            iou: of(|class| class.iou),
            support: classes.iter().map(|class| class.support).sum(),
        }
    }
}

/// Overlap of two masks, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MaskOverlap {
    /// Pixels in both.
    pub intersection: u64,
    /// Pixels of the prediction.
    pub prediction: u64,
    /// Pixels of the truth.
    pub truth: u64,
}

impl MaskOverlap {
    /// Counts the pixels of a pair of masks.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`].
    pub fn of<D: Dimension>(
        prediction: &ArrayView<'_, bool, D>,
        truth: &ArrayView<'_, bool, D>,
    ) -> Result<Self, AlgorithmError> {
        check_pair(prediction.shape(), truth.shape())?;
        let mut overlap = Self::default();
        for (&p, &t) in prediction.iter().zip(truth) {
            overlap.intersection += u64::from(p && t);
            overlap.prediction += u64::from(p);
            overlap.truth += u64::from(t);
        }
        Ok(overlap)
    }

    /// The pixels of two images together.
    pub fn pooled(self, other: Self) -> Self {
        Self {
            intersection: self.intersection + other.intersection,
            prediction: self.prediction + other.prediction,
            truth: self.truth + other.truth,
        }
    }

    /// Precision, recall, F1 and intersection over union; 0 where the denominator is 0.
    pub fn scores(self) -> ClassScores {
        let hits = self.intersection;
        ClassScores::of([hits, self.prediction - hits, self.truth - hits])
    }

    /// `2 |A and B| / (|A| + |B|)`; 1 if both are empty.
    pub fn dice(self) -> f64 {
        let sizes = self.prediction + self.truth;
        if sizes == 0 {
            1.0
        } else {
            ratio(2 * self.intersection, sizes)
        }
    }

    /// Dice with 1e-6 added above and below, as in milesial's U-Net.
    pub fn smoothed_dice(self) -> f64 {
        let sizes = (self.prediction + self.truth) as f64;
        (2.0 * self.intersection as f64 + 1e-6) / (sizes + 1e-6)
    }

    /// Intersection over union; 1 if both are empty.
    pub fn iou(self) -> f64 {
        let union = self.prediction + self.truth - self.intersection;
        if union == 0 {
            1.0
        } else {
            ratio(self.intersection, union)
        }
    }
}

fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 {
        0.0
    } else {
        numerator as f64 / denominator as f64
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr1};

    use super::*;

    #[test]
    fn pooled_images_add_up() {
        let truth = arr1(&[0_u8, 1, 1, 2]);
        let prediction = arr1(&[0_u8, 1, 2, 2]);
        let mut pooled = Confusion::empty(3);
        for range in [0..2, 2..4] {
            let part = ndarray::s![range];
            let one = Confusion::of(&prediction.slice(part), &truth.slice(part), 3);
            pooled.add(&one.unwrap()).unwrap();
        }
        assert_eq!(
            pooled,
            Confusion::of(&prediction.view(), &truth.view(), 3).unwrap()
        );
        assert_eq!(pooled.accuracy(), 0.75);
        assert_eq!(pooled.micro(0).f1, 0.75);
    }

    #[test]
    fn labels_beyond_the_classes_are_named() {
        let (low, high) = (arr1(&[0_u16, 1]), arr1(&[0_u16, 7]));
        assert_eq!(
            Confusion::of(&low.view(), &high.view(), 2)
                .unwrap_err()
                .to_string(),
            "the truth has label 7, expected labels 0 to 1 for 2 classes"
        );
        let error = Confusion::of(&high.view(), &low.view(), 2).unwrap_err();
        assert!(error.to_string().starts_with("the prediction has label 7"));
    }

    #[test]
    fn empty_images_have_scores() {
        let empty = Array2::<u8>::zeros((0, 3));
        let confusion = Confusion::of(&empty.view(), &empty.view(), 2).unwrap();
        assert_eq!(
            (confusion.accuracy(), confusion.macro_mean(0).f1),
            (0.0, 0.0)
        );
        assert_eq!(confusion.macro_mean(5), ClassScores::default());
        let mask = empty.mapv(|pixel| pixel > 0);
        assert_eq!(
            MaskOverlap::of(&mask.view(), &mask.view()).unwrap().dice(),
            1.0
        );
    }
}
