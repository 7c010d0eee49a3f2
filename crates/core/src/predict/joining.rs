//! Predicted tiles, averaged where they overlap and handed on in finished parts.

use coverslip_algorithms::patches::tile::{self, Blender};
use ndarray::{Array3, Array4};

use super::{
    PredictError,
    bands::Band,
    tiles::{Block, Emit},
};

/// Joins the tiles of bands; those of a band follow each other.
pub(super) struct Joining<'a, 'e, E> {
    bands: &'a [Band],
    weights: &'a Array3<f32>,
    emit: &'a mut Emit<'e, E>,
    /// The band that is not finished, by its index.
    open: Option<(usize, Blender)>,
}

impl<'a, 'e, E: From<PredictError>> Joining<'a, 'e, E> {
    /// Tiles are weighted by `weights`, `[Z, Y, X]`; finished parts go to `emit`.
    pub(super) fn new(
        bands: &'a [Band],
        weights: &'a Array3<f32>,
        emit: &'a mut Emit<'e, E>,
    ) -> Self {
        Self {
            bands,
            weights,
            emit,
            open: None,
        }
    }

    /// Takes the values `[C, Z, Y, X]` of a tile of a band, and hands on what no later tile reaches.
    pub(super) fn add(&mut self, band: usize, tile: &Block, values: &Array4<f32>) -> Result<(), E> {
        if self.open.as_ref().is_some_and(|(open, _)| *open != band) {
            self.finish()?;
        }
        let hull = &self.bands[band].hull;
        let (_, mut blender) = self.open.take().unwrap_or_else(|| {
            let shape = hull.clone().map(|range| range.len());
            (band, Blender::new(values.dim().0, shape))
        });
        let place = [0, 1, 2].map(|axis| tile[axis].start - hull[axis].start);
        let ready = place[blender.streamed_axis()];
        let part = blender.finish_until(ready).map_err(PredictError::from)?;
        self.hand_on(band, part)?;
        blender
            .add(place, values.view(), self.weights.view())
            .map_err(PredictError::from)?;
        self.open = Some((band, blender));
        Ok(())
    }

    /// Hands on the rest of the open band.
    pub(super) fn finish(&mut self) -> Result<(), E> {
        let Some((band, mut blender)) = self.open.take() else {
            return Ok(());
        };
        let part = blender
            .finish_until(usize::MAX)
            .map_err(PredictError::from)?;
        self.hand_on(band, part)
    }

    fn hand_on(&mut self, band: usize, part: Option<tile::Block>) -> Result<(), E> {
        let Some(part) = part else { return Ok(()) };
        let band = &self.bands[band];
        let start = [0, 1, 2].map(|axis| part.start[axis] + band.hull[axis].start);
        band.crop(start, part.values, self.emit)
    }
}
