//! Average precision and recall of scored objects, as COCO counts them (pycocotools' `COCOeval`
//! of masks).
//!
//! For networks without scores prefer [`super::instance`]: it needs none.

mod accumulate;
mod matching;

use std::collections::BTreeMap;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::coco::{CocoError, Dataset, Detection};
use crate::metrics::instance::OverlapTable;
pub use accumulate::{DetectionScores, RECALLS};
use accumulate::{Pooled, accumulate};
use matching::{Matches, Object, Pair};

/// What counts as found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectionOptions {
    /// Least intersection over union of a match, ascending; scores are means over them.
    pub iou_thresholds: Vec<f64>,
    /// How many detections an image may have, the surest first; ascending. Scores that name no
    /// other number use the last.
    pub max_detections: Vec<usize>,
    /// Smallest and largest area of the objects that count, in pixels: all, small, medium, large.
    pub area_ranges: Vec<[f64; 2]>,
    /// Whether a detection must have the truth's category.
    pub use_categories: bool,
}

impl Default for DetectionOptions {
    fn default() -> Self {
        Self {
            iou_thresholds: linspace(0.5, 0.95, 10),
            max_detections: vec![1, 10, 100],
            area_ranges: area_ranges([32.0 * 32.0, 96.0 * 96.0]),
            use_categories: true,
        }
    }
}

impl DetectionOptions {
    /// The settings released with LIVECell: up to 2000 detections an image, objects of below
    /// 18^2, to 31^2, and more pixels, and no categories.
    pub fn livecell() -> Self {
        Self {
            max_detections: vec![100, 500, 2000],
            area_ranges: area_ranges([18.0 * 18.0, 31.0 * 31.0]),
            use_categories: false,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), AlgorithmError> {
        let named = |name, got: String| {
            AlgorithmError::parameter(name, got, "a list that is not empty, ascending")
        };
        let share = |t: &f64| (0.0..=1.0).contains(t);
        let thresholds = &self.iou_thresholds;
        if thresholds.is_empty() || !thresholds.is_sorted() || !thresholds.iter().all(share) {
            return Err(named("iou_thresholds", format!("{thresholds:?}")));
        }
        let most = &self.max_detections;
        if most.is_empty() || !most.is_sorted() {
            return Err(named("max_detections", format!("{most:?}")));
        }
        let ranges = &self.area_ranges;
        if ranges.is_empty()
            || ranges
                .iter()
                .any(|[low, high]| low.is_nan() || high.is_nan() || low > high)
        {
            return Err(named("area_ranges", format!("{ranges:?}")));
        }
        Ok(())
    }
}

fn area_ranges([small, large]: [f64; 2]) -> Vec<[f64; 2]> {
    let most = 1e10;
    vec![[0.0, most], [0.0, small], [small, large], [large, most]]
}

/// `count` numbers from `start` to `stop`, rounded as NumPy rounds them.
fn linspace(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let step = (stop - start) / (count - 1) as f64;
    let inner = (0..count - 1).map(|i| i as f64 * step + start);
    inner.chain([stop]).collect()
}

/// Precision and recall of detections.
///
/// Detections are matched by falling score (the first of equal ones first), each to the free truth
/// it overlaps most. Crowds and objects outside the area range neither count as found nor as
/// missed.
///
/// # Errors
/// [`CocoError`] for references to images or categories that are not there, and for segmentations
/// that are no masks; [`CocoError::Segmentation`] also for settings outside their ranges and
/// scores that are NaN.
pub fn evaluate_detections(
    dataset: &Dataset,
    detections: &[Detection],
    options: &DetectionOptions,
) -> Result<DetectionScores, CocoError> {
    let settings = |cause| CocoError::Segmentation {
        what: "the settings".to_owned(),
        cause,
    };
    options.check().map_err(settings)?;
    dataset.check()?;
    dataset.check_detections(detections)?;
    let groups = group(dataset, detections, options)?;
    let most = options.max_detections.last().copied().unwrap_or(0);
    let pairs: Vec<(usize, Pair)> = groups
        .into_par_iter()
        .map(|((class, _), (truth, found))| Ok((class, Pair::new(truth, found, most)?)))
        .collect::<Result<_, CocoError>>()?;
    Ok(pooled(&pairs, class_count(dataset, options), options))
}

/// [`evaluate_detections`] of label maps, given the overlaps of each image: the objects are all of one
/// category and as sure as each other, so those with the lowest labels go first.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for settings outside their ranges.
pub fn evaluate_label_maps(
    images: &[&OverlapTable],
    options: &DetectionOptions,
) -> Result<DetectionScores, AlgorithmError> {
    options.check()?;
    let most = options.max_detections.last().copied().unwrap_or(0);
    let pairs: Vec<(usize, Pair)> = (images.iter())
        .map(|table| (0, Pair::of_table(table, most)))
        .collect();
    Ok(pooled(&pairs, 1, options))
}

/// The scores of all images, each with its class.
fn pooled(pairs: &[(usize, Pair)], classes: usize, options: &DetectionOptions) -> DetectionScores {
    let matched: Vec<(usize, Vec<Matches>)> = pairs
        .par_iter()
        .map(|(class, pair)| {
            let matches = options.area_ranges.iter();
            let matches = matches.map(|range| pair.matches(*range, &options.iou_thresholds));
            (*class, matches.collect())
        })
        .collect();
    let mut pooled = vec![vec![Pooled::default(); options.area_ranges.len()]; classes];
    for (class, matches) in &matched {
        for (pooled, matches) in pooled[*class].iter_mut().zip(matches) {
            pooled.images.push(matches);
        }
    }
    accumulate(&pooled, options)
}

fn class_count(dataset: &Dataset, options: &DetectionOptions) -> usize {
    if options.use_categories {
        dataset.categories.len()
    } else {
        1
    }
}

type Groups = BTreeMap<(usize, u64), (Vec<Object>, Vec<Object>)>;

/// Truths and detections of each class and image.
fn group(
    dataset: &Dataset,
    detections: &[Detection],
    options: &DetectionOptions,
) -> Result<Groups, CocoError> {
    let classes = dataset.classes();
    let sizes: BTreeMap<u64, (usize, usize)> = (dataset.images.iter())
        .map(|image| (image.id, (image.height, image.width)))
        .collect();
    let key = |category: u64, image: u64| {
        let class = classes.get(&category).copied().unwrap_or(0);
        (if options.use_categories { class } else { 0 }, image)
    };
    // Without categories objects are in the order of their categories, as in the reference.
    let mut annotations: Vec<_> = dataset.annotations.iter().collect();
    annotations.sort_by_key(|annotation| annotation.category_id);
    let mut found: Vec<(usize, &Detection)> = detections.iter().enumerate().collect();
    found.sort_by_key(|(_, detection)| detection.category_id);
    let truths: Vec<_> = annotations
        .par_iter()
        .map(|truth| {
            let (height, width) = sizes.get(&truth.image_id).copied().unwrap_or_default();
            let mask = truth.mask(height, width)?;
            let at = key(truth.category_id, truth.image_id);
            Ok((at, Object::truth(mask, truth.area, truth.iscrowd)))
        })
        .collect::<Result<_, CocoError>>()?;
    let found: Vec<_> = found
        .par_iter()
        .map(|&(index, detection)| {
            let (height, width) = sizes.get(&detection.image_id).copied().unwrap_or_default();
            let named = |cause| CocoError::Segmentation {
                what: format!("detection {}", index + 1),
                cause,
            };
            if detection.score.is_nan() {
                let fault = AlgorithmError::parameter("the score", "NaN", "a number");
                return Err(named(fault));
            }
            let mask = detection.segmentation.mask(height, width).map_err(named)?;
            let at = key(detection.category_id, detection.image_id);
            Ok((at, Object::detection(mask, detection.score)))
        })
        .collect::<Result<_, CocoError>>()?;
    let mut groups = Groups::new();
    for (at, truth) in truths {
        groups.entry(at).or_default().0.push(truth);
    }
    for (at, detection) in found {
        groups.entry(at).or_default().1.push(detection);
    }
    Ok(groups)
}

#[cfg(test)]
mod tests;
