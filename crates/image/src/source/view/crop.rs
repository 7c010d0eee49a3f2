//! A box cut out of an image.

use std::ops::Range;

use super::{SharedSource, unsuitable};
use crate::axes::Axis;
use crate::error::ImageError;
use crate::image::Image;
use crate::source::{ImageInfo, Region, Source};

/// A part of a source, with all of its axes.
#[derive(Clone)]
pub struct Cropped {
    source: SharedSource,
    info: ImageInfo,
    /// The range along each axis of the source.
    ranges: Vec<Range<usize>>,
}

impl Cropped {
    /// The part of `source` inside `ranges`; axes that are not named stay whole.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for an axis that the image lacks, an empty range, or one that
    /// reaches beyond the image.
    pub fn new(
        source: SharedSource,
        ranges: &[(Axis, Range<usize>)],
    ) -> Result<Cropped, ImageError> {
        let mut info = source.info().clone();
        for (axis, range) in ranges {
            let length = info.len_of(*axis);
            if range.is_empty() || range.end > length {
                return Err(unsuitable(
                    &info,
                    format!(
                        "has {length} position{} along {axis}; {}..{} is no part of them",
                        if length == 1 { "" } else { "s" },
                        range.start,
                        range.end
                    ),
                    format!("give a range START:END with START < END <= {length}"),
                ));
            }
        }
        let region = ranges
            .iter()
            .fold(Region::default(), |region, (axis, range)| {
                region.with(*axis, range.clone())
            });
        let ranges = region.resolve(&info)?;
        info.shape = ranges.iter().map(ExactSizeIterator::len).collect();
        info.block = (info.block.iter().zip(&info.shape))
            .map(|(&block, &length)| block.min(length))
            .collect();
        info.levels = vec![info.shape.clone()];
        let channels = region.range(Axis::C, source.info().len_of(Axis::C));
        let metadata = &mut info.metadata;
        metadata.channels = metadata.channels.get(channels).unwrap_or_default().to_vec();
        Ok(Cropped {
            source,
            info,
            ranges,
        })
    }
}

impl Source for Cropped {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let inside = region.resolve(&self.info)?;
        let moved = (self.info.axes.iter().zip(&self.ranges).zip(&inside)).fold(
            Region::default(),
            |moved, ((axis, range), inside)| {
                moved.with(axis, range.start + inside.start..range.start + inside.end)
            },
        );
        self.source.read_region(&moved)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}
