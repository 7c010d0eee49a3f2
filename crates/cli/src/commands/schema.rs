//! `coverslip schema`

use coverslip::config::Schema;
use coverslip::registry::Registry;

use crate::printer::Printer;

/// Prints the JSON Schema of configs; with `--json` in one line.
pub(crate) fn run(registry: &Registry, printer: Printer) {
    let schema = Schema::new(registry);
    printer.text(&format!("{:#}", schema.as_json()));
    printer.result(schema.as_json());
}
