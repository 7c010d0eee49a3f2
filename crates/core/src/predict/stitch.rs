//! Predicted tiles, averaged where they overlap and handed on in finished parts.

use coverslip_algorithms::patches::tile::{self, Blender};
use ndarray::{Array3, Array4};

use super::{
    PredictError,
    band::Band,
    part::{Emit, Part},
};

/// Stitches the tiles of bands; those of a band follow each other.
pub(super) struct Stitcher<'a, 'e, E> {
    bands: &'a [Band],
    weights: &'a Array3<f32>,
    emit: &'a mut Emit<'e, E>,
    /// The band that is not finished, by its index.
    open: Option<(usize, Blender)>,
}

impl<'a, 'e, E: From<PredictError>> Stitcher<'a, 'e, E> {
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

    /// Takes the values `[C, Z, Y, X]` of a tile of a band, which begins at `start`, and hands on
    /// what no later tile reaches.
    pub(super) fn add(
        &mut self,
        band: usize,
        start: [usize; 3],
        values: &Array4<f32>,
    ) -> Result<(), E> {
        if self.open.as_ref().is_some_and(|(open, _)| *open != band) {
            self.finish()?;
        }
        let hull = &self.bands[band].hull;
        let (_, mut blender) = self.open.take().unwrap_or_else(|| {
            let shape = hull.clone().map(|range| range.len());
            (band, Blender::new(values.dim().0, shape))
        });
        let place = [0, 1, 2].map(|axis| start[axis] - hull[axis].start);
        let ready = place[blender.streamed_axis()];
        let finished = blender.finish_until(ready).map_err(PredictError::from)?;
        self.hand_on(band, finished)?;
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
        let rest = blender
            .finish_until(usize::MAX)
            .map_err(PredictError::from)?;
        self.hand_on(band, rest)
    }

    fn hand_on(&mut self, band: usize, finished: Option<tile::Block>) -> Result<(), E> {
        let Some(tile::Block { start, values }) = finished else {
            return Ok(());
        };
        let band = &self.bands[band];
        let start = [0, 1, 2].map(|axis| start[axis] + band.hull[axis].start);
        match (Part { start, values }).within(&band.block) {
            Some(part) => (self.emit)(part),
            None => Ok(()),
        }
    }
}
