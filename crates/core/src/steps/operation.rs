//! Classical algorithms as operations on images: what `coverslip op` runs by name.
//!
//! # Example
//! ```
//! use coverslip::{names::Named, registry::Registry, steps::operation::Product};
//! use coverslip_image::Image;
//! use ndarray::arr2;
//!
//! let registry = Registry::builtin()?;
//! let named = Named {
//!     name: "components".to_owned(),
//!     options: serde_json::json!({"connectivity": 2}),
//! };
//! let operation = (registry.operations.get(&named.name)?.build.build)(&named)?;
//! let mask = Image::new(arr2(&[[1_u8, 0, 0], [0, 1, 0], [0, 0, 0]]), "yx".parse()?)?;
//! let Product::Image(labels) = operation(&[mask])? else { unreachable!("labels are an image") };
//! assert_eq!(labels.to_labels_zyx()?.iter().max(), Some(&1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod filters;
pub(crate) mod geometry;
pub(crate) mod intensity;
pub(crate) mod keypoints;
pub(crate) mod labels;
pub(crate) mod measure;
pub(crate) mod nuclei;
pub(crate) mod parts;

use std::path::PathBuf;

use coverslip_algorithms::{AlgorithmError, methods::keypoint::storage::KeypointError};
use coverslip_image::{Image, ImageError};
use serde::Serialize;

pub(crate) use intensity::Stains;
pub use keypoints::{StoredKeypoints, read_keypoints};

use crate::base::error::Fault;

/// What an operation gives.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub enum Product {
    /// An image.
    Image(Image),
    /// Numbers, one row an object or point.
    Table(Table),
    /// Key points, as the bytes of a file.
    Keypoints {
        /// The file.
        bytes: Vec<u8>,
        /// How many points it holds.
        points: usize,
        /// Pixels of the image that they are points of.
        pixels: usize,
    },
}

/// Numbers in named columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// The names of the columns, with their units where they have one.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<f64>>,
}

/// An operation with its options.
pub type Operation = Box<dyn Fn(&[Image]) -> Result<Product, OperationError> + Send + Sync>;

/// An operation that cannot be done on an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The algorithm refused.
    #[error(transparent)]
    Algorithm(#[from] AlgorithmError),
    /// The image is not what the operation works on.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A file of key points cannot be used.
    #[error("`{}`: {source}", path.display())]
    Keypoints {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeypointError,
    },
    /// A file of key points cannot be read.
    #[error("`{}` cannot be read: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// An operation got another number of images than it works on.
    #[error("it works on {expected} image{}, not on {found}", if *expected == 1 { "" } else { "s" })]
    Count {
        /// The number it works on.
        expected: usize,
        /// The number it got.
        found: usize,
    },
}

impl Fault for OperationError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Algorithm(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Keypoints { .. } => {
                Some("write the file again with `coverslip op keypoints`".to_owned())
            }
            Self::File { .. } => Some("check the path and its permissions".to_owned()),
            Self::Count { .. } => {
                Some("`coverslip op NAME` says which images an operation works on".to_owned())
            }
        }
    }
}

/// An operation that was asked for by name and cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be done: {source}")]
pub struct FailedOperation {
    /// The operation.
    pub name: String,
    /// Why.
    pub source: OperationError,
}

impl Fault for FailedOperation {
    fn hint(&self) -> Option<String> {
        self.source.hint()
    }
}

/// Refuses another number of images than an operation works on.
///
/// # Errors
///
/// [`OperationError::Count`].
pub(crate) fn expect_images(expected: usize, images: &[Image]) -> Result<(), OperationError> {
    match images.len() {
        found if found == expected => Ok(()),
        found => Err(OperationError::Count { expected, found }),
    }
}

/// How an operation is made from a config node, and on which images it works.
pub struct OperationKind {
    /// The images, such as `image` and `reference`.
    pub inputs: &'static [&'static str],
    /// Makes the operation with its options.
    pub build: BuildOperation,
}

/// Makes an operation.
pub type BuildOperation =
    Box<dyn Fn(&crate::names::Named) -> Result<Operation, crate::base::error::Error> + Send + Sync>;
