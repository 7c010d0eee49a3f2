//! Projections along an axis.

use ndarray::{ArrayD, Axis as Dimension, Zip};
use serde::{Deserialize, Serialize};

use super::{SharedSource, unsuitable};
use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::image::{Image, PixelType, Pixels, match_pixels};
use crate::source::{ImageInfo, Region, Source};

/// What becomes of the pixels along the axis that is projected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Projection {
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their mean; integers are rounded, half to even.
    Mean,
    /// Their sum; integers are held at the largest of their type.
    Sum,
    /// The one in the middle, the later of two.
    Middle,
}

/// A source without one of the axes of another.
#[derive(Clone)]
pub struct Projected {
    source: SharedSource,
    info: ImageInfo,
    axis: Axis,
    projection: Projection,
}

impl Projected {
    /// The projection of `source` along `axis`.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for the axes y and x, and for one that the image lacks.
    pub fn new(
        source: SharedSource,
        axis: Axis,
        projection: Projection,
    ) -> Result<Projected, ImageError> {
        let mut info = source.info().clone();
        let position = info
            .axes
            .position(axis)
            .filter(|_| !matches!(axis, Axis::Y | Axis::X));
        let Some(position) = position else {
            return Err(unsuitable(
                &info,
                format!(
                    "has the axes `{}`: there is nothing to project along {axis}",
                    info.axes
                ),
                "project along one of t, c and z that the image has".to_owned(),
            ));
        };
        info.shape.remove(position);
        info.block.remove(position);
        let rest: Vec<Axis> = info.axes.iter().filter(|&other| other != axis).collect();
        info.axes = Axes::new(&rest).unwrap_or(info.axes);
        info.levels = vec![info.shape.clone()];
        match axis {
            Axis::C => info.metadata.channels.clear(),
            Axis::T => info.metadata.time_step = None,
            _ => info.metadata.pixel_size.z = None,
        }
        Ok(Projected {
            source,
            info,
            axis,
            projection,
        })
    }
}

impl Source for Projected {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Reads one position of the axis after the other, so that memory follows the result.
    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        region.resolve(&self.info)?;
        let length = self.source.info().len_of(self.axis);
        let position = self.source.info().axes.position(self.axis);
        let read = |index: usize| -> Result<Pixels, ImageError> {
            let one = region.clone().with(self.axis, index..index + 1);
            let pixels = self.source.read_region(&one)?.into_pixels();
            Ok(match position {
                Some(position) => match_pixels!(pixels, array => {
                    array.index_axis_move(Dimension(position), 0).into()
                }),
                None => pixels,
            })
        };
        let pixels = match self.projection {
            Projection::Middle => read(length / 2)?,
            Projection::Max | Projection::Min => {
                let mut extreme = read(0)?;
                for index in 1..length {
                    keep(&mut extreme, &read(index)?, self.projection);
                }
                extreme
            }
            Projection::Mean | Projection::Sum => {
                let mut sum = to_f64(&read(0)?);
                for index in 1..length {
                    sum += &to_f64(&read(index)?);
                }
                if self.projection == Projection::Mean {
                    sum /= length as f64;
                }
                Pixels::F64(sum).cast(self.info.dtype).0
            }
        };
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

fn to_f64(pixels: &Pixels) -> ArrayD<f64> {
    match_pixels!(pixels, array => array.mapv(PixelType::to_f64))
}

/// Keeps the larger or smaller of each two pixels; NaN only where both are.
fn keep(kept: &mut Pixels, next: &Pixels, projection: Projection) {
    fn pick<T: Copy + PartialOrd>(to: &mut ArrayD<T>, from: &ArrayD<T>, is_max: bool) {
        Zip::from(to).and(from).for_each(|to, &from| {
            let held = *to;
            let is_nan = held.partial_cmp(&held).is_none();
            if is_nan || (is_max && from > held) || (!is_max && from < held) {
                *to = from;
            }
        });
    }
    let is_max = projection == Projection::Max;
    macro_rules! pick {
        ($($variant:ident)*) => {
            match (kept, next) {
                $((Pixels::$variant(to), Pixels::$variant(from)) => pick(to, from, is_max),)*
                _ => {}
            }
        };
    }
    pick!(U8 I8 U16 I16 U32 I32 U64 I64 F32 F64);
}
