//! The config of a network that is imported by its name.

use std::path::Path;

use crate::{
    base::error::Error,
    config::{Config, Preset},
    names::TargetKind,
    registry::Registry,
    weights::weights_file::{OpenFile, WeightsFileError},
};

/// What is known of a network that is given by its name and options instead of a config.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What its output means.
    pub kind: TargetKind,
    /// Whether it is a 3D network; found from the weights when absent.
    pub is_3d: Option<bool>,
}

/// The config of `network`: a config file, a preset, or a network by name, alone (`unet`) or with
/// options (`{fnet: {depth: 4}}`).
///
/// Of a network by name nothing else is known. It gets a config without preprocessing, with tiles of
/// 256 x 256 or 32 x 128 x 128 pixels, and with the steps after it that `target` needs: none for
/// images, `argmax` for classes, then `components` for instances.
///
/// # Errors
///
/// When there is no such config or network, it is wrong, or `file` cannot be opened.
pub fn configure(
    network: &str,
    file: &Path,
    target: Target,
    overrides: &[String],
    registry: &Registry,
) -> Result<Config, Error> {
    let is_inline = network.trim_start().starts_with('{');
    let is_file = !is_inline && Path::new(network).exists();
    if Preset::find(network).is_some() || is_file {
        return Ok(Config::load(network, overrides, registry)?);
    }
    let is_path = network.contains(['/', '\\', '.']);
    if !is_inline && is_path {
        return Ok(Config::load(network, overrides, registry)?);
    }
    if !is_inline {
        registry.networks.get(network)?;
    }
    let is_3d = match target.is_3d {
        Some(is_3d) => is_3d,
        None => is_3d(file)?,
    };
    let text = short_config(network, target.kind, is_3d);
    let config = Config::from_text("command line", &text, Path::new(""), overrides, registry)?;
    Ok(config)
}

fn is_3d(file: &Path) -> Result<bool, WeightsFileError> {
    Ok(OpenFile::open(file)?.is_3d())
}

fn short_config(network: &str, target: TargetKind, is_3d: bool) -> String {
    let patch = if is_3d {
        "[32, 128, 128]"
    } else {
        "[256, 256]"
    };
    let (loss, steps) = match target {
        TargetKind::Image => ("mse", "[]"),
        TargetKind::Semantic => ("cross_entropy", "[argmax]"),
        TargetKind::Instance => (
            "cross_entropy",
            "[argmax, {components: {seeds: 1, grow: 2}}]",
        ),
    };
    let kind = target.word();
    format!(
        "data: {{train: {{source: images, target: targets}}, target_kind: {kind}, patch: {{size: {patch}}}}}\n\
         network: {network}\nloss: [{loss}]\npostprocess: {steps}\n"
    )
}
