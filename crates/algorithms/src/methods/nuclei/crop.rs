//! Crops of one size.

use ndarray::{Array2, ArrayView2, s};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::contour::Point;

/// Longest side of a crop, in pixels.
const MAX_SIZE: usize = 1 << 15;

/// A square crop about a point, moved inwards where it would leave the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FixedCrop {
    /// Side of the crop in pixels.
    #[schemars(range(min = 1))]
    pub size: usize,
}

impl Default for FixedCrop {
    fn default() -> Self {
        Self { size: 1700 }
    }
}

impl FixedCrop {
    /// The crop about `center`, and its first pixel `[y, x]` in the image. An image smaller than
    /// the crop is continued by zeros below and to the right.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a size of 0 or above 32768.
    pub fn apply<T: Clone + Default>(
        &self,
        image: &ArrayView2<'_, T>,
        center: Point,
    ) -> Result<(Array2<T>, [usize; 2]), AlgorithmError> {
        if !(1..=MAX_SIZE).contains(&self.size) {
            let expected = format!("1 to {MAX_SIZE} pixels");
            return Err(AlgorithmError::parameter("size", self.size, expected));
        }
        let origin = [0, 1].map(|axis| {
            let start = f64::from(center[axis]) - self.size as f64 / 2.0;
            (start.max(0.0) as usize).min(image.shape()[axis].saturating_sub(self.size))
        });
        Ok((cut(image, origin, self.size), origin))
    }
}

/// A square of `size` pixels from `origin` on, zero beyond the image.
fn cut<T: Clone + Default>(
    image: &ArrayView2<'_, T>,
    [y, x]: [usize; 2],
    size: usize,
) -> Array2<T> {
    let [height, width] = [0, 1].map(|axis| size.min(image.shape()[axis]));
    let mut crop = Array2::from_elem((size, size), T::default());
    crop.slice_mut(s![..height, ..width])
        .assign(&image.slice(s![y..y + height, x..x + width]));
    crop
}
