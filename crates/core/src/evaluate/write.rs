//! The table as CSV, the summary as JSON.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{EvaluateError, Evaluation, headline};
use crate::base::files::{create_folder, write_atomic};

pub(super) fn write(evaluation: &Evaluation, folder: &Path) -> Result<(), EvaluateError> {
    create_folder(folder)?;
    write_atomic(&folder.join("metrics.csv"), &csv(evaluation)?)?;
    let summary =
        serde_json::to_vec_pretty(&summary(evaluation)).map_err(|error| EvaluateError::Format {
            what: "summary",
            problem: error.to_string(),
        })?;
    write_atomic(&folder.join("summary.json"), &summary)?;
    if let Some(confusion) = &evaluation.confusion {
        write_atomic(&folder.join("confusion.csv"), confusion.csv().as_bytes())?;
        write_atomic(&folder.join("confusion.svg"), confusion.svg().as_bytes())?;
    }
    Ok(())
}

fn csv(evaluation: &Evaluation) -> Result<Vec<u8>, EvaluateError> {
    let failed = |problem: String| EvaluateError::Format {
        what: "table",
        problem,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = std::iter::once("image").chain(evaluation.columns.iter().map(String::as_str));
    writer
        .write_record(header)
        .map_err(|error| failed(error.to_string()))?;
    for row in &evaluation.rows {
        let scores = row.scores.iter().map(|&score| cell(score));
        let record = std::iter::once(row.pair.name.clone()).chain(scores);
        writer
            .write_record(record)
            .map_err(|error| failed(error.to_string()))?;
    }
    writer
        .into_inner()
        .map_err(|error| failed(error.to_string()))
}

/// Undefined scores are empty cells.
fn cell(score: f64) -> String {
    if score.is_nan() {
        String::new()
    } else {
        score.to_string()
    }
}

fn summary(evaluation: &Evaluation) -> Value {
    let columns = evaluation.columns.iter().zip(&evaluation.summary);
    let scores: Map<String, Value> = columns
        .map(|(name, summary)| (name.clone(), json!(summary)))
        .collect();
    let pooled: Map<String, Value> = evaluation
        .pooled
        .iter()
        .map(|(name, score)| (name.clone(), json!(score)))
        .collect();
    json!({
        "task": evaluation.task,
        "images": evaluation.rows.len(),
        "headline": headline(evaluation.task),
        "scores": scores,
        "pooled": pooled,
        "bootstrap": evaluation.bootstrap,
        "notes": evaluation.notes,
    })
}
