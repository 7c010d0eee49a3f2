//! Parts of an image.

use std::ops::Range;

use crate::axes::Axis;
use crate::error::ImageError;
use crate::source::ImageInfo;

/// A box in an image: a range of positions along each axis.
///
/// An axis that is not mentioned is taken whole, so the default is the whole image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    ranges: Vec<(Axis, Range<usize>)>,
}

impl Region {
    /// The same region with this range along an axis.
    pub fn with(mut self, axis: Axis, range: Range<usize>) -> Region {
        self.ranges.retain(|(other, _)| *other != axis);
        self.ranges.push((axis, range));
        self
    }

    /// The range along an axis of the given length.
    pub(crate) fn range(&self, axis: Axis, length: usize) -> Range<usize> {
        self.ranges
            .iter()
            .find(|(other, _)| *other == axis)
            .map_or(0..length, |(_, range)| range.clone())
    }

    /// One range for each axis of the image, in its order.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] if a range is reversed or reaches beyond the image.
    pub fn resolve(&self, info: &ImageInfo) -> Result<Vec<Range<usize>>, ImageError> {
        for (axis, range) in &self.ranges {
            let length = info.len_of(*axis);
            if range.start > range.end || range.end > length {
                return Err(ImageError::Misuse {
                    path: Some(info.path.clone()),
                    problem: format!(
                        "has {length} positions along {axis}, the region {}..{} is not inside",
                        range.start, range.end
                    ),
                });
            }
        }
        Ok(info
            .axes
            .iter()
            .map(|axis| self.range(axis, info.len_of(axis)))
            .collect())
    }
}
