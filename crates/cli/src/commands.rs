//! What the commands do, one file each.

mod check;
mod doctor;
mod info;
mod init;
mod presets;
mod schema;

use coverslip::registry::Registry;

use crate::args::Command;
use crate::error::CliError;
use crate::printer::Printer;

/// Runs a command.
pub(crate) fn run(command: Command, registry: &Registry, printer: Printer) -> Result<(), CliError> {
    match command {
        Command::Presets => presets::run(printer),
        Command::Init(arguments) => init::run(&arguments, printer)?,
        Command::Check(arguments) => check::run(&arguments, registry, printer)?,
        Command::Schema => schema::run(registry, printer),
        Command::Info(arguments) => info::run(&arguments, printer)?,
        Command::Doctor => doctor::run(printer),
    }
    Ok(())
}
