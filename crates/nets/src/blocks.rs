//! What networks are made of: layers that belong together.

mod adn;
mod attention;
mod conv_unit;
pub(crate) mod levels;
mod nnunet;
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
pub use levels::LevelCounts;
pub use nnunet::{NnunetDecoder, NnunetOptions, NnunetStages};
pub use pixel_shuffle::PixelShuffle;

pub use attention::{SelfAttention, SelfAttentionConfig};
pub use conv_unit::{ConvStack, ConvUnit, UnitConfig, UnitNames};
pub use swin::{SwinBlockConfig, SwinStage, TokenMerging};
pub(crate) use tokens::{as_plane, map_to_tokens, tokens_to_map};
pub use transformer::{Perceptron, TransformerBlock};
pub use unet_res_block::UnetResBlock;
pub use unetr::{Projection, ProjectionBlocks, UnetrUp};
pub use windows::{WindowSettings, Windows};
