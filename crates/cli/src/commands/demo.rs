//! `coverslip demo`

use coverslip::{registry::Registry, tools::demo::demo};
use serde_json::{Value, json};

use super::evaluate::{figures, table};
use crate::args::DemoArguments;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Progress;

/// Trains on the sample images, predicts those held out, and reports.
pub(crate) fn run(
    arguments: &DemoArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let stop = super::listen()?;
    let monitor = Progress::new(printer);
    let made = demo(registry, &arguments.out, &monitor, &stop)?;
    let Some(evaluation) = &made.evaluation else {
        let command = format!("coverslip demo --out '{}'", arguments.out.display());
        let error = CliError::Interrupted {
            resume: Some(command),
        };
        let mut result = serde_json::to_value(&made.training).unwrap_or_default();
        error.add_to(&mut result);
        printer.result(&result);
        return Err(error);
    };
    printer.text(&table(evaluation));
    printer.text(&format!(
        "\ntrained in {:.0} s on {} threads\nlook at    {}\nobjects in {}",
        made.training.train_s,
        rayon::current_num_threads(),
        made.report.display(),
        made.predictions.display(),
    ));
    let mut result = figures(evaluation);
    if let Value::Object(training) = serde_json::to_value(&made.training).unwrap_or_default() {
        result.extend(training);
    }
    result.insert("report".to_owned(), json!(made.report));
    result.insert("predictions".to_owned(), json!(made.predictions));
    printer.result(&result);
    Ok(())
}
