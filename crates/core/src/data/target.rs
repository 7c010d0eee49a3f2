//! What networks learn of a target image.

use coverslip_image::Image;
use ndarray::{Array3, Array4, Axis};

use super::border::instance_classes;
use super::error::DataError;

/// What a target image holds and what a network is to learn of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The class of each pixel, from 0 (background) to `classes` - 1.
    ///
    /// With two classes, masks of 0 and 255 (or 65535) are taken as 0 and 1.
    Semantic {
        /// The number of classes with the background.
        classes: usize,
    },
    /// The number of the object of each pixel; learnt are the classes of [`instance_classes`].
    Instance {
        /// The width of borders in pixels; 0 for objects (1) and background (0) only.
        border_width: usize,
        /// Whether each section is an image of its own.
        by_section: bool,
    },
    /// Intensities.
    Image,
}

impl Target {
    /// The classes `[1, Z, Y, X]` as whole numbers, or the intensities `[C, Z, Y, X]`.
    pub(super) fn read(self, image: &Image) -> Result<Array4<f32>, DataError> {
        let classes = match self {
            Self::Image => return Ok(image.to_czyx_f32()?),
            Self::Semantic { classes } => semantic_classes(image, classes)?,
            Self::Instance {
                border_width,
                by_section,
            } => {
                instance_classes(&image.to_labels_zyx()?, border_width, by_section).mapv(u32::from)
            }
        };
        Ok(classes.mapv(|class| class as f32).insert_axis(Axis(0)))
    }
}

fn semantic_classes(image: &Image, classes: usize) -> Result<Array3<u32>, DataError> {
    let labels = image.to_labels_zyx()?;
    let largest = labels.iter().copied().max().unwrap_or(0);
    if (largest as usize) < classes {
        return Ok(labels);
    }
    let is_mask = matches!(largest, 255 | 65535)
        && labels.iter().all(|&label| label == 0 || label == largest);
    if classes == 2 && is_mask {
        return Ok(labels.mapv(|label| u32::from(label > 0)));
    }
    let path = image.path().map(Into::into).unwrap_or_default();
    Err(DataError::TooManyClasses {
        path,
        largest,
        classes,
    })
}
