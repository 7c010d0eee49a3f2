//! `coverslip check`

use std::path::Path;

use coverslip::base::error::{Error, Fault};
use coverslip::{
    config::{Config, Settings},
    data::{DataSettings, ImagePairs, Validation},
};
use coverslip::{
    names::{Kind, Named},
    registry::Registry,
};
use serde_json::{Value, json};

use crate::args::CheckArguments;
use crate::error::CliError;
use crate::printer::Printer;

/// Checks a config and says in a few lines what it would do.
pub(crate) fn run(
    arguments: &CheckArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let config = Config::load(
        &arguments.config.config,
        &arguments.config.overrides,
        registry,
    )
    .map_err(Error::from)?;
    let settings = &config.settings;
    let missing = missing_paths(&settings.data, registry);
    if arguments.resolved {
        printer.text(&config.to_yaml().map_err(Error::from)?);
    } else {
        printer.text(&format!("{}: no faults", config.source));
        for (name, value) in summary(settings) {
            printer.text(&format!("  {name:10}  {value}"));
        }
    }
    for path in &missing {
        printer.note(&format!("warning: `{path}` does not exist"));
    }
    if let Err(error) = settings.device.open() {
        printer.note(&format!(
            "warning: {error}; {}",
            error.hint().unwrap_or_default()
        ));
    }
    printer.result(&json!({
        "faults": 0,
        "source": config.source,
        "missing_paths": missing,
        "settings": settings,
    }));
    Ok(())
}

/// What the config would do, as pairs of name and value.
fn summary(settings: &Settings) -> Vec<(&'static str, String)> {
    let data = &settings.data;
    let training = &settings.training;
    let losses: Vec<&str> = settings
        .loss
        .iter()
        .map(|loss| loss.name.as_str())
        .collect();
    let target = match data.class_count() {
        Some(count) => format!("{}, {count} classes", data.target_kind.word()),
        None => data.target_kind.word().to_owned(),
    };
    let size: Vec<String> = data.patch.size.iter().map(ToString::to_string).collect();
    let steps = training.patches_per_epoch.div_ceil(training.batch_size);
    let folder = |path: &Path| path.display().to_string();
    let targets = data.train.target.as_deref();
    vec![
        ("source", folder(&data.train.source)),
        ("target", targets.map_or("none".to_owned(), folder)),
        ("kind", target),
        ("framework", settings.framework.name.clone()),
        ("network", settings.network.name.clone()),
        ("loss", losses.join(" + ")),
        ("patch", format!("{} pixels", size.join(" x "))),
        (
            "training",
            format!(
                "{} epochs of {steps} steps of {} patches",
                training.epochs, training.batch_size
            ),
        ),
    ]
}

/// The paths of the config where there is nothing.
fn missing_paths(data: &DataSettings, registry: &Registry) -> Vec<String> {
    let mut pairs = vec![&data.train];
    pairs.extend(&data.test);
    if let Validation::Pairs(validation) = &data.validation {
        pairs.push(validation);
    }
    let mut missing = Vec::new();
    let steps = data.preprocess.iter().chain(&data.target_preprocess);
    let files = steps.flat_map(|step| files(step, registry));
    for path in pairs.into_iter().flat_map(paths).chain(files) {
        let path_text = path.display().to_string();
        if !path.exists() && !missing.contains(&path_text) {
            missing.push(path_text);
        }
    }
    missing
}

fn paths(pairs: &ImagePairs) -> impl Iterator<Item = &Path> {
    [
        Some(&pairs.source),
        pairs.target.as_ref(),
        pairs.split.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(std::path::PathBuf::as_path)
}

/// The files that the options of a step name.
fn files<'a>(step: &'a Named, registry: &'a Registry) -> impl Iterator<Item = &'a Path> {
    let description = registry.description(Kind::Preprocess, &step.name);
    let schemas = description.and_then(|entry| entry.schema.get("properties"));
    let schemas = schemas.and_then(Value::as_object).into_iter().flatten();
    schemas
        .filter(|(_, schema)| schema.get("format").is_some_and(|format| format == "path"))
        .filter_map(|(key, _)| step.options.get(key)?.as_str().map(Path::new))
}
