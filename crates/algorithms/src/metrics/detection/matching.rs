//! Detections of one image and class, matched to its truths.

use crate::measure::coco::{BoundingBox, CocoError, Rle, box_iou, mask_iou};
use crate::metrics::instance::{self, OverlapTable};

/// A true or predicted object with its pixels.
pub(super) struct Object {
    mask: Rle,
    bounds: BoundingBox,
    traits: Traits,
}

/// What of an object decides on matches, its pixels apart.
#[derive(Clone, Copy)]
struct Traits {
    area: f64,
    crowd: bool,
    score: f64,
}

impl Object {
    /// `area` as the file states it decides on ranges, as in the reference.
    pub(super) fn truth(mask: Rle, area: Option<f64>, crowd: bool) -> Self {
        let traits = Traits {
            area: area.unwrap_or(mask.area() as f64),
            crowd,
            score: 0.0,
        };
        Self {
            bounds: mask.bounding_box(),
            mask,
            traits,
        }
    }

    pub(super) fn detection(mask: Rle, score: f64) -> Self {
        let mut object = Self::truth(mask, None, false);
        object.traits.score = score;
        object
    }
}

impl Traits {
    fn is_outside(&self, [low, high]: [f64; 2]) -> bool {
        self.area < low || self.area > high
    }
}

/// Truths and detections, with their overlaps.
pub(super) struct Pair {
    truths: Vec<Traits>,
    detections: Vec<Traits>,
    /// For each detection the truths it overlaps and by how much, by number of the truth.
    overlaps: Vec<Vec<(usize, f64)>>,
}

/// What became of the detections of an image.
pub(super) struct Matches {
    /// Scores, falling.
    pub(super) scores: Vec<f64>,
    /// For each threshold, what each detection is.
    pub(super) fates: Vec<Vec<Fate>>,
    /// Number of truths that count.
    pub(super) truths: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Hit,
    Miss,
    /// Matched to something that does not count, or itself outside the area range.
    Ignored,
}

impl Pair {
    /// Keeps the surest `most` detections.
    pub(super) fn new(
        truths: Vec<Object>,
        mut detections: Vec<Object>,
        most: usize,
    ) -> Result<Self, CocoError> {
        detections.sort_by(|a, b| b.traits.score.total_cmp(&a.traits.score));
        detections.truncate(most);
        let failed = |cause| CocoError::Segmentation {
            what: "a detection and a truth of one image".to_owned(),
            cause,
        };
        let overlaps = detections
            .iter()
            .map(|detection| {
                let mut overlaps = Vec::new();
                for (index, truth) in truths.iter().enumerate() {
                    let crowd = truth.traits.crowd;
                    if box_iou(detection.bounds, truth.bounds, crowd) > 0.0 {
                        let iou = mask_iou(&detection.mask, &truth.mask, crowd);
                        overlaps.push((index, iou.map_err(failed)?));
                    }
                }
                Ok(overlaps)
            })
            .collect::<Result<_, CocoError>>()?;
        let traits = |objects: Vec<Object>| objects.into_iter().map(|one| one.traits).collect();
        Ok(Self {
            truths: traits(truths),
            detections: traits(detections),
            overlaps,
        })
    }

    /// Keeps the `most` predicted objects with the lowest labels.
    pub(super) fn of_table(table: &OverlapTable, most: usize) -> Self {
        let traits = |object: &instance::Object| Traits {
            area: object.area as f64,
            crowd: false,
            score: 1.0,
        };
        let kept = table.prediction().len().min(most);
        let mut overlaps = vec![Vec::new(); kept];
        for overlap in table.overlaps() {
            if let Some(overlaps) = overlaps.get_mut(overlap.prediction) {
                overlaps.push((overlap.truth, table.iou(overlap)));
            }
        }
        Self {
            truths: table.truth().iter().map(traits).collect(),
            detections: table.prediction()[..kept].iter().map(traits).collect(),
            overlaps,
        }
    }

    pub(super) fn matches(&self, range: [f64; 2], thresholds: &[f64]) -> Matches {
        let ignored = |truth: &Traits| truth.crowd || truth.is_outside(range);
        let ignored: Vec<bool> = self.truths.iter().map(ignored).collect();
        let fates = thresholds
            .iter()
            .map(|&threshold| self.fates(range, &ignored, threshold.min(1.0 - 1e-10)));
        Matches {
            scores: self.detections.iter().map(|found| found.score).collect(),
            fates: fates.collect(),
            truths: ignored.iter().filter(|&&ignored| !ignored).count(),
        }
    }

    fn fates(&self, range: [f64; 2], ignored: &[bool], threshold: f64) -> Vec<Fate> {
        let mut taken = vec![false; self.truths.len()];
        let choose = |(detection, overlaps): (&Traits, &Vec<(usize, f64)>)| {
            // A truth that counts goes before one that does not, whatever they overlap.
            let best = [false, true].into_iter().find_map(|ignorable| {
                let free = overlaps.iter().filter(|(truth, _)| {
                    ignored[*truth] == ignorable && (!taken[*truth] || self.truths[*truth].crowd)
                });
                let mut best = None;
                let mut least = threshold;
                for &(truth, iou) in free {
                    if iou >= least {
                        (best, least) = (Some(truth), iou);
                    }
                }
                best
            });
            let Some(truth) = best else {
                return if detection.is_outside(range) {
                    Fate::Ignored
                } else {
                    Fate::Miss
                };
            };
            taken[truth] = true;
            if ignored[truth] {
                Fate::Ignored
            } else {
                Fate::Hit
            }
        };
        self.detections
            .iter()
            .zip(&self.overlaps)
            .map(choose)
            .collect()
    }
}
