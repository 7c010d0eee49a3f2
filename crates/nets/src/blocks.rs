//! What networks are made of: layers that belong together.

mod conv_unit;

pub use conv_unit::{ConvStack, ConvUnit, UnitConfig, UnitNames};
