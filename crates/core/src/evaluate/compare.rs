//! Two sets of predictions of the same targets.

use std::collections::BTreeMap;
use std::path::Path;

use super::{EvaluateError, Evaluation, Summary};
use crate::base::files::{create_folder, write_atomic};

/// How much better or worse a score is, image by image.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The score.
    pub column: String,
    /// Of the first minus the second evaluation, over the images that both have a score for.
    pub summary: Summary,
}

/// Paired differences of all scores that both evaluations have: images are resampled as pairs,
/// so that what is hard for both does not widen the interval.
pub fn compare(first: &Evaluation, second: &Evaluation) -> Vec<Difference> {
    let others: BTreeMap<&str, &[f64]> = (second.rows.iter())
        .map(|row| (row.pair.name.as_str(), row.scores.as_slice()))
        .collect();
    let difference = |(at, column): (usize, &String)| {
        let other = second.columns.iter().position(|name| name == column)?;
        let differences: Vec<f64> = (first.rows.iter())
            .filter_map(|row| Some((row.scores[at], others.get(row.pair.name.as_str())?[other])))
            .map(|(one, other)| if one == other { 0.0 } else { one - other })
            .collect();
        Some(Difference {
            column: column.clone(),
            summary: Summary::of(&differences, &first.bootstrap),
        })
    };
    first
        .columns
        .iter()
        .enumerate()
        .filter_map(difference)
        .collect()
}

/// Writes `comparison.csv` into a folder, which is created if it is missing.
///
/// # Errors
/// [`EvaluateError::File`] if the folder cannot be written.
pub fn write_comparison(folder: &Path, differences: &[Difference]) -> Result<(), EvaluateError> {
    create_folder(folder)?;
    let mut text = "score,mean_difference,sd,low,high,images\n".to_owned();
    for Difference { column, summary } in differences {
        let numbers = [summary.mean, summary.sd, summary.low, summary.high];
        let numbers = numbers.map(|value| value.to_string()).join(",");
        text.extend([
            column.as_str(),
            ",",
            &numbers,
            ",",
            &summary.images.to_string(),
            "\n",
        ]);
    }
    write_atomic(&folder.join("comparison.csv"), text.as_bytes())?;
    Ok(())
}
