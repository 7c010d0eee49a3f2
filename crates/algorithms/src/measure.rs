//! Objects of label images and masks: components, sizes, outlines and annotations.

pub mod coco;
pub mod components;
pub mod contour;
pub mod labels;
pub mod outline;
pub mod region;
