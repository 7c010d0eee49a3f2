//! What people look at: the report of an evaluation and the curves of a training run.

mod curves;
mod figures;
mod page;
mod panels;
mod section;

use std::path::Path;

pub use curves::{CurvePoint, curves_svg};

use crate::{
    base::files::{create_folder, write_atomic},
    evaluate::{EvaluateError, Evaluation},
};

/// What a report says beside the scores.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions<'a> {
    /// Heading of the page.
    pub title: String,
    /// Folder of the images that were predicted, to show beside the predictions; files belong
    /// together by name.
    pub input: Option<&'a Path>,
    /// Facts below the heading, such as the model and the date, as name and value.
    pub facts: Vec<(String, String)>,
}

/// The report as one HTML page that needs no other file and no network: the main scores with
/// their intervals, a sortable table of all images, and pictures of up to 12 of them, the worst,
/// the middle and the best by the task's main score.
///
/// Pictures need the files of the evaluation to be still there.
///
/// # Errors
/// [`EvaluateError`] if one of them cannot be read.
pub fn report_html(
    evaluation: &Evaluation,
    options: &ReportOptions<'_>,
) -> Result<String, EvaluateError> {
    page::render(
        evaluation,
        options,
        panels::panels(evaluation, options.input)?,
    )
}

/// Writes `report.html`, `metrics.csv` and `summary.json` into a folder, which is created if it is
/// missing.
///
/// # Errors
/// [`EvaluateError`] if a picture cannot be read or the folder cannot be written.
pub fn write_report(
    folder: &Path,
    evaluation: &Evaluation,
    options: &ReportOptions<'_>,
) -> Result<(), EvaluateError> {
    create_folder(folder)?;
    evaluation.write(folder)?;
    let html = report_html(evaluation, options)?;
    write_atomic(&folder.join("report.html"), html.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests;
