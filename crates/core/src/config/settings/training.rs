//! How long and in what portions training runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::learning::{averaging::Averaging, optimizer::ClipGradient};

/// How long and in what portions training runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSettings {
    /// Rounds of training; after each, the model is validated and saved.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub epochs: usize,
    /// Patches in one epoch.
    #[schemars(range(min = 1))]
    pub patches_per_epoch: usize,
    /// Patches in one step; more need more memory and make steadier steps.
    #[schemars(range(min = 1, max = 65536))]
    pub batch_size: usize,
    /// Patches, always the same ones, that each epoch is judged by.
    #[schemars(range(min = 1))]
    pub validation_patches: usize,
    /// Limits gradients before each step, as `{norm: 1.0}` or `{value: 0.5}`; left out, nothing does.
    pub clip_gradient: Option<ClipGradient>,
    /// Makes an average of the weights the model, as `{ema: {decay: 0.999}}` or `{swa: {}}`; left
    /// out, the weights of the best epoch are it.
    pub averaging: Option<Averaging>,
    /// Ends training when validation no longer gets better; left out, all epochs run.
    pub early_stopping: Option<EarlyStopping>,
    /// Validation images of which input, prediction and target are drawn after training.
    pub sample_pictures: usize,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: 40,
            patches_per_epoch: 512,
            batch_size: 4,
            validation_patches: 64,
            clip_gradient: None,
            averaging: None,
            early_stopping: None,
            sample_pictures: 4,
        }
    }
}

/// When to end training early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Epochs without improvement after which training ends.
    #[schemars(range(min = 1))]
    pub patience: usize,
    /// How much the validation loss must fall to count as improvement.
    #[schemars(range(min = 0.0))]
    pub min_delta: f64,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self {
            patience: 10,
            min_delta: 0.0,
        }
    }
}
