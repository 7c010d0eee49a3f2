//! `coverslip presets`

use coverslip::config::Preset;
use serde_json::json;

use crate::printer::Printer;

/// Lists the presets with what they are for.
pub(crate) fn run(printer: Printer) {
    let width = Preset::ALL
        .iter()
        .map(|preset| preset.name.len())
        .max()
        .unwrap_or(0);
    for preset in Preset::ALL {
        printer.text(&format!("{:width$}  {}", preset.name, preset.summary()));
    }
    let presets: Vec<_> = Preset::ALL
        .iter()
        .map(|preset| json!({"name": preset.name, "summary": preset.summary()}))
        .collect();
    printer.result(&json!({"presets": presets}));
}
