//! Scores of detections as COCO and LIVECell count them, from their files or from label maps.

use std::path::Path;

use coverslip_algorithms::measure::coco::{read_annotations, read_detections};
use coverslip_algorithms::metrics::detection::{
    DetectionOptions, DetectionScores, evaluate_detections, evaluate_label_maps,
};
use coverslip_algorithms::metrics::instance::OverlapTable;

use super::EvaluateError;
use super::scores::{Scores, named};

/// Whose limits of sizes and numbers apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DetectionRules {
    /// At most 100 detections an image; small below 32^2 pixels, large above 96^2.
    #[default]
    Coco,
    /// At most 2000 detections an image; small below 18^2 pixels, large above 31^2; no categories.
    Livecell,
}

impl DetectionRules {
    /// The rules as the command line has them.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Livecell => "livecell",
        }
    }

    fn options(self) -> DetectionOptions {
        match self {
            Self::Coco => DetectionOptions::default(),
            Self::Livecell => DetectionOptions::livecell(),
        }
    }
}

/// Average precision of detections in COCO's files: `prediction` is a list of results,
/// `target` a data set of annotations. Scores by name, NaN where there is no truth.
///
/// # Errors
/// [`EvaluateError::Coco`] for files that cannot be used.
pub fn evaluate_detection_files(
    prediction: &Path,
    target: &Path,
    rules: DetectionRules,
) -> Result<Vec<(String, f64)>, EvaluateError> {
    let (dataset, detections) = (read_annotations(target)?, read_detections(prediction)?);
    let found = evaluate_detections(&dataset, &detections, &rules.options())?;
    Ok(by_name(&found))
}

/// The same for label maps, of which the overlaps of each image are given: all objects are as sure
/// as each other, and those with the lowest labels go first.
pub(super) fn of_labels(
    images: &[&OverlapTable],
    rules: DetectionRules,
) -> Result<Scores, EvaluateError> {
    let found =
        evaluate_label_maps(images, &rules.options()).map_err(|source| EvaluateError::Format {
            what: "the scores of detections",
            problem: source.to_string(),
        })?;
    Ok(by_name(&found))
}

fn by_name(found: &DetectionScores) -> Scores {
    let scores = [
        ("coco_ap", found.average_precision(0)),
        ("coco_ap50", found.average_precision_at(0, 0.5)),
        ("coco_ap75", found.average_precision_at(0, 0.75)),
        ("coco_ap_small", found.average_precision(1)),
        ("coco_ap_medium", found.average_precision(2)),
        ("coco_ap_large", found.average_precision(3)),
        ("coco_ar", found.average_recall(0)),
        ("afnr", found.average_false_negative_ratio()),
    ];
    let defined = |(name, score): (_, Option<f64>)| (name, score.unwrap_or(f64::NAN));
    named(scores.map(defined)).collect()
}

pub(super) fn note(rules: DetectionRules) -> String {
    let limits = match rules {
        DetectionRules::Coco => "COCO's limits (100 detections an image)",
        DetectionRules::Livecell => "LIVECell's limits (2000 detections an image)",
    };
    format!(
        "coco_ap to coco_ar and afnr, the average false negative ratio, are over all images with \
         {limits}, every object with the same score"
    )
}
