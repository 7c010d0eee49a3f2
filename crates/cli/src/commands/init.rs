//! `coverslip init`

use std::path::Path;

use coverslip::base::error::Error;
use coverslip::base::files::write_atomic;
use coverslip::config::Preset;
use coverslip::names::nearest;
use serde_json::json;

use crate::args::InitArguments;
use crate::error::CliError;
use crate::printer::Printer;

/// Writes or prints the text of a preset.
pub(crate) fn run(arguments: &InitArguments, printer: Printer) -> Result<(), CliError> {
    let preset = Preset::find(&arguments.preset).ok_or_else(|| CliError::UnknownPreset {
        name: arguments.preset.clone(),
        nearest: nearest(&arguments.preset, Preset::ALL.map(|preset| preset.name)),
    })?;
    let Some(path) = &arguments.output else {
        printer.text(preset.text);
        printer.result(&json!({"preset": preset.name, "text": preset.text}));
        return Ok(());
    };
    write(path, preset.text, arguments.force)?;
    printer.note(&format!("wrote `{}`", path.display()));
    printer.note(&format!(
        "\nset the two folders under `data: train:`, then run `coverslip check {}`",
        path.display()
    ));
    printer.result(&json!({"preset": preset.name, "file": path}));
    Ok(())
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    if !force && path.exists() {
        return Err(CliError::Exists {
            path: path.to_owned(),
        });
    }
    write_atomic(path, text.as_bytes()).map_err(|error| Error::from(error).into())
}
