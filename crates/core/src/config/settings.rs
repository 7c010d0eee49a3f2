//! The settings of a run.

mod fine_tuning;
mod predict;

mod training;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use fine_tuning::InitialWeights;
pub use predict::{Blend, Output, PredictSettings};
pub use training::{EarlyStopping, TrainingSettings};

use crate::{base::devices::DeviceKind, data::DataSettings, names::Named};

/// What Coverslip trains on which images, how, and what prediction makes of the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What happens in a training step and in a prediction.
    #[serde(default = "default_framework")]
    #[schemars(extend("x-registry" = "framework"))]
    pub framework: Named,
    /// Drives every random draw: the same seed gives the same model.
    #[serde(default)]
    pub seed: u64,
    /// Whether convolutions add their products up directly. Otherwise 3 x 3 kernels are computed
    /// several times faster by Winograd's algorithm, whose error is about four times as large: at
    /// most 1e-4 of a map's root mean square.
    #[serde(default)]
    pub exact_conv: bool,
    /// What the network is trained on: `cpu`, or `cuda`, `rocm` or `wgpu` in a program that was built
    /// with it.
    #[serde(default)]
    pub device: DeviceKind,
    /// The images, and how they are prepared.
    pub data: DataSettings,
    /// The network.
    #[schemars(extend("x-registry" = "network"))]
    pub network: Named,
    /// Weights that training starts from in the place of random ones.
    #[serde(default)]
    pub initial_weights: Option<InitialWeights>,
    /// Weights that training leaves as they are, by their names in files; `*` stands for any text and
    /// `?` for one character, as in `inc.*`. Where a running statistic of a batch norm is among them,
    /// that norm uses its running statistics in training too, and they stay as they are.
    #[serde(default)]
    pub freeze: Vec<String>,
    /// What training minimises: the sum of these terms, each times its `weight`. Some frameworks have a
    /// loss of their own and need none here.
    #[serde(default)]
    #[schemars(extend("x-registry" = "loss"))]
    pub loss: Vec<Named>,
    /// What turns gradients into steps.
    #[serde(default = "default_optimizer")]
    #[schemars(extend("x-registry" = "optimizer"))]
    pub optimizer: Named,
    /// How the learning rate changes from epoch to epoch.
    #[serde(default = "default_schedule")]
    #[schemars(extend("x-registry" = "schedule"))]
    pub schedule: Named,
    /// How long and in what portions training runs.
    #[serde(default)]
    pub training: TrainingSettings,
    /// How large images are predicted tile by tile.
    #[serde(default)]
    pub predict: PredictSettings,
    /// Steps from the network's output to the result, in this order. Where labels are wanted and no step makes
    /// them, a pixel has its likeliest class.
    #[serde(default)]
    #[schemars(extend("x-registry" = "postprocess"))]
    pub postprocess: Vec<Named>,
}

pub(super) fn default_framework() -> Named {
    Named::new("fcn")
}

fn default_optimizer() -> Named {
    Named::new("adam")
}

fn default_schedule() -> Named {
    Named::new("constant")
}
