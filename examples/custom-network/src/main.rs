//! The `coverslip` command with a network, a loss, a step and a framework of our own.

mod additive_unet;
mod anscombe;
mod brier;
mod restyle;

use std::process::ExitCode;

use coverslip::{
    names::{RegistryError, TargetKind},
    registry::Registry,
};

/// Memory allocation that training is much faster with than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    coverslip_cli::run(registry(), std::env::args_os())
}

/// All that Coverslip has, and ours.
fn registry() -> Result<Registry, RegistryError> {
    let mut registry = Registry::builtin()?;
    registry.add_network::<additive_unet::AdditiveUnetConfig>("additive_unet")?;
    registry.add_preprocess::<anscombe::Anscombe>("anscombe")?;
    let classes = [TargetKind::Semantic, TargetKind::Instance];
    registry.add_loss::<brier::Brier>("brier", &classes)?;
    let images = [TargetKind::Image];
    registry.add_framework::<restyle::RestyleOptions>("restyle", restyle::Restyle, &images)?;
    Ok(registry)
}
