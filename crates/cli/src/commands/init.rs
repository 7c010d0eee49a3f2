//! `coverslip init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use coverslip::config::Preset;
use coverslip::registry::nearest;
use serde_json::json;

use crate::args::InitArguments;
use crate::error::CliError;
use crate::printer::Printer;

/// Writes or prints the text of a preset.
pub(crate) fn run(arguments: &InitArguments, printer: &mut Printer) -> Result<(), CliError> {
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

/// Without `force` an existing file is never opened for writing, not even when it appears now.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(!force)
        .create(force)
        .truncate(force);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CliError::Exists {
            path: path.to_owned(),
        },
        _ => CliError::Write {
            path: path.to_owned(),
            source,
        },
    })
}
