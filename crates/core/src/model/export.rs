//! Weights of a model package for other programs.

use std::path::Path;

use burn::tensor::Device;
use coverslip_nets::weights;

use crate::{
    base::error::{Error, Fault},
    model::package,
    registry::Registry,
    weights::state_dict::{self, StateDict},
};

/// Whose names and axes tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `layer.weight`, kernels `[out, in, y, x]` or `[out, in, z, y, x]`.
    Torch,
    /// `layer/kernel`, kernels `[y, x, in, out]`.
    Keras,
}

impl Naming {
    /// The name as the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::Keras => "keras",
        }
    }

    fn of(weights: &StateDict) -> Self {
        if weights.keys().any(|name| name.contains('/')) {
            Self::Keras
        } else {
            Self::Torch
        }
    }
}

/// Weights that cannot be exported as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The reference implementation belongs to another library.
    #[error("the reference of network `{network}` has {} names, not {}", has.word(), asked.word())]
    Naming {
        /// The network.
        network: String,
        /// What was asked for.
        asked: Naming,
        /// What there is.
        has: Naming,
    },
}

impl Fault for ExportError {
    fn hint(&self) -> Option<String> {
        let Self::Naming { has, .. } = self;
        Some(format!("export with `--names {}`", has.word()))
    }
}

/// The weights of the package in `folder` as the network's reference implementation has them: its
/// names, its axes, its ranks, a tensor that it lists under several names under all of them.
///
/// # Errors
///
/// When the package cannot be used, or its network has other names than `naming`.
pub fn export(
    folder: &Path,
    naming: Option<Naming>,
    registry: &Registry,
) -> Result<(StateDict, Naming), Error> {
    // Weights and network must fit before anything is written.
    let model = package::load(folder, registry, &Device::flex())?;
    let description = model.description;
    let (mut dict, _) = state_dict::read(&folder.join(package::WEIGHTS))?;
    let has = Naming::of(&dict);
    if let Some(asked) = naming.filter(|&asked| asked != has) {
        return Err(ExportError::Naming {
            network: description.network.name,
            asked,
            has,
        }
        .into());
    }
    let network = registry.network(&description.network, description.io, 0)?;
    for tensor in weights::tensors(&network) {
        let (own, others) = (&tensor.names[0], &tensor.names[1..]);
        if let Some(data) = dict.get(own).cloned() {
            dict.extend(others.iter().map(|name| (name.clone(), data.clone())));
        }
    }
    Ok((dict, has))
}
