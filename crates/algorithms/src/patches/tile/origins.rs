//! Where the crops of a data set start.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::positions::product;
use crate::AlgorithmError;

/// Crops at a fixed step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DenseCrops {
    /// Size of a crop along each axis, in pixels.
    pub size: Vec<usize>,
    /// Step along each axis, in pixels.
    pub stride: Vec<usize>,
    /// Whether a last crop ends at the image's edge where the steps do not reach it.
    pub flush_last: bool,
}

impl Default for DenseCrops {
    fn default() -> Self {
        Self {
            size: vec![128, 128],
            stride: vec![4, 4],
            flush_last: false,
        }
    }
}

impl DenseCrops {
    /// First pixel of every crop of an image, the last axis running fastest. An image smaller
    /// than a crop has none.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] if size, stride and image differ in their number of axes,
    /// [`AlgorithmError::Parameter`] for a size or stride of 0.
    pub fn origins(&self, image: &[usize]) -> Result<Vec<Vec<usize>>, AlgorithmError> {
        for (what, values) in [("the crop", &self.size), ("the stride", &self.stride)] {
            if values.len() != image.len() {
                return Err(AlgorithmError::Rank {
                    what,
                    got: values.len(),
                    expected: "one for each axis of the image",
                });
            }
            if values.contains(&0) {
                return Err(AlgorithmError::parameter(what, 0, "at least 1 pixel"));
            }
        }
        let axes: Vec<Vec<usize>> = (image.iter().zip(&self.size).zip(&self.stride))
            .map(|((&length, &size), &stride)| self.starts(length, size, stride))
            .collect();
        Ok(product(&axes))
    }

    fn starts(&self, length: usize, size: usize, stride: usize) -> Vec<usize> {
        let Some(last) = length.checked_sub(size) else {
            return Vec::new();
        };
        let mut starts: Vec<usize> = (0..=last).step_by(stride).collect();
        if self.flush_last && starts.last() != Some(&last) {
            starts.push(last);
        }
        starts
    }
}

/// The tiles of the program released with the nuclei GAN of masks.
///
/// An image is centred on a canvas of zeros that is a multiple of `target` along each axis; tile
/// `i` covers `i target` to `(i + 1) target + overlap`, and the last one is shifted back by
/// `overlap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReleasedTiles {
    /// Spacing of the tiles, in pixels.
    pub target: usize,
    /// How much larger than that they are.
    pub overlap: usize,
}

impl Default for ReleasedTiles {
    fn default() -> Self {
        Self {
            target: 64,
            overlap: 64,
        }
    }
}

/// Tiles on a canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanvasTiles {
    /// Size of the canvas.
    pub canvas: Vec<usize>,
    /// Where the image's first pixel lies on it.
    pub image_offset: Vec<usize>,
    /// First pixel of each tile on the canvas, the last axis running fastest.
    pub origins: Vec<Vec<usize>>,
}

impl ReleasedTiles {
    /// The tiles of an image.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a target of 0, and for an image of fewer than two tiles
    /// along an axis where tiles overlap.
    pub fn plan(&self, image: &[usize]) -> Result<CanvasTiles, AlgorithmError> {
        let counts = self.counts(image)?;
        let canvas: Vec<usize> = counts.iter().map(|count| count * self.target).collect();
        let offset = canvas.iter().zip(image).map(|(canvas, n)| (canvas - n) / 2);
        let starts = |&count: &usize| {
            let mut starts: Vec<usize> = (0..count).map(|tile| tile * self.target).collect();
            if let Some(last) = starts.last_mut() {
                *last = last.saturating_sub(self.overlap);
            }
            starts
        };
        Ok(CanvasTiles {
            image_offset: offset.collect(),
            origins: product(&counts.iter().map(starts).collect::<Vec<_>>()),
            canvas,
        })
    }

    fn counts(&self, image: &[usize]) -> Result<Vec<usize>, AlgorithmError> {
        if self.target == 0 {
            return Err(AlgorithmError::parameter("target", 0, "at least 1 pixel"));
        }
        let counts: Vec<usize> = image.iter().map(|n| n.div_ceil(self.target)).collect();
        let least = if self.overlap > 0 { 2 } else { 1 };
        if let Some(axis) = counts.iter().position(|&count| count < least) {
            let expected = format!("more than {} pixels", (least - 1) * self.target);
            return Err(AlgorithmError::parameter(
                "the image's length",
                image[axis],
                expected,
            ));
        }
        if self.overlap > self.target {
            let expected = format!("at most the target of {}", self.target);
            return Err(AlgorithmError::parameter("overlap", self.overlap, expected));
        }
        Ok(counts)
    }
}

/// How many crops of side `size` the released program makes of an image: its tiles for the target
/// `size / 2`, and for each target from `size` down in steps of 4 to above `size / 2`, after a
/// border of `border` zeros on each side.
///
/// The published number of 4110 counts the second of its two images twice.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for a size below 2, or an image too small for a target.
pub fn released_crop_count(
    image: &[usize],
    size: usize,
    border: usize,
) -> Result<usize, AlgorithmError> {
    if size < 2 {
        return Err(AlgorithmError::parameter("size", size, "at least 2 pixels"));
    }
    let bordered: Vec<usize> = image
        .iter()
        .map(|n| n.saturating_add(border.saturating_mul(2)))
        .collect();
    let half = std::iter::once((size / 2, size / 2));
    let targets = (0..size.div_ceil(2))
        .step_by(4)
        .map(|overlap| (size - overlap, overlap));
    half.chain(targets)
        .map(|(target, overlap)| {
            let counts = ReleasedTiles { target, overlap }.counts(&bordered)?;
            Ok(counts.iter().product::<usize>())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_errors_and_small_images_have_no_crops() {
        let dense = DenseCrops::default();
        assert!(dense.origins(&[100, 500]).unwrap().is_empty());
        assert!(dense.origins(&[100]).is_err());
        for fault in [
            DenseCrops {
                size: vec![0, 4],
                ..dense.clone()
            },
            DenseCrops {
                stride: vec![1, 0],
                ..dense.clone()
            },
        ] {
            assert!(fault.origins(&[9, 9]).is_err());
        }
        let tiles = |target, overlap| ReleasedTiles { target, overlap };
        for (target, overlap) in [(0, 0), (8, 9), (30, 1)] {
            assert!(tiles(target, overlap).plan(&[30, 30]).is_err());
        }
        assert_eq!(tiles(30, 0).plan(&[30, 30]).unwrap().origins, [[0, 0]]);
        assert!(released_crop_count(&[50, 50], 1, 0).is_err());
    }

    #[test]
    fn the_published_count_is_the_second_image_twice() {
        let counts = [[629, 1014], [527, 1383]].map(|image| released_crop_count(&image, 128, 40));
        assert_eq!(counts, [Ok(1824), Ok(2055)]);
    }
}
