//! Samples of another type.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{SharedSource, unsuitable};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::image::{Image, PixelType, Pixels, match_pixels};
use crate::source::{ImageInfo, Region, Source};

/// How many samples were beyond the range of the new type, of those that were read so far.
#[derive(Clone, Debug, Default)]
pub struct Clipped(Arc<AtomicU64>);

impl Clipped {
    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A source whose samples have another type.
///
/// Without a range values stay what they are: fractions are rounded half to even, and what the new
/// type cannot hold becomes its nearest value (NaN becomes 0) and is counted. With a range, the
/// lowest and highest of it become the lowest and highest value of an integer type, or 0 and 1.
#[derive(Clone)]
pub struct Cast {
    source: SharedSource,
    info: ImageInfo,
    range: Option<[f64; 2]>,
    clipped: Clipped,
}

impl Cast {
    /// `source` with samples of `dtype`.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for a range that is empty or not finite.
    pub fn new(
        source: SharedSource,
        dtype: DType,
        range: Option<[f64; 2]>,
    ) -> Result<Cast, ImageError> {
        let mut info = source.info().clone();
        if let Some([low, high]) = range
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return Err(unsuitable(
                &info,
                format!("cannot be mapped from the range {low} to {high}"),
                "give two finite numbers LOW,HIGH with LOW < HIGH".to_owned(),
            ));
        }
        info.dtype = dtype;
        info.levels.truncate(1);
        if range.is_some() {
            for channel in &mut info.metadata.channels {
                channel.window = None;
            }
        }
        Ok(Cast {
            source,
            info,
            range,
            clipped: Clipped::default(),
        })
    }

    /// The count of samples that did not fit, shared with this view.
    pub fn clipped(&self) -> Clipped {
        self.clipped.clone()
    }
}

impl Source for Cast {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let pixels = self.source.read_region(region)?.into_pixels();
        let (pixels, clipped) = match self.range {
            Some(range) => stretch(&pixels, self.info.dtype, range),
            None => pixels.cast(self.info.dtype),
        };
        self.clipped.0.fetch_add(clipped, Ordering::Relaxed);
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

/// Maps `low..high` linearly to the range of the type, and counts what lies beyond.
fn stretch(pixels: &Pixels, dtype: DType, [low, high]: [f64; 2]) -> (Pixels, u64) {
    let [first, last] = dtype.range().unwrap_or([0.0, 1.0]);
    let scale = (last - first) / (high - low);
    let mut clipped = 0;
    let mapped = match_pixels!(pixels, array => array.mapv(|value| {
        let value = value.to_f64();
        clipped += u64::from(value < low || value > high);
        (value.clamp(low, high) - low) * scale + first
    }));
    (Pixels::F64(mapped).cast(dtype).0, clipped)
}
