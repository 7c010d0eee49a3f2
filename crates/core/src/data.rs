//! The road from image files to batches of patches.
//!
//! [`DataSet`] pairs source files with target files, [`split_fraction`] sets some aside,
//! [`Recipe`] turns a pair of files into a [`Sample`], [`Images`] keeps samples in memory,
//! [`Sampler`] cuts and augments patches, and [`Loader`] does so on threads ahead of the network.

mod augment;
mod batch;
mod border;
mod channels;
mod error;
mod images;
mod loader;
mod pairs;
mod patch;
mod sample;
mod sampler;
mod sampling;
mod settings;
mod split;
mod split_file;
mod target;

pub use augment::{Flip, Rotate90};
pub use batch::Batch;
pub use border::instance_classes;
pub use channels::Channels;
pub use error::DataError;
pub use images::Images;
pub use loader::Loader;
pub use pairs::{DataSet, ImagePair};
pub use patch::{Patch, PatchStep};
pub use sample::{Preparation, Recipe, Sample};
pub use sampler::Sampler;
pub use sampling::Sampling;
pub use settings::{DataSettings, ImagePairs, PatchSettings, Subset, TargetScale, Validation};
pub use split::split_fraction;
pub use target::TargetForm;
