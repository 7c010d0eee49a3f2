//! From matches to precision and recall.

use ndarray::{Array4, Array5, ArrayView1, Axis, s};

use super::DetectionOptions;
use super::matching::{Fate, Matches};

/// Number of recalls, 0 to 1, at which precision is read.
pub const RECALLS: usize = 101;

/// Matches of all images of a class, for one area range.
#[derive(Clone, Default)]
pub(super) struct Pooled<'a> {
    pub(super) images: Vec<&'a Matches>,
}

/// Precision and recall by threshold, class, area range and number of detections; -1 where there
/// is no truth.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionScores {
    /// `[threshold, recall, class, area range, number of detections]`: precision at [`RECALLS`]
    /// recalls from 0 to 1.
    pub precision: Array5<f64>,
    /// `[threshold, class, area range, number of detections]`: highest recall.
    pub recall: Array4<f64>,
    thresholds: Vec<f64>,
}

impl DetectionScores {
    /// Mean precision over thresholds, recalls and classes of an area range, with the most
    /// detections allowed; nothing without truths.
    pub fn average_precision(&self, area: usize) -> Option<f64> {
        self.precision_over(area, None)
    }

    /// [`DetectionScores::average_precision`] at one threshold; nothing if that was not evaluated.
    pub fn average_precision_at(&self, area: usize, threshold: f64) -> Option<f64> {
        self.precision_over(area, Some(threshold))
    }

    /// Mean of the highest recalls over thresholds and classes; nothing without truths.
    pub fn average_recall(&self, area: usize) -> Option<f64> {
        let last = self.recall.len_of(Axis(3)).checked_sub(1)?;
        if area >= self.recall.len_of(Axis(2)) {
            return None;
        }
        mean_defined(self.recall.slice(s![.., .., area, last]).iter())
    }

    /// The average false negative ratio of LIVECell: the mean over thresholds of the share of
    /// objects that were missed, with the most detections allowed.
    pub fn average_false_negative_ratio(&self) -> Option<f64> {
        self.average_recall(0).map(|recall| 1.0 - recall)
    }

    fn precision_over(&self, area: usize, threshold: Option<f64>) -> Option<f64> {
        let last = self.precision.len_of(Axis(4)).checked_sub(1)?;
        if area >= self.precision.len_of(Axis(3)) {
            return None;
        }
        let chosen = self.precision.slice(s![.., .., .., area, last]);
        match threshold {
            None => mean_defined(chosen.iter()),
            Some(wanted) => {
                let near = |t: &f64| (t - wanted).abs() < 1e-9;
                let index = self.thresholds.iter().position(near)?;
                mean_defined(chosen.index_axis(Axis(0), index).iter())
            }
        }
    }
}

fn mean_defined<'a>(values: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values.filter(|value| **value > -1.0) {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

pub(super) fn accumulate(
    classes: &[Vec<Pooled<'_>>],
    options: &DetectionOptions,
) -> DetectionScores {
    let thresholds = options.iou_thresholds.len();
    let (areas, limits) = (options.area_ranges.len(), options.max_detections.len());
    let shape = (thresholds, RECALLS, classes.len(), areas, limits);
    let mut precision = Array5::from_elem(shape, -1.0);
    let mut recall = Array4::from_elem((thresholds, classes.len(), areas, limits), -1.0);
    for (class, pooled) in classes.iter().enumerate() {
        for (area, pooled) in pooled.iter().enumerate() {
            let truths: usize = pooled.images.iter().map(|image| image.truths).sum();
            if truths == 0 {
                continue;
            }
            for (limit, &most) in options.max_detections.iter().enumerate() {
                let order = pooled.by_score(most);
                for threshold in 0..thresholds {
                    let curve = pooled.curve(&order, threshold, truths);
                    recall[[threshold, class, area, limit]] = curve.last_recall();
                    let row = ArrayView1::from(&curve.sampled()[..]).to_owned();
                    let mut at = precision.slice_mut(s![threshold, .., class, area, limit]);
                    at.assign(&row);
                }
            }
        }
    }
    DetectionScores {
        precision,
        recall,
        thresholds: options.iou_thresholds.clone(),
    }
}

impl Pooled<'_> {
    /// Image and number of each detection, by falling score; the order of images among equals.
    fn by_score(&self, most: usize) -> Vec<(usize, usize)> {
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (image, matches) in self.images.iter().enumerate() {
            order.extend((0..matches.scores.len().min(most)).map(|index| (image, index)));
        }
        let score = |&(image, index): &(usize, usize)| self.images[image].scores[index];
        order.sort_by(|a, b| score(b).total_cmp(&score(a)));
        order
    }

    fn curve(&self, order: &[(usize, usize)], threshold: usize, truths: usize) -> Curve {
        let (mut hits, mut misses) = (0, 0);
        let mut curve = Curve::default();
        for &(image, index) in order {
            match self.images[image].fates[threshold][index] {
                Fate::Hit => hits += 1,
                Fate::Miss => misses += 1,
                Fate::Ignored => {}
            }
            curve.recall.push(f64::from(hits) / truths as f64);
            let found = f64::from(hits) + f64::from(misses) + f64::EPSILON;
            curve.precision.push(f64::from(hits) / found);
        }
        for index in (1..order.len()).rev() {
            let next = curve.precision[index];
            let before = &mut curve.precision[index - 1];
            *before = before.max(next);
        }
        curve
    }
}

/// Recall, rising, and precision, made falling, along the detections.
#[derive(Default)]
struct Curve {
    recall: Vec<f64>,
    precision: Vec<f64>,
}

impl Curve {
    fn last_recall(&self) -> f64 {
        self.recall.last().copied().unwrap_or(0.0)
    }

    fn sampled(&self) -> Vec<f64> {
        let wanted = super::linspace(0.0, 1.0, RECALLS);
        let at = |wanted| self.recall.partition_point(|&recall| recall < wanted);
        let precision = |index: usize| self.precision.get(index).copied().unwrap_or(0.0);
        wanted
            .into_iter()
            .map(|wanted| precision(at(wanted)))
            .collect()
    }
}
