//! Pictures for people: images, label maps, outlines and error maps as RGB rasters.
//!
//! Pictures show one plane. Of a stack that is the middle section ([`middle`]); captions should
//! say so.

mod colour;
mod drawing;
mod raster;

pub use colour::{ERROR_SCALE, error_colour, label_colour};
pub use drawing::{
    PREDICTION_COLOUR, SHARED_COLOUR, TARGET_COLOUR, contrast, error_map, gray, image, labels,
    middle, overlay, side_by_side,
};
pub use raster::Raster;
