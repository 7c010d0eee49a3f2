//! Kinds of target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the target images hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// The class of each pixel as a whole number from 0.
    Semantic,
    /// The number of the object that each pixel belongs to, 0 for background.
    Instance,
    /// Intensities, as for denoising or staining.
    Image,
}

impl TargetKind {
    /// The kind as a config writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Semantic => "semantic",
            Self::Instance => "instance",
            Self::Image => "image",
        }
    }
}
