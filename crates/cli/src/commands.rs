//! What the commands do, one file each.

mod bench;
mod check;
mod coco;
mod convert;
mod demo;
mod doctor;
mod evaluate;
mod export;
mod import;
mod info;
mod init;
mod networks;
mod op;
mod outlines;
mod predict;
mod presets;
mod schema;
mod train;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use coverslip::registry::Registry;

use crate::args::Command;
use crate::error::CliError;
use crate::interrupt;
use crate::printer::Printer;

/// Runs a command.
pub(crate) fn run(command: Command, registry: &Registry, printer: Printer) -> Result<(), CliError> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, registry, printer)?,
        Command::Train(arguments) => train::run(&arguments, registry, printer)?,
        Command::Predict(arguments) => predict::run(&arguments, registry, printer)?,
        Command::Evaluate(arguments) => evaluate::run(&arguments, printer)?,
        Command::Presets => presets::run(printer),
        Command::Init(arguments) => init::run(&arguments, printer)?,
        Command::Check(arguments) => check::run(&arguments, registry, printer)?,
        Command::Schema => schema::run(registry, printer),
        Command::Info(arguments) => info::run(&arguments, printer)?,
        Command::Convert(arguments) => convert::run(&arguments, printer)?,
        Command::Op(arguments) => op::run(&arguments, registry, printer)?,
        Command::Outlines(arguments) => outlines::run(&arguments, printer)?,
        Command::Coco(arguments) => coco::run(&arguments, printer)?,
        Command::Doctor => doctor::run(printer),
        Command::Networks(arguments) => networks::run(&arguments, registry, printer)?,
        Command::Import(arguments) => import::run(&arguments, registry, printer)?,
        Command::Export(arguments) => export::run(&arguments, registry, printer)?,
        Command::Bench(arguments) => bench::run(&arguments, registry, printer)?,
    }
    Ok(())
}

/// The flag that Ctrl-C sets while long work runs.
fn listen() -> Result<Arc<AtomicBool>, CliError> {
    interrupt::listen().map_err(|source| CliError::Signals { source })
}
