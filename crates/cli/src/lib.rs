//! The `coverslip` command line.
//!
//! [`run`] takes a registry, so that a binary with networks, losses or steps of its own is a
//! `main` of a few lines: fill the registry, call `run`.

pub mod args;
mod bug;
mod commands;
mod error;
pub mod interrupt;
mod printer;
mod progress;
mod render;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use coverslip::{names::RegistryError, registry::Registry};

use args::Arguments;
use error::CliError;
use printer::Printer;

/// Runs the command line and gives the exit code: 0 for success, 1 for a bug, 2 for what the user
/// can mend, 130 after Ctrl-C.
///
/// Results go to standard output, everything else to standard error. With `--json` the last line
/// on standard output is one JSON object, also for errors.
pub fn run(
    registry: Result<Registry, RegistryError>,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Errors of the command line itself are reported before there are parsed arguments.
    let is_json = arguments
        .iter()
        .skip(1)
        .any(|argument| argument == "--json");
    let code = bug::guard(
        Printer::new(false, is_json),
        || match Arguments::try_parse_from(arguments) {
            Ok(arguments) => run_parsed(registry, arguments),
            Err(error) => render::usage(&error, Printer::new(false, is_json)),
        },
    );
    ExitCode::from(code)
}

fn run_parsed(registry: Result<Registry, RegistryError>, arguments: Arguments) -> u8 {
    let printer = Printer::new(arguments.global.quiet, arguments.global.json);
    let outcome = registry.map_err(CliError::Registry).and_then(|registry| {
        use_threads(arguments.global.threads)?;
        commands::run(arguments.command, &registry, printer)
    });
    match outcome {
        Ok(()) => 0,
        Err(error) => render::error(&error, printer),
    }
}

/// Limits the threads of all parallel work; without a number, every core is used.
fn use_threads(count: Option<usize>) -> Result<(), CliError> {
    let Some(count) = count else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()
        .map_err(|source| CliError::Threads { count, source })
}
