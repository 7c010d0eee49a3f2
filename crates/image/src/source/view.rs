//! Sources made of other sources: a part, a projection, another type, without reading anything yet.

mod arrange;
mod cast;
mod crop;
mod pick;
mod project;

pub use arrange::Arranged;
pub use cast::{Cast, Clipped};
pub use crop::Cropped;
pub use pick::Channels;
pub use project::{Projected, Projection};

use std::sync::Arc;

use crate::error::ImageError;
use crate::source::{ImageInfo, Source};

/// A source that several views share.
pub type SharedSource = Arc<dyn Source>;

/// The fault of a view that does not suit its source.
fn unsuitable(info: &ImageInfo, problem: String, remedy: String) -> ImageError {
    ImageError::Unsuitable {
        path: Some(info.path.clone()),
        problem,
        remedy,
    }
}
