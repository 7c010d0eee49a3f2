//! `coverslip evaluate`

use coverslip::{
    base::{
        error::Error,
        files::{create_folder, write_atomic},
    },
    evaluate::{
        Difference, EvaluateOptions, Evaluation, Summary, compare, evaluate,
        evaluate_detection_files, evaluate_features, main_columns,
        report::{ReportOptions, write_report},
        write_comparison,
    },
    names::TargetKind,
};
use serde_json::{Map, Value, json};

use crate::args::{Compared, EvaluateArguments};
use crate::error::CliError;
use crate::printer::Printer;

/// Compares predictions with targets.
pub(crate) fn run(arguments: &EvaluateArguments, printer: Printer) -> Result<(), CliError> {
    let is_json = (arguments.prediction.extension()).is_some_and(|extension| extension == "json");
    let task = match arguments.task {
        Compared::Images(TargetKind::Instance) if is_json => {
            return detections(arguments, printer);
        }
        Compared::Images(task) => task,
        Compared::Features => return distribution(arguments, printer),
    };
    let options = EvaluateOptions {
        foreground: arguments.foreground,
        data_range: arguments.data_range,
        detection: arguments.detection,
        simplified: arguments.simplified_iou,
        partial: arguments.partial,
        memory: arguments.memory,
        ..EvaluateOptions::new(task)
    };
    let evaluation =
        evaluate(&arguments.prediction, &arguments.target, &options).map_err(Error::from)?;
    for note in &evaluation.notes {
        printer.note(&format!("note: {note}"));
    }
    printer.text(&table(&evaluation));
    let mut result = figures(&evaluation);
    if let Some(folder) = &arguments.compare {
        let other = evaluate(folder, &arguments.target, &options).map_err(Error::from)?;
        let differences = compare(&evaluation, &other);
        printer.text(&comparison(&differences, task));
        let named = differences
            .iter()
            .map(|one| (one.column.clone(), json!(one.summary)));
        result.insert(
            "differences".to_owned(),
            named.collect::<Map<_, _>>().into(),
        );
        if let Some(output) = &arguments.output {
            write_comparison(output, &differences).map_err(Error::from)?;
        }
    }
    if arguments.output.is_some() {
        report(arguments, &evaluation, printer, &mut result)?;
    }
    printer.result(&result);
    Ok(())
}

fn report(
    arguments: &EvaluateArguments,
    evaluation: &Evaluation,
    printer: Printer,
    result: &mut Map<String, Value>,
) -> Result<(), CliError> {
    let Some(folder) = &arguments.output else {
        return Ok(());
    };
    let fact = |name: &str, path: &std::path::Path| (name.to_owned(), path.display().to_string());
    let options = ReportOptions {
        title: format!("Evaluation of {}", arguments.prediction.display()),
        input: arguments.input.as_deref(),
        facts: vec![
            fact("Predictions", &arguments.prediction),
            fact("Targets", &arguments.target),
        ],
    };
    write_report(folder, evaluation, &options).map_err(Error::from)?;
    let report = folder.join("report.html");
    printer.text(&format!("\nreport  {}", report.display()));
    result.insert("report".to_owned(), json!(report));
    Ok(())
}

/// Scores COCO's files.
fn detections(arguments: &EvaluateArguments, printer: Printer) -> Result<(), CliError> {
    let found = evaluate_detection_files(
        &arguments.prediction,
        &arguments.target,
        arguments.detection,
    )
    .map_err(Error::from)?;
    let lines: Vec<String> = (found.iter())
        .map(|(name, score)| format!("  {name:24} {score:>10.4}"))
        .collect();
    printer.text(&lines.join("\n"));
    finish(
        arguments,
        printer,
        &found
            .into_iter()
            .map(|(name, score)| (name, json!(score)))
            .collect(),
    )
}

/// Scores tables of features.
fn distribution(arguments: &EvaluateArguments, printer: Printer) -> Result<(), CliError> {
    let found = evaluate_features(&arguments.prediction, &arguments.target).map_err(Error::from)?;
    let [real, generated] = found.samples;
    printer.note("note: compare distances of the same features and equal numbers of samples only");
    printer.text(&format!(
        "  {:24} {:>10.4}\n  {:24} {:>10.4}\n  {:24} {:>10}\n  {:24} {:>10}",
        "frechet",
        found.frechet,
        "kernel",
        found.kernel,
        "target_samples",
        real,
        "predicted_samples",
        generated
    ));
    let result = json!({
        "frechet": found.frechet,
        "kernel": found.kernel,
        "target_samples": real,
        "predicted_samples": generated,
    });
    finish(
        arguments,
        printer,
        result.as_object().unwrap_or(&Map::new()),
    )
}

/// Writes and prints a result that has no images.
fn finish(
    arguments: &EvaluateArguments,
    printer: Printer,
    result: &Map<String, Value>,
) -> Result<(), CliError> {
    if let Some(folder) = &arguments.output {
        create_folder(folder).map_err(Error::from)?;
        let text = format!("{:#}\n", Value::from(result.clone()));
        write_atomic(&folder.join("summary.json"), text.as_bytes()).map_err(Error::from)?;
    }
    printer.result(result);
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

/// Means over images of the main scores with their intervals, and the pooled scores.
pub(super) fn table(evaluation: &Evaluation) -> String {
    let mut lines = vec![format!("{} images", evaluation.rows.len())];
    let main = main_columns(evaluation.task);
    for name in main {
        if let Some(summary) = evaluation.summary_of(name) {
            lines.push(line(name, summary));
        }
    }
    let shown = |name: &str| {
        let column = name.strip_suffix("_pooled");
        matches!(name, "coco_ap" | "afnr") || column.is_some_and(|column| main.contains(&column))
    };
    for (name, score) in evaluation.pooled.iter().filter(|(name, _)| shown(name)) {
        lines.push(format!("  {name:24} {score:>10.4}   all images as one"));
    }
    lines.join("\n")
}

/// Paired differences of the main scores.
fn comparison(differences: &[Difference], task: TargetKind) -> String {
    let mut lines = vec!["\ndifference to the other predictions".to_owned()];
    let main = |one: &&Difference| main_columns(task).contains(&one.column.as_str());
    let shown = differences.iter().filter(main);
    lines.extend(shown.map(|one| line(&one.column, &one.summary)));
    lines.join("\n")
}

fn line(name: &str, summary: &Summary) -> String {
    format!(
        "  {name:24} {:>10.4}   95 % interval {:.4} to {:.4}",
        summary.mean, summary.low, summary.high
    )
}
