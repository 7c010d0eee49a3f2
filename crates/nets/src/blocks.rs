//! What networks are made of: layers that belong together.

mod conv_transpose_unit;
mod conv_unit;
pub mod keras;
mod padded_unit;
mod patch_scores;

pub use conv_transpose_unit::ConvTransposeUnit;
pub use conv_unit::{ConvStack, ConvUnit, UnitConfig, UnitNames};
pub use padded_unit::PaddedUnit;
pub use patch_scores::{LEAK, PatchConfig, PatchScores};
