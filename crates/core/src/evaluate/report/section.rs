//! The part of an image that its pictures show.

use std::path::Path;

use coverslip_image::source::{Region, Source};
use coverslip_image::{Axis, Image, ImageError, format};
use ndarray::{Array2, Array4, Axis as Dimension, concatenate, s};

use crate::evaluate::EvaluateError;

/// Longest side of a section that is taken as it is; of larger ones every n-th pixel is.
const LONGEST_SIDE_PIXELS: usize = 4096;
/// About how many pixels are read at a time.
const BAND_PIXELS: usize = 1 << 24;

/// The middle section of an image.
pub(super) struct Section {
    source: Box<dyn Source>,
}

impl Section {
    pub(super) fn open(path: &Path) -> Result<Self, EvaluateError> {
        let source = format::open(path)?;
        Ok(Self { source })
    }

    /// Which section of how many it is; empty for a single one.
    pub(super) fn name(&self) -> String {
        match self.source.info().len_of(Axis::Z) {
            0 | 1 => String::new(),
            sections => format!("section {} of {sections}", sections / 2 + 1),
        }
    }

    /// The intensities `[C, 1, Y, X]`.
    pub(super) fn values(&self) -> Result<Array4<f32>, EvaluateError> {
        self.thinned(|image, _| image.to_czyx_f32())
    }

    /// The labels `[Y, X]`.
    pub(super) fn labels(&self) -> Result<Array2<u32>, EvaluateError> {
        let labels = self.thinned(|image, origin| {
            let labels = image.to_labels_zyx_at(origin)?;
            Ok(labels.insert_axis(Dimension(0)))
        })?;
        Ok(labels.slice_move(s![0, 0, .., ..]))
    }

    /// The section `[C, 1, Y, X]`, read some rows at a time.
    fn thinned<T: Clone + Default>(
        &self,
        convert: impl Fn(Image, [usize; 3]) -> Result<Array4<T>, ImageError>,
    ) -> Result<Array4<T>, EvaluateError> {
        let info = self.source.info();
        let [depth, height, width] = [Axis::Z, Axis::Y, Axis::X].map(|axis| info.len_of(axis));
        if info.shape.contains(&0) {
            return Ok(Array4::from_elem((1, 1, 0, 0), T::default()));
        }
        let middle = depth / 2;
        let step = height.max(width).div_ceil(LONGEST_SIDE_PIXELS).max(1);
        let rows = (BAND_PIXELS / width.max(1))
            .next_multiple_of(step)
            .max(step);
        let mut bands = Vec::new();
        for start in (0..height).step_by(rows) {
            let mut region = Region::default().with(Axis::Y, start..(start + rows).min(height));
            if info.axes.contains(Axis::Z) {
                region = region.with(Axis::Z, middle..middle + 1);
            }
            let values = convert(self.source.read_region(&region)?, [middle, start, 0])?;
            bands.push(values.slice(s![.., .., ..;step, ..;step]).to_owned());
        }
        let bands: Vec<_> = bands.iter().map(|band| band.view()).collect();
        concatenate(Dimension(2), &bands).map_err(|error| EvaluateError::Format {
            what: "the pictures",
            problem: error.to_string(),
        })
    }
}
