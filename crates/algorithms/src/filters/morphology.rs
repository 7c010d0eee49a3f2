//! Mathematical morphology: grey-scale on images `Y X`, binary on `X`, `Y X` or `Z Y X`.

mod binary;
mod element;
mod extremum;
mod gray;

pub use binary::{BinaryMorphology, BinaryOperation};
pub use element::{Element, ElementShape, StructuringElement};
pub use extremum::GrayPixel;
pub use gray::{GrayMorphology, GrayOperation, morph};

#[cfg(test)]
mod tests;
