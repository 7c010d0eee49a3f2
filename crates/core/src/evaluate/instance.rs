//! Instance label maps.

use coverslip_image::metrics::instance::{AP_THRESHOLDS, Matching, OverlapTable};
use coverslip_image::metrics::semantic::MaskOverlap;

use super::labels::{LabelPair, of_pair};
use super::{EvaluateError, EvaluationPair, Table};

/// What one image contributes.
#[derive(Clone)]
pub(super) struct Measure {
    /// One a threshold of [`AP_THRESHOLDS`].
    matchings: Vec<Matching>,
    panoptic: Matching,
    foreground: MaskOverlap,
}

pub(super) fn measure(pair: &EvaluationPair) -> Result<Measure, EvaluateError> {
    let labels = LabelPair::read(pair)?;
    let table = OverlapTable::of(&labels.prediction.view(), &labels.target.view())
        .map_err(of_pair(pair))?;
    let matchings = AP_THRESHOLDS
        .iter()
        .map(|&threshold| table.matching(threshold));
    Ok(Measure {
        matchings: matchings.collect::<Result<_, _>>().map_err(of_pair(pair))?,
        panoptic: table.panoptic_matching(),
        foreground: labels.foreground().map_err(of_pair(pair))?,
    })
}

pub(super) fn table(measures: &[Measure]) -> Table {
    let columns = columns();
    let mut pooled: Vec<(String, f64)> = Vec::new();
    if let Some(all) = measures.iter().cloned().reduce(|all, one| all.pooled(&one)) {
        let names = columns.iter().map(|name| format!("{name}_pooled"));
        pooled.extend(names.zip(scores(&all)));
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
    Table {
        columns,
        rows: measures.iter().map(scores).collect(),
        pooled,
        notes,
    }
}

impl Measure {
    fn pooled(&self, other: &Self) -> Self {
        let matchings = self.matchings.iter().zip(&other.matchings);
        Self {
            matchings: matchings.map(|(one, other)| one.pooled(other)).collect(),
            panoptic: self.panoptic.pooled(&other.panoptic),
            foreground: self.foreground.pooled(other.foreground),
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
    let mut row: Vec<f64> = one
        .matchings
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
