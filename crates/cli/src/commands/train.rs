//! `coverslip train`

use coverslip::{
    base::error::Error,
    config::Config,
    registry::Registry,
    train::run::{self, Ending},
};
use serde_json::json;

use crate::args::TrainArguments;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Progress;

/// Trains a config into a run folder.
pub(crate) fn run(
    arguments: &TrainArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let typed = &arguments.config;
    let config = Config::load(&typed.config, &typed.overrides, registry).map_err(Error::from)?;
    let out = &arguments.out;
    let stop = super::listen()?;
    let monitor = Progress::new(printer);
    let outcome = run::train(&config, registry, out, arguments.resume, &monitor, &stop)?;
    let mut result = serde_json::to_value(&outcome).unwrap_or_default();
    result["run"] = json!(out);
    if outcome.ending == Ending::Interrupted {
        let error = CliError::Interrupted {
            resume: Some(resume_command(arguments)),
        };
        error.add_to(&mut result);
        printer.result(&result);
        return Err(error);
    }
    printer.result(&result);
    printer.text(&format!("run     {}", out.display()));
    if let Some(model) = &outcome.model {
        printer.text(&format!("model   {}", model.display()));
    }
    if let (Some(epoch), Some(loss)) = (outcome.best_epoch, outcome.validation_loss) {
        printer.text(&format!(
            "best    epoch {epoch} of {}, loss {loss:.4}",
            outcome.epochs
        ));
    }
    printer.text(&format!("took    {:.0} s", outcome.train_s));
    Ok(())
}

/// What to type to go on with an interrupted run.
fn resume_command(arguments: &TrainArguments) -> String {
    let mut words = vec![
        "coverslip train".to_owned(),
        arguments.config.config.clone(),
    ];
    for change in &arguments.config.overrides {
        words.push(format!("--set '{change}'"));
    }
    words.push(format!("--out '{}' --resume", arguments.out.display()));
    words.join(" ")
}
