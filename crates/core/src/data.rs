//! The road from image files to batches of patches.
//!
//! [`DataSet`] pairs source files with target files, [`split_fraction`] sets some aside,
//! [`Recipe`] turns a pair of files into a [`Sample`], [`Images`] keeps samples in memory,
//! [`Sampler`] cuts and augments patches, and [`Loader`] does so on threads ahead of the network.

mod augment;
mod border;
mod error;
mod images;
mod kind;
mod loader;
mod pairs;
mod patch;
mod places;
mod sample;
mod sampler;
mod split;
mod split_file;
mod target;

pub use augment::{Augmentation, Flip, Rotate90};
pub use border::instance_classes;
pub use error::DataError;
pub use images::Images;
pub use kind::TargetKind;
pub use loader::Loader;
pub use pairs::{DataSet, ImagePair};
pub use patch::Patch;
pub use places::Places;
pub use sample::{Preparation, Recipe, Sample};
pub use sampler::{Batch, Sampler};
pub use split::split_fraction;
pub use target::Target;
