//! Instance label maps.

use std::collections::BTreeSet;

use coverslip_algorithms::metrics::instance::{
    AP_THRESHOLDS, DSB_THRESHOLDS, Matching, OverlapTable, border_labels,
};
use coverslip_algorithms::metrics::semantic::MaskOverlap;

use super::detection;
use super::labels::{LabelPair, of_pair};
use super::parts::{Part, Parts};
use super::scores::{Scores, named, with_ending};
use super::{EvaluateError, EvaluateOptions, EvaluationPair, Table};

/// What one image contributes.
pub(super) struct Measure {
    /// One a threshold of [`DSB_THRESHOLDS`], which begin with [`AP_THRESHOLDS`].
    matchings: Vec<Matching>,
    panoptic: Matching,
    foreground: MaskOverlap,
    /// Scores that do not pool, then the simplified score if it was asked for.
    single: Scores,
    overlaps: OverlapTable,
}

/// `MMV_Im2Im` leaves out objects that reach into so many outer rows and columns,
const SIMPLIFIED_BORDER_PIXELS: usize = 5;
/// and predictions of which less than this share is covered.
const SIMPLIFIED_COVERED_SHARE: f64 = 0.25;

/// Bytes of working memory per voxel: two label maps and what they are converted from.
const BYTES_PER_VOXEL: usize = 40;

pub(super) fn measure(
    pair: &EvaluationPair,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let parts = Parts::open(pair, options.memory, BYTES_PER_VOXEL, 0)?;
    let measures = parts.map(|part| measure_part(pair, part, parts.shape()))?;
    let mut foreground = MaskOverlap::default();
    let mut tables = Vec::with_capacity(measures.len());
    let mut touching = BTreeSet::new();
    for one in measures {
        foreground = foreground.pooled(one.foreground);
        tables.push(one.overlaps);
        touching.extend(one.touching);
    }
    let overlaps = OverlapTable::joined(tables);
    let matchings = (DSB_THRESHOLDS.iter()).map(|&threshold| overlaps.matching(threshold));
    let mut single = single(&overlaps);
    if options.simplified {
        let found = overlaps.simplified_iou(&touching, SIMPLIFIED_COVERED_SHARE);
        single.extend(named([
            ("simplified_iou", found.score),
            ("simplified_objects", found.counted as f64),
        ]));
    }
    Ok(Measure {
        matchings: matchings.collect::<Result<_, _>>().map_err(of_pair(pair))?,
        panoptic: overlaps.panoptic_matching(),
        foreground,
        single,
        overlaps,
    })
}

/// What one part of an image contributes.
struct PartMeasure {
    overlaps: OverlapTable,
    foreground: MaskOverlap,
    /// True labels near the border of the image.
    touching: BTreeSet<u32>,
}

fn measure_part(
    pair: &EvaluationPair,
    part: &Part,
    [_, _, height, width]: [usize; 4],
) -> Result<PartMeasure, EvaluateError> {
    let labels = LabelPair::of(part)?;
    let [_, y, x] = part.origin();
    let overlaps = OverlapTable::of(&labels.prediction(), &labels.target());
    Ok(PartMeasure {
        overlaps: overlaps.map_err(of_pair(pair))?,
        foreground: labels.foreground().map_err(of_pair(pair))?,
        touching: border_labels(
            &labels.target(),
            [y, x],
            [height, width],
            SIMPLIFIED_BORDER_PIXELS,
        ),
    })
}

/// Scores of an image that do not pool.
fn single(table: &OverlapTable) -> Scores {
    let (jaccard, voi) = (table.jaccard(), table.variation_of_information());
    let scores = [
        ("sbd", table.symmetric_dice().symmetric),
        ("aji", jaccard.aggregated),
        ("aji_plus", jaccard.one_to_one),
        ("seg", table.covered_jaccard()),
        ("adapted_rand_error", table.adapted_rand().error),
        ("voi", voi.splits + voi.merges),
        ("voi_splits", voi.splits),
        ("voi_merges", voi.merges),
        ("count_difference", table.count_difference() as f64),
    ];
    named(scores).collect()
}

pub(super) fn table(
    measures: &[Measure],
    options: &EvaluateOptions,
) -> Result<Table, EvaluateError> {
    let mut pooled = Scores::new();
    if let Some(all) = measures
        .iter()
        .map(Measure::countable)
        .reduce(|all, one| all.pooled(&one))
    {
        let all = scores(&all).into_iter().chain(ap_to_95(&all)).collect();
        pooled.extend(with_ending(all, "_pooled"));
    }
    let tables = measures.iter().map(|one| &one.overlaps).collect::<Vec<_>>();
    pooled.extend(detection::of_labels(&tables, options.detection)?);
    let empty = measures
        .iter()
        .filter(|one| one.panoptic.is_empty())
        .count();
    let mut notes = vec![
        "ap50 to ap90 are TP / (TP + FP + FN) with pairs matched at an intersection over union of \
         at least 0.50 to 0.90; ap is the mean of the nine"
            .to_owned(),
        "f1, precision, recall and mean_matched_iou are at 0.50; pq, sq and rq count pairs above \
         0.50"
            .to_owned(),
        "scores ending in _pooled count the objects of all images together".to_owned(),
    ];
    if empty > 0 {
        notes.push(format!(
            "{empty} images have no object on either side and score 1"
        ));
    }
    notes.push(
        "ap_dsb is the mean of ap50 to ap95; sbd is the symmetric best Dice, aji the aggregated \
         Jaccard index (aji_plus: one to one), seg that of the Cell Tracking Challenge, voi the \
         variation of information in bits"
            .to_owned(),
    );
    notes.push(detection::note(options.detection));
    if options.simplified {
        notes.push(
            "simplified_iou counts only the objects that a prediction matched \
             (simplified_objects), so it is optimistic"
                .to_owned(),
        );
    }
    let of_image = |one: &Measure| {
        let mut all = scores(one);
        all.extend(ap_to_95(one));
        all.extend_from_slice(&one.single);
        all
    };
    Ok(Table {
        images: measures.iter().map(of_image).collect(),
        pooled,
        notes,
        confusion: None,
    })
}

/// The average precision at 0.95, and the mean over all thresholds.
fn ap_to_95(one: &Measure) -> impl Iterator<Item = (String, f64)> {
    let all = one.matchings.iter().map(Matching::average_precision);
    let all: Vec<f64> = all.collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    named([("ap95", all[all.len() - 1]), ("ap_dsb", mean)])
}

impl Measure {
    /// What adds up over images.
    fn countable(&self) -> Self {
        Self {
            matchings: self.matchings.clone(),
            panoptic: self.panoptic,
            foreground: self.foreground,
            single: Vec::new(),
            overlaps: OverlapTable::default(),
        }
    }

    fn pooled(&self, other: &Self) -> Self {
        let matchings = self.matchings.iter().zip(&other.matchings);
        Self {
            matchings: matchings.map(|(one, other)| one.pooled(other)).collect(),
            panoptic: self.panoptic.pooled(&other.panoptic),
            foreground: self.foreground.pooled(other.foreground),
            single: Vec::new(),
            overlaps: OverlapTable::default(),
        }
    }
}

/// The scores of an image that pool.
fn scores(one: &Measure) -> Scores {
    let precisions = one.matchings[..AP_THRESHOLDS.len()]
        .iter()
        .map(Matching::average_precision);
    let precisions: Vec<f64> = precisions.collect();
    let mean = precisions.iter().sum::<f64>() / precisions.len() as f64;
    let mut scores: Scores = AP_THRESHOLDS
        .iter()
        .map(|threshold| format!("ap{:.0}", threshold * 100.0))
        .zip(precisions)
        .collect();
    scores.extend(named([("ap", mean)]));
    let half = &one.matchings[0];
    let quality = [
        ("f1", half.f1()),
        ("precision", half.precision()),
        ("recall", half.recall()),
        ("pq", one.panoptic.panoptic_quality()),
        ("sq", one.panoptic.mean_matched()),
        ("rq", one.panoptic.f1()),
        ("mean_matched_iou", half.mean_matched()),
    ];
    // Nothing to find and nothing found is right, as for the average precision.
    let or_right = |score: f64| if half.is_empty() { 1.0 } else { score };
    scores.extend(named(quality).map(|(name, score)| (name, or_right(score))));
    let [hits, extra, missed] = [
        half.true_positives,
        half.false_positives,
        half.false_negatives,
    ]
    .map(|count| count as f64);
    scores.extend(named([
        ("dice", one.foreground.dice()),
        ("target_objects", hits + missed),
        ("predicted_objects", hits + extra),
        ("true_positives", hits),
        ("false_positives", extra),
        ("false_negatives", missed),
    ]));
    scores
}
