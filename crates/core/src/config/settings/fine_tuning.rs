//! The weights that training starts from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::weights::weights_file::Choice;

/// Weights that training starts from in the place of random ones: those with the name and the shape of
/// one of the network's. What is taken and what is not is told tensor by tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialWeights {
    /// A model package, or a file of weights: .pt, .pth, .ckpt or .safetensors.
    #[schemars(extend("format" = "path"))]
    pub from: PathBuf,
    /// The entry of the file that holds the state dict; left out, the only one.
    #[serde(default)]
    pub key: Option<String>,
    /// Use the tensors whose names begin with this, without it; left out, what wrappers such as
    /// `DataParallel` put before all names is taken off.
    #[serde(default)]
    pub strip: Option<String>,
}

impl InitialWeights {
    /// Which tensors of the file are meant.
    pub fn choice(&self) -> Choice {
        Choice {
            key: self.key.clone(),
            strip: self.strip.clone(),
        }
    }
}
