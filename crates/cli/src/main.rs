//! The `coverslip` command.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    coverslip_cli::run(
        coverslip::registry::Registry::builtin(),
        std::env::args_os(),
    )
}
