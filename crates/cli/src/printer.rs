//! Decides what is printed, and where.

use std::io::{self, Write};

use serde::Serialize;

/// Results go to standard output, remarks to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    quiet: bool,
    json: bool,
}

impl Printer {
    /// With `quiet` there are no remarks; with `json` results are JSON instead of text.
    pub(crate) fn new(quiet: bool, json: bool) -> Self {
        Self { quiet, json }
    }

    /// Whether remarks are left out.
    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A result for people; nothing with `--json`.
    pub(crate) fn text(self, text: &str) {
        if !self.json {
            print(io::stdout().lock(), text);
        }
    }

    /// The result for programs, one line; nothing without `--json`.
    pub(crate) fn result(self, result: &impl Serialize) {
        if self.json {
            match serde_json::to_string(result) {
                Ok(line) => print(io::stdout().lock(), &line),
                Err(error) => print_error_line(&format!("error: no JSON for the result: {error}")),
            }
        }
    }

    /// A remark that no result depends on.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            print_error_line(text);
        }
    }
}

/// A line on standard error, whatever was asked for.
pub(crate) fn print_error_line(text: &str) {
    print(io::stderr().lock(), text);
}

/// A reader that went away (`coverslip presets | head -1`) has what it wanted, so a failed write
/// is not an error.
fn print(mut stream: impl Write, text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(stream, "{text}{end}").and_then(|()| stream.flush());
}
