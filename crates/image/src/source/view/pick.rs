//! Some of the channels, in any order.

use ndarray::Axis as Dimension;

use super::{SharedSource, unsuitable};
use crate::axes::Axis;
use crate::error::ImageError;
use crate::image::{Image, Pixels, match_pixels};
use crate::source::{ImageInfo, Region, Source};

/// A source with some of the channels of another.
#[derive(Clone)]
pub struct Channels {
    source: SharedSource,
    info: ImageInfo,
    picked: Vec<usize>,
}

impl Channels {
    /// The channels `picked` of `source`, counted from 0, in this order.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] if one of them does not exist or none is given.
    pub fn new(source: SharedSource, picked: &[usize]) -> Result<Channels, ImageError> {
        let mut info = source.info().clone();
        let channels = info.len_of(Axis::C);
        if picked.is_empty() || picked.iter().any(|&channel| channel >= channels) {
            return Err(unsuitable(
                &info,
                format!(
                    "has {channels} channel{}, not the channels {picked:?}",
                    if channels == 1 { "" } else { "s" }
                ),
                format!("name channels from 0 to {}", channels - 1),
            ));
        }
        if let Some(position) = info.axes.position(Axis::C) {
            info.shape[position] = picked.len();
            info.block[position] = info.block[position].min(picked.len());
        }
        let known = std::mem::take(&mut info.metadata.channels);
        info.metadata.channels = picked
            .iter()
            .filter_map(|&channel| known.get(channel).cloned())
            .collect();
        info.levels = vec![info.shape.clone()];
        Ok(Channels {
            source,
            info,
            picked: picked.to_vec(),
        })
    }
}

impl Source for Channels {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        region.resolve(&self.info)?;
        let Some(position) = self.info.axes.position(Axis::C) else {
            return self.source.read_region(region);
        };
        let wanted = &self.picked[region.range(Axis::C, self.picked.len())];
        let parts = wanted
            .iter()
            .map(|&channel| {
                let one = region.clone().with(Axis::C, channel..channel + 1);
                Ok(self.source.read_region(&one)?.into_pixels())
            })
            .collect::<Result<Vec<Pixels>, ImageError>>()?;
        let mut shape: Vec<usize> = (region.resolve(&self.info)?.iter())
            .map(ExactSizeIterator::len)
            .collect();
        shape[position] = parts.len();
        let mut pixels = Pixels::zeros(self.info.dtype, &shape);
        for (place, part) in parts.iter().enumerate() {
            let mut origin = vec![0; shape.len()];
            origin[position] = place;
            let pasted = pixels.paste(&origin, part);
            debug_assert!(pasted.is_some(), "one channel of the same region");
        }
        debug_assert!(
            match_pixels!(&pixels, array => array.len_of(Dimension(position))) == wanted.len()
        );
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}
