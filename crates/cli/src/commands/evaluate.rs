//! `coverslip evaluate`

use coverslip::{
    error::Error,
    evaluate::{EvaluateOptions, Evaluation, Task, evaluate},
    report::{ReportOptions, write_report},
};
use serde_json::{Map, Value, json};

use crate::args::{EvaluateArguments, TaskName};
use crate::error::CliError;
use crate::printer::Printer;

/// Compares a folder of predictions with a folder of targets.
pub(crate) fn run(arguments: &EvaluateArguments, printer: Printer) -> Result<(), CliError> {
    let task = match arguments.task {
        TaskName::Semantic => Task::Semantic,
        TaskName::Instance => Task::Instance,
        TaskName::Image => Task::Image,
    };
    let options = EvaluateOptions {
        foreground: arguments.foreground,
        data_range: arguments.data_range,
        partial: arguments.partial,
        ..EvaluateOptions::new(task)
    };
    let evaluation =
        evaluate(&arguments.prediction, &arguments.target, &options).map_err(Error::from)?;
    for note in &evaluation.notes {
        printer.note(&format!("note: {note}"));
    }
    printer.text(&table(&evaluation));
    let mut result = figures(&evaluation);
    if let Some(folder) = &arguments.output {
        let title = format!("Evaluation of {}", arguments.prediction.display());
        let input = arguments.input.as_deref();
        let facts = vec![
            (
                "Predictions".to_owned(),
                arguments.prediction.display().to_string(),
            ),
            ("Targets".to_owned(), arguments.target.display().to_string()),
        ];
        let options = ReportOptions {
            title,
            input,
            facts,
        };
        write_report(folder, &evaluation, &options).map_err(Error::from)?;
        let report = folder.join("report.html");
        printer.text(&format!("\nreport  {}", report.display()));
        result.insert("report".to_owned(), json!(report));
    }
    printer.result(&result);
    Ok(())
}

/// The scores under plain names.
pub(super) fn figures(evaluation: &Evaluation) -> Map<String, Value> {
    let mut map: Map<String, Value> = evaluation
        .figures()
        .into_iter()
        .map(|(name, score)| (name, json!(score)))
        .collect();
    map.insert("images".to_owned(), json!(evaluation.rows.len()));
    map
}

/// Means over images with their intervals, and the pooled scores.
pub(super) fn table(evaluation: &Evaluation) -> String {
    let mut lines = vec![format!("{} images", evaluation.rows.len())];
    for (name, summary) in evaluation.columns.iter().zip(&evaluation.summary) {
        lines.push(format!(
            "  {name:24} {:>10.4}   95 % interval {:.4} to {:.4}",
            summary.mean, summary.low, summary.high
        ));
    }
    for (name, score) in &evaluation.pooled {
        lines.push(format!("  {name:24} {score:>10.4}   all images as one"));
    }
    lines.join("\n")
}
