//! Label images larger than memory: the algorithms of [`crate::measure::components`] and [`crate::measure::labels`],
//! block by block, with the results they have in one piece.
//!
//! Images are `Y X` or `Z Y X` sources of whole numbers. Blocks are multiples of the chunks of the
//! file; several are worked on at a time, one a thread.

mod components;
mod grow;
mod holes;
mod local;
mod objects;
mod relabel;
mod scratch;
mod stitch;
mod volume;

#[cfg(test)]
mod tests;

pub use components::{ComponentPlan, components};
pub use grow::grow;
pub use holes::fill_label_holes;
pub use local::local_filter;
pub use objects::{Object, objects};
pub use relabel::{Renumbering, relabel};
pub use scratch::{Intermediate, Scratch};
pub use stitch::Stitcher;
pub use volume::Volume;

use crate::AlgorithmError;
use coverslip_image::ImageError;

/// Why an algorithm on a source failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfCoreError {
    /// The image cannot be read or written.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The algorithm is not defined for it.
    #[error(transparent)]
    Algorithm(#[from] AlgorithmError),
}
