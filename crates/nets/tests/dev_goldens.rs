//! Compares networks with reference implementations: outputs and gradients with running and with
//! batch statistics, and the statistics after one pass.
//!
//! Walks a tree of cases at any level, `tests/goldens/networks` or what `COVERSLIP_GOLDENS` names.
//! Arguments are parts of names of the cases to run. Prints a line for each case; the last line is
//! `N passed, N failed`.

#![expect(unreachable_pub, reason = "modules of one test")]
#![expect(clippy::print_stdout, reason = "the harness reports to the terminal")]

#[path = "../../core/tests/goldens/case.rs"]
mod case;
#[path = "../../core/tests/goldens/check.rs"]
mod check;
#[path = "../../core/tests/goldens/families.rs"]
mod families;
#[path = "../../core/tests/goldens/recipe.rs"]
mod recipe;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use case::Case;
use coverslip_nets::{AnyNetwork, build::BuildSettings};
use serde_json::Value;

fn build_network(
    name: &str,
    options: &Value,
    settings: &BuildSettings,
) -> Result<AnyNetwork, String> {
    use coverslip_nets::architectures::*;
    macro_rules! known {
        ($($key:literal => $config:path),* $(,)?) => {
            match name {
                $($key => {
                    let config: $config = serde_json::from_value(options.clone()).map_err(|e| e.to_string())?;
                    AnyNetwork::build(&config, settings).map_err(|e| e.to_string())
                })*
                _ => Err(format!("unknown network {name}")),
            }
        };
    }
    known! {
        "unet" => unet::UnetConfig,
        "chained_unet" => chained_unet::ChainedUnetConfig,
        "keras_patch_discriminator" => patch_discriminator::KerasPatchDiscriminatorConfig,
        "mask_generator" => mask_gan::MaskGeneratorConfig,
        "mask_discriminator" => mask_gan::MaskDiscriminatorConfig,
        "patch_gan" => patch_discriminator::PatchGanConfig,
        "mmv_patch_discriminator" => patch_discriminator::MmvPatchDiscriminatorConfig,
        "multiscale_discriminator" => multiscale_discriminator::MultiscaleDiscriminatorConfig,
        "hd_multiscale_discriminator" => multiscale_discriminator::HdMultiscaleDiscriminatorConfig,
        "resnet_generator" => resnet_generator::ResnetGeneratorConfig,
        "predefined_resnet" => resnet_generator::PredefinedResnetConfig,
        "pix2pix_unet" => pix2pix_unet::Pix2pixUnetConfig,
        "tunable_unet" => tunable_unet::TunableUnetConfig,
        "msdnet" => msdnet::MsdnetConfig,
        "fnet" => fnet::FnetConfig,
        "anisotropic_unet" => anisotropic_unet::AnisotropicUnetConfig,
        "branched_erfnet" => branched_erfnet::BranchedErfnetConfig,
        "probabilistic_unet" => probabilistic_unet::ProbabilisticUnetConfig,
        "basic_unet" => basic_unet::BasicUnetConfig,
        "monai_unet" => monai_unet::MonaiUnetConfig,
        "attention_unet" => attention_unet::AttentionUnetConfig,
        "dynunet" => dynunet::DynunetConfig,
        "highresnet" => highresnet::HighResNetConfig,
        "nnunet_plain" => nnunet_plain::NnunetPlainConfig,
        "nnunet_resenc" => nnunet_resenc::NnunetResencConfig,
        "unetr" => unetr::UnetrConfig,
        "swin_unetr" => swin_unetr::SwinUnetrConfig,
    }
}

fn main() -> ExitCode {
    let root = std::env::var_os("COVERSLIP_GOLDENS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/goldens/networks"),
        PathBuf::from,
    );
    let filters: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let mut folders = Vec::new();
    if let Err(error) = find_cases(&root, &mut folders) {
        println!("{}: {error}", root.display());
    }
    folders.sort();
    let (mut passed, mut failed) = (0, 0);
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        let start = Instant::now();
        match Case::read(&folder).and_then(|case| check::check(&case)) {
            Ok(summary) => {
                passed += 1;
                println!(
                    "ok {name}: {summary}, {:.1} s",
                    start.elapsed().as_secs_f64()
                );
            }
            Err(problem) => {
                failed += 1;
                println!("FAILED {name}: {problem}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The folders below `folder` that hold the files of a network's case.
fn find_cases(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let config = folder.join("config.json");
    if config.is_file() && folder.join("io.safetensors").is_file() {
        // Cases of losses have no hyper-parameters of a network.
        let text = std::fs::read_to_string(config)?;
        let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if config.get("hyper").is_some() || config.get("network").is_some() {
            found.push(folder.to_owned());
        }
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_cases(&path, found)?;
        }
    }
    Ok(())
}
