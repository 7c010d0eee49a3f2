//! Other sizes and orientations.

use coverslip_algorithms::transform::{
    resample::{Degrade, Resize, degrade, resize},
    symmetry::Symmetry,
};
use coverslip_image::{Image, Pixels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{each_plane, each_volume, on_samples},
};

type Result<T> = std::result::Result<T, OperationError>;

pub(crate) fn resized(options: &Resize, images: &[Image]) -> Result<Product> {
    let image = each_volume(&images[0], |pixels| {
        Ok(on_samples!(pixels, array => resize(&array.view(), options)?.into()))
    })?;
    Ok(Product::Image(rescaled(&images[0], image)))
}

pub(crate) fn degraded(options: &Degrade, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        Ok(on_samples!(pixels, array => degrade(&array.view(), options)?.back.into()))
    })
    .map(Product::Image)
}

/// Turns or flips planes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Turn {
    /// The turn or flip.
    pub(crate) symmetry: Symmetry,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            symmetry: Symmetry::Rot90,
        }
    }
}

pub(crate) fn turned(options: &Turn, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        let turned: Pixels =
            on_samples!(pixels, array => options.symmetry.apply(&array.view(), [0, 1])?.into());
        Ok(turned)
    })
    .map(Product::Image)
}

/// Gives a resized image the pixel size that follows from its new shape.
fn rescaled(before: &Image, after: Image) -> Image {
    let mut size = before.pixel_size();
    for (axis, um) in [
        (coverslip_image::Axis::Z, &mut size.z),
        (coverslip_image::Axis::Y, &mut size.y),
        (coverslip_image::Axis::X, &mut size.x),
    ] {
        let (old, new) = (before.len_of(axis), after.len_of(axis));
        *um = um.map(|um| um * old as f64 / new.max(1) as f64);
    }
    after.with_pixel_size(size)
}
