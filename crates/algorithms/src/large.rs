//! Label images larger than memory: the algorithms of [`crate::measure::components`] and
//! [`crate::measure::labels`], block by block, with the results they have in one piece.
//!
//! Images are `Y X` or `Z Y X` sources of whole numbers. Blocks are multiples of the chunks of the
//! file; several are worked on at a time, one a thread.
//!
//! ```
//! use coverslip_algorithms::large::{Volume, components};
//! use coverslip_image::{Image, sink, source};
//! use ndarray::arr2;
//!
//! // In memory here; `coverslip_image::format::open` and `create` give those of files.
//! let mask = arr2(&[[1_u8, 1, 0, 1], [0, 0, 0, 1]]);
//! let source = source::InMemory::new(Image::new(mask, "yx".parse()?)?);
//! let volume = Volume::new(&source, 1 << 20)?;
//! let found = components(volume, 1, None)?;
//! let sink = sink::InMemory::new(volume.target());
//! found.write(volume, &sink)?;
//! let labels = sink.into_image()?.into_pixels();
//! assert_eq!(labels, arr2(&[[1_u32, 1, 0, 2], [0, 0, 0, 2]]).into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
