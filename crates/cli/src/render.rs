//! Puts errors into words on standard error, or into JSON.

mod snippet;

use coverslip::config::{ConfigError, Faults};
use serde_json::json;

use crate::error::{CliError, USER_CODE};
use crate::printer::{Printer, print_error_line};

/// Reports the error and gives the exit code.
pub(crate) fn error(error: &CliError, printer: Printer) -> u8 {
    let code = error.code();
    let faults = faults(error);
    if error.is_in_result() && printer.is_json() {
        // The command's result says it, together with the images that could be read.
    } else if printer.is_json() {
        let mut result = json!({
            "error": faults.map_or_else(|| error.to_string(), Faults::summary),
            "hint": error.hint(),
            "code": code,
        });
        if let Some(faults) = faults {
            result["faults"] = serde_json::to_value(&faults.faults).unwrap_or_default();
        }
        printer.result(&result);
    } else if let Some(faults) = faults {
        print_error_line(&format!("error: {}", faults.summary()));
        for fault in &faults.faults {
            print_error_line(&format!("\n{}", snippet::render(faults, fault)));
        }
    } else {
        message(&error.to_string(), error.hint().as_deref());
    }
    code
}

/// The faults of a config, if the error is that it has some.
fn faults(error: &CliError) -> Option<&Faults> {
    let CliError::Core(error) = error else {
        return None;
    };
    match error.downcast_ref() {
        Some(ConfigError::Faults(faults)) => Some(faults),
        _ => None,
    }
}

/// An error and its remedy.
pub(crate) fn message(error: &str, hint: Option<&str>) {
    print_error_line(&format!("error: {error}"));
    if let Some(hint) = hint {
        print_error_line(&format!("\nhint: {hint}"));
    }
}

/// The fact without usage and tips, on one line.
fn first_paragraph(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// Reports what is wrong with the command line, or prints the help or version that it asks for.
pub(crate) fn usage(error: &clap::Error, printer: Printer) -> u8 {
    if error.use_stderr() && printer.is_json() {
        let text = error.to_string();
        let first = first_paragraph(&text);
        printer.result(&json!({
            "error": first,
            "hint": "`coverslip help` shows the commands and their options",
            "code": USER_CODE,
        }));
        return USER_CODE;
    }
    // Whoever closed the stream does not want the text.
    let _ = error.print();
    if error.use_stderr() { USER_CODE } else { 0 }
}
