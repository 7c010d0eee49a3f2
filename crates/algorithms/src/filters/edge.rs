//! Edges after Canny 1986, in images `Y X`.

mod canny;
mod canny_integer;
mod hysteresis;

pub use canny::Canny;
pub use canny_integer::CannyInteger;

#[cfg(test)]
mod tests;
