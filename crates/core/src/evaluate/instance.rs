//! Instance label maps.

use coverslip_image::AlgorithmError;
use coverslip_image::coco::{Annotation, labels_to_annotations};
use coverslip_image::metrics::instance::{
    AP_THRESHOLDS, DSB_THRESHOLDS, Matching, OverlapTable, simplified_iou,
};
use coverslip_image::metrics::semantic::MaskOverlap;
use ndarray::Array3;

use super::detection;
use super::labels::{LabelPair, of_pair};
use super::{EvaluateError, EvaluateOptions, EvaluationPair, Table};

/// What one image contributes.
pub(super) struct Measure {
    /// One a threshold of [`DSB_THRESHOLDS`], which begin with [`AP_THRESHOLDS`].
    matchings: Vec<Matching>,
    panoptic: Matching,
    foreground: MaskOverlap,
    /// In the order of [`SINGLE`], then the simplified score if it was asked for.
    single: Vec<f64>,
    objects: Objects,
}

/// The objects of both sides as COCO has them, and the size of the plane they lie on.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) size: (usize, usize),
    pub(super) prediction: Vec<Annotation>,
    pub(super) target: Vec<Annotation>,
}

/// Scores of an image that do not pool.
const SINGLE: [&str; 9] = [
    "sbd",
    "aji",
    "aji_plus",
    "seg",
    "adapted_rand_error",
    "voi",
    "voi_splits",
    "voi_merges",
    "count_difference",
];

/// `MMV_Im2Im` leaves out objects that touch so many outer pixels, and predictions of which less than
/// this share is covered.
const SIMPLIFIED: (usize, f64) = (5, 0.25);

pub(super) fn measure(
    pair: &EvaluationPair,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let labels = LabelPair::read(pair)?;
    let (prediction, target) = (labels.prediction.view(), labels.target.view());
    let table = OverlapTable::of(&prediction, &target).map_err(of_pair(pair))?;
    let matchings = DSB_THRESHOLDS
        .iter()
        .map(|&threshold| table.matching(threshold));
    let mut single = single(&table);
    if options.simplified {
        let (border, covered) = SIMPLIFIED;
        let found = simplified_iou(&prediction, &target, None, border, covered);
        let found = found.map_err(of_pair(pair))?;
        single.extend([found.score, found.counted as f64]);
    }
    Ok(Measure {
        matchings: matchings.collect::<Result<_, _>>().map_err(of_pair(pair))?,
        panoptic: table.panoptic_matching(),
        foreground: labels.foreground().map_err(of_pair(pair))?,
        single,
        objects: Objects::of(&labels).map_err(of_pair(pair))?,
    })
}

impl Objects {
    /// Sections of a stack are laid below each other: overlaps and sizes stay what they are.
    fn of(labels: &LabelPair) -> Result<Self, AlgorithmError> {
        let (depth, height, width) = labels.target.dim();
        let size = (depth * height, width);
        let annotations = |map: &Array3<u32>| {
            let plane = map.view().into_shape_with_order(size);
            let plane = plane.map_err(|_| AlgorithmError::Empty {
                what: "the label map",
            })?;
            labels_to_annotations(&plane, 0, 1, 1, true)
        };
        Ok(Self {
            size,
            prediction: annotations(&labels.prediction)?,
            target: annotations(&labels.target)?,
        })
    }
}

fn single(table: &OverlapTable) -> Vec<f64> {
    let (jaccard, voi) = (table.jaccard(), table.variation_of_information());
    vec![
        table.symmetric_dice().symmetric,
        jaccard.aggregated,
        jaccard.one_to_one,
        table.covered_jaccard(),
        table.adapted_rand().error,
        voi.splits + voi.merges,
        voi.splits,
        voi.merges,
        table.count_difference() as f64,
    ]
}

pub(super) fn table(
    measures: &[Measure],
    options: &EvaluateOptions,
) -> Result<Table, EvaluateError> {
    let core = columns();
    let mut pooled: Vec<(String, f64)> = Vec::new();
    if let Some(all) = measures
        .iter()
        .map(Measure::countable)
        .reduce(|all, one| all.pooled(&one))
    {
        let names = core.iter().map(|name| format!("{name}_pooled"));
        pooled.extend(names.zip(scores(&all)));
        pooled.extend(ap_to_95(&all).map(|(name, score)| (format!("{name}_pooled"), score)));
    }
    let objects = measures.iter().map(|one| &one.objects);
    pooled.extend(detection::of_labels(objects, options.detection)?);
    let mut columns = core;
    columns.extend(
        ["ap95", "ap_dsb"]
            .into_iter()
            .chain(SINGLE)
            .map(str::to_owned),
    );
    if options.simplified {
        columns.extend(["simplified_iou", "simplified_objects"].map(str::to_owned));
    }
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
    let row = |one: &Measure| {
        let mut row = scores(one);
        row.extend(ap_to_95(one).map(|(_, score)| score));
        row.extend(&one.single);
        row
    };
    Ok(Table {
        columns,
        rows: measures.iter().map(row).collect(),
        pooled,
        notes,
        confusion: None,
    })
}

/// The average precision at 0.95, and the mean over all thresholds.
fn ap_to_95(one: &Measure) -> [(&'static str, f64); 2] {
    let all = one.matchings.iter().map(Matching::average_precision);
    let all: Vec<f64> = all.collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    [("ap95", all[all.len() - 1]), ("ap_dsb", mean)]
}

impl Measure {
    /// What adds up over images.
    fn countable(&self) -> Self {
        Self {
            matchings: self.matchings.clone(),
            panoptic: self.panoptic,
            foreground: self.foreground,
            single: Vec::new(),
            objects: Objects::default(),
        }
    }

    fn pooled(&self, other: &Self) -> Self {
        let matchings = self.matchings.iter().zip(&other.matchings);
        Self {
            matchings: matchings.map(|(one, other)| one.pooled(other)).collect(),
            panoptic: self.panoptic.pooled(&other.panoptic),
            foreground: self.foreground.pooled(other.foreground),
            single: Vec::new(),
            objects: Objects::default(),
        }
    }
}

fn columns() -> Vec<String> {
    let mut columns: Vec<String> = AP_THRESHOLDS
        .iter()
        .map(|threshold| format!("ap{:.0}", threshold * 100.0))
        .collect();
    let rest = [
        "ap",
        "f1",
        "precision",
        "recall",
        "pq",
        "sq",
        "rq",
        "mean_matched_iou",
        "dice",
        "target_objects",
        "predicted_objects",
        "true_positives",
        "false_positives",
        "false_negatives",
    ];
    columns.extend(rest.map(str::to_owned));
    columns
}

/// Scores in the order of [`columns`].
fn scores(one: &Measure) -> Vec<f64> {
    let mut row: Vec<f64> = one.matchings[..AP_THRESHOLDS.len()]
        .iter()
        .map(Matching::average_precision)
        .collect();
    row.push(row.iter().sum::<f64>() / row.len() as f64);
    let half = &one.matchings[0];
    let quality = [half.f1(), half.precision(), half.recall()].into_iter();
    let panoptic = [
        one.panoptic.panoptic_quality(),
        one.panoptic.mean_matched(),
        one.panoptic.f1(),
    ];
    let quality = quality.chain(panoptic).chain([half.mean_matched()]);
    // Nothing to find and nothing found is right, as for the average precision.
    row.extend(quality.map(|score| if half.is_empty() { 1.0 } else { score }));
    row.push(one.foreground.dice());
    let [hits, extra, missed] = [
        half.true_positives,
        half.false_positives,
        half.false_negatives,
    ]
    .map(|count| count as f64);
    row.extend([hits + missed, hits + extra, hits, extra, missed]);
    row
}
