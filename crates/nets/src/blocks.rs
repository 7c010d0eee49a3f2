//! What networks are made of: layers that belong together.

mod adn;
mod conv_unit;
pub(crate) mod levels;
mod nnunet;
mod pixel_shuffle;

pub use adn::{
    Adn, AdnConfig, AdnStep, ConvAdn, NORM_DROPOUT_ACTIVATION, PartNames, TransposedAdn, enlarging,
};
pub use conv_unit::{ConvStack, ConvUnit, UnitConfig, UnitNames};
pub use levels::LevelCounts;
pub use nnunet::{NnunetDecoder, NnunetOptions, NnunetStages};
pub use pixel_shuffle::PixelShuffle;
