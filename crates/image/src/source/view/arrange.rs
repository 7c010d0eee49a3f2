//! Axes under other names or in another order.

use ndarray::Axis as Dimension;

use super::{SharedSource, unsuitable};
use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::image::{Image, match_pixels};
use crate::source::{ImageInfo, Region, Source};

/// A source whose axes have other names or another order.
#[derive(Clone)]
pub struct Arranged {
    source: SharedSource,
    info: ImageInfo,
    /// For each axis of this view, the position of the source's axis; `None` for one of length 1
    /// that the source does not have.
    positions: Vec<Option<usize>>,
}

impl Arranged {
    /// The axes of `source` under other names, in their order: for files that do not say whether
    /// their pages are sections, time points or channels.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] unless there are as many names as axes.
    pub fn renamed(source: SharedSource, axes: &Axes) -> Result<Arranged, ImageError> {
        let mut info = source.info().clone();
        if axes.len() != info.axes.len() {
            return Err(unsuitable(
                &info,
                format!(
                    "has the {} axes `{}`, not the {} axes `{axes}`",
                    info.axes.len(),
                    info.axes,
                    axes.len()
                ),
                format!("give {} axes", info.axes.len()),
            ));
        }
        let was_c = info.axes.position(Axis::C);
        info.axes = axes.clone();
        // What is no channel any more has no channel's name.
        if axes.position(Axis::C) != was_c {
            info.metadata.channels.clear();
        }
        let positions = (0..axes.len()).map(Some).collect();
        Ok(Arranged {
            source,
            info,
            positions,
        })
    }

    /// The axes of `source` in the order of `axes`. Axes that the source lacks get length 1; axes
    /// of length 1 may be left out.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] if an axis with more than one position is left out.
    pub fn ordered(source: SharedSource, axes: &Axes) -> Result<Arranged, ImageError> {
        let mut info = source.info().clone();
        for axis in info.axes.iter().filter(|&axis| !axes.contains(axis)) {
            let length = info.len_of(axis);
            if length > 1 {
                return Err(unsuitable(
                    &info,
                    format!("has {length} positions along {axis}, which `{axes}` leaves out"),
                    format!("name all of `{}`, or crop or project {axis}", info.axes),
                ));
            }
        }
        let positions: Vec<_> = axes.iter().map(|axis| info.axes.position(axis)).collect();
        let rearranged = |lengths: &[usize]| -> Vec<usize> {
            positions
                .iter()
                .map(|position| position.map_or(1, |position| lengths[position]))
                .collect()
        };
        info.block = rearranged(&info.block);
        info.shape = rearranged(&info.shape);
        info.levels = vec![info.shape.clone()];
        info.axes = axes.clone();
        Ok(Arranged {
            source,
            info,
            positions,
        })
    }
}

impl Source for Arranged {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let names: Vec<Axis> = self.source.info().axes.iter().collect();
        let inner = (self.positions.iter().zip(&ranges)).fold(
            Region::default(),
            |inner, (position, range)| match position {
                Some(position) => inner.with(names[*position], range.clone()),
                None => inner,
            },
        );
        let pixels = self.source.read_region(&inner)?.into_pixels();
        let arranged = match_pixels!(pixels, array => {
            let mut array = array.into_dyn();
            let kept: Vec<usize> = self.positions.iter().copied().flatten().collect();
            let dropped: Vec<usize> =
                (0..array.ndim()).filter(|position| !kept.contains(position)).collect();
            let order: Vec<usize> = kept.into_iter().chain(dropped.iter().copied()).collect();
            array = array.permuted_axes(order);
            for _ in dropped {
                array.index_axis_inplace(Dimension(array.ndim() - 1), 0);
            }
            for (position, from) in self.positions.iter().enumerate() {
                if from.is_none() {
                    array.insert_axis_inplace(Dimension(position));
                }
            }
            array.as_standard_layout().into_owned().into()
        });
        self.info.image(arranged, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}
