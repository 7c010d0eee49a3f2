//! Outlines of objects in images `Y X`: tracing, measures, simplification and filling.
//!
//! Points are `[y, x]` in pixels.

mod approximate;
mod fill;
mod measure;
mod trace;

pub use approximate::approximate;
pub use fill::fill_polygon;
pub use measure::{Moments, area, bounding_box, centroid, moments, perimeter};
pub use trace::{Contour, find_contours, hierarchy};

/// A pixel: `[y, x]`.
pub type Point = [i32; 2];

#[cfg(test)]
mod tests;
