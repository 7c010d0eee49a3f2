//! What networks are made of: layers that belong together.

mod adn;
mod attention;
mod conv_transpose_unit;
mod conv_unit;
pub mod keras;
pub(crate) mod levels;
mod nnunet;
mod padded_unit;
mod patch_scores;
mod pixel_shuffle;
mod swin;
mod tokens;
mod transformer;
mod unet_res_block;
mod unetr;
mod windows;

pub use adn::{
    Adn, AdnConfig, AdnStep, ConvAdn, NORM_DROPOUT_ACTIVATION, PartNames, TransposedAdn, enlarging,
};
pub use attention::{SelfAttention, SelfAttentionConfig};
pub use conv_transpose_unit::ConvTransposeUnit;
pub use conv_unit::{ConvStack, ConvUnit, UnitConfig, UnitNames};
pub use levels::LevelCounts;
pub use nnunet::{NnunetDecoder, NnunetOptions, NnunetStages};
pub use padded_unit::PaddedUnit;
pub use patch_scores::{LEAK, PatchConfig, PatchScores};
pub use pixel_shuffle::PixelShuffle;
pub use swin::{SwinBlockConfig, SwinStage, TokenMerging};
pub(crate) use tokens::{as_plane, map_to_tokens, tokens_to_map};
pub use transformer::{Perceptron, TransformerBlock};
pub use unet_res_block::UnetResBlock;
pub use unetr::{Projection, ProjectionBlocks, UnetrUp};
pub use windows::{WindowSettings, Windows};
