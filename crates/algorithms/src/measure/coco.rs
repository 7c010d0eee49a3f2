//! Objects as the COCO data sets store them: outlines, run lengths and annotations.
//!
//! Masks are `Y X`. Outlines follow pycocotools pixel for pixel, run lengths byte for byte.

mod annotation;
mod boxes;
mod labels;
mod outline;
mod polygon;
mod read;
mod rle;
mod rle_text;
mod write;

use std::path::PathBuf;

use crate::AlgorithmError;

pub use annotation::{Annotation, Category, Dataset, Detection, ImageInfo, Segmentation};
pub use boxes::{BoundingBox, box_iou};
pub use labels::{
    LabelMap, OverlapRule, ToLabels, annotations_to_labels, binary_mask, labels_to_annotations,
};
pub use polygon::{polygon_mask, polygons_mask};
pub use read::{read_annotations, read_detections};
pub use rle::{Rle, mask_iou};
pub use write::{write_annotations, write_detections};

/// Why annotations could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CocoError {
    /// The file could not be opened, read or written.
    #[error("`{}` could not be read or written: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is no JSON, or not of COCO's keys and types.
    #[error("`{}` is damaged: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        problem: String,
    },
    /// Something refers to an image that is not listed.
    #[error("{what} refers to image {image}, which is not in `images`")]
    UnknownImage {
        /// What refers, such as `annotation 7`.
        what: String,
        /// The id that is not there.
        image: u64,
    },
    /// Something refers to a category that is not listed.
    #[error("{what} refers to category {category}, which is not in `categories`")]
    UnknownCategory {
        /// What refers, such as `annotation 7`.
        what: String,
        /// The id that is not there.
        category: u64,
    },
    /// Two images, annotations or categories have the same id.
    #[error("two {what} have id {id}")]
    DuplicateId {
        /// What they are.
        what: &'static str,
        /// The id.
        id: u64,
    },
    /// A segmentation that is no mask of its image.
    #[error("{what}: {cause}")]
    Segmentation {
        /// Whose it is, such as `annotation 7`.
        what: String,
        /// What is wrong with it.
        cause: AlgorithmError,
    },
}

#[cfg(test)]
mod tests;
