//! What networks learn of a target image.

use coverslip_algorithms::measure::labels::relabel_sequential;
use coverslip_image::Image;
use ndarray::{Array3, Array4, Axis};

use super::border::instance_classes;
use super::error::DataError;

/// What is made of a target image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// The class of each pixel, from 0 (background) to `classes` - 1.
    ///
    /// With two classes, masks of 0 and 255 (or 65535) are taken as 0 and 1.
    Classes {
        /// The number of classes with the background.
        classes: usize,
    },
    /// Of objects, the classes of [`instance_classes`]: background, inside, border.
    Borders {
        /// The width of borders in pixels; 0 for objects (1) and background (0) only.
        border_width: usize,
        /// Whether each section is an image of its own.
        by_section: bool,
    },
    /// The number of the object of each pixel: 0 for background, objects from 1 on without gaps in
    /// the order of their labels, so that numbers are exact whatever the labels are.
    Ids,
    /// Intensities.
    Values,
}

/// What there is to learn of a target image.
pub(super) struct TargetMaps {
    /// Classes `[1, Z, Y, X]` as whole numbers, or intensities `[C, Z, Y, X]`.
    pub values: Array4<f32>,
    /// 0 for pixels of the label to ignore, 1 for others, `[1, Z, Y, X]`.
    pub counts: Option<Array4<f32>>,
}

impl TargetForm {
    /// Reads what there is to learn; pixels of the label `ignored` do not count.
    pub(super) fn read(self, image: &Image, ignored: Option<u32>) -> Result<TargetMaps, DataError> {
        if self == Self::Values {
            return Ok(TargetMaps {
                values: image.to_czyx_f32()?,
                counts: None,
            });
        }
        let mut labels = image.to_labels_zyx()?;
        let counts = ignored.map(|ignored| {
            let counts = labels.mapv(|label| f32::from(u8::from(label != ignored)));
            labels.mapv_inplace(|label| if label == ignored { 0 } else { label });
            counts.insert_axis(Axis(0))
        });
        let classes = match self {
            Self::Values => labels,
            Self::Ids => relabel_sequential(&labels.view()).0,
            Self::Classes { classes } => semantic_classes(image, labels, classes)?,
            Self::Borders {
                border_width,
                by_section,
            } => instance_classes(&labels, border_width, by_section).mapv(u32::from),
        };
        Ok(TargetMaps {
            values: classes.mapv(|class| class as f32).insert_axis(Axis(0)),
            counts,
        })
    }
}

fn semantic_classes(
    image: &Image,
    labels: Array3<u32>,
    classes: usize,
) -> Result<Array3<u32>, DataError> {
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
