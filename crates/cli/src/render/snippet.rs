//! A fault of a config with the lines of text that it points at.

use std::io::IsTerminal;

use coverslip::config::{Fault, Faults, Origin};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};

/// The fault in words, with its place and its remedy.
///
/// On a terminal there are colours, unless `NO_COLOR` is set; elsewhere plain ASCII.
pub(super) fn render(faults: &Faults, fault: &Fault) -> String {
    let report = match &fault.origin {
        Origin::File {
            file,
            offset,
            length,
            ..
        } => {
            let label = LabeledSpan::new_primary_with_span(None, (*offset, *length));
            let diagnostic = MietteDiagnostic::new(fault.problem.clone()).with_label(label);
            let source = NamedSource::new(file, faults.source_text.clone());
            Report::new(diagnostic).with_source_code(source)
        }
        Origin::Override { .. } => Report::new(MietteDiagnostic::new(format!(
            "{}: {}",
            fault.origin, fault.problem
        ))),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme())
        .with_wrap_lines(false)
        .with_context_lines(1);
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        text = format!("{}: {}\n", fault.origin, fault.problem);
    }
    if let Some(hint) = fault.hint() {
        text.push_str("  hint: ");
        text.push_str(&hint);
        text.push('\n');
    }
    text
}

fn theme() -> GraphicalTheme {
    let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match (std::io::stderr().is_terminal(), has_colour) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    }
}
