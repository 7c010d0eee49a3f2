//! An image on the way to the network, a part at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use coverslip_image::{
    Axis,
    source::{Region, Source, blocks},
};
use ndarray::{Array4, ArrayView4, s};

use super::{PredictError, pipeline::read_ahead, tiles::Block, tiles::TileSource};
use crate::{
    base::{
        error::{Error, Interrupted},
        finite::NotFinite,
        monitor::Monitor,
    },
    model::package::Model,
    steps::preprocess::{Fitted, PreprocessStep},
};

/// What a sample takes: read, converted and prepared.
const PIXEL: usize = 16;

/// The bytes of a part that is looked at, which are enough for all threads to unpack it, unless the
/// file unpacks more at once.
const PART: u64 = 64 << 20;

/// One time point of a source, with preprocessing that has learned what it needs of all of it.
pub(super) struct Prepared<'a> {
    source: &'a dyn Source,
    time: usize,
    steps: Vec<Fitted>,
    stop: &'a AtomicBool,
}

impl<'a> Prepared<'a> {
    /// Lets the model's preprocessing learn from the image; `memory` is what a part may take.
    ///
    /// # Errors
    ///
    /// When a step needs the image in one piece, is not defined for it, or a part cannot be read.
    pub(super) fn new(
        model: &Model,
        source: &'a dyn Source,
        time: usize,
        memory: u64,
        monitor: &dyn Monitor,
        stop: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let mut prepared = Self {
            source,
            time,
            steps: Vec::new(),
            stop,
        };
        for (index, step) in model.preprocess.iter().enumerate() {
            let name = (model.description.preprocess.get(index)).map_or("", |named| &named.name);
            let fitted = prepared.fit(step.as_ref(), name, memory, monitor)?;
            if let Some(warning) = &fitted.warning {
                let path = source.info().path.display();
                monitor.warn(&format!("`{path}`: {warning}"));
            }
            prepared.steps.push(fitted);
        }
        Ok(prepared)
    }

    /// Takes values on the scale of the prepared image to the intensities of the image as it was.
    pub(super) fn restore(&self, values: &mut Array4<f32>) -> Result<(), Error> {
        let undo = self
            .steps
            .iter()
            .rev()
            .filter_map(|step| step.undo.as_ref());
        Ok(undo.into_iter().try_for_each(|undo| undo(values))?)
    }

    fn fit(
        &self,
        step: &dyn PreprocessStep,
        name: &str,
        memory: u64,
        monitor: &dyn Monitor,
    ) -> Result<Fitted, Error> {
        let info = self.source.info();
        let blocks: Vec<Block> = self.blocks(memory);
        let mut each = |look: &mut dyn FnMut(ArrayView4<'_, f32>)| -> Result<(), Error> {
            let task = monitor.begin("parts looked at", blocks.len() as u64);
            read_ahead(
                &blocks,
                |block| self.read(block),
                |values| {
                    look(values.view());
                    task.advance(1, "");
                    Ok(())
                },
            )
        };
        let shape = [Axis::C, Axis::Z, Axis::Y, Axis::X].map(|axis| info.len_of(axis));
        let fitted = step.fit_parts(shape, &mut each)?;
        fitted.ok_or_else(|| {
            PredictError::InOnePiece {
                path: info.path.clone(),
                step: name.to_owned(),
            }
            .into()
        })
    }

    /// Boxes that cover the image, all channels together; two at a time take at most `memory` bytes.
    fn blocks(&self, memory: u64) -> Vec<Block> {
        let info = self.source.info();
        let pixel = PIXEL * info.len_of(Axis::C);
        let own = [Axis::Z, Axis::Y, Axis::X].map(|axis| info.block_of(axis));
        let part = PART.max((own.iter().product::<usize>() * pixel) as u64);
        blocks::blocks(info, part.min(memory / 2), pixel, 0)
    }
}

impl Prepared<'_> {
    /// A block with the pixels around it that the steps look at.
    fn widened(&self, block: &Block) -> Block {
        let shape = self.shape();
        [0, 1, 2].map(|axis| {
            let reach = self.steps.iter().map(|step| step.reach[axis]);
            let reach = reach.fold(0, usize::saturating_add);
            let end = block[axis].end.saturating_add(reach);
            block[axis].start.saturating_sub(reach)..end.min(shape[axis])
        })
    }

    /// The pixels of a block as they are in the file.
    fn read_source(&self, block: &Block) -> Result<Array4<f32>, Error> {
        let axes = &self.source.info().axes;
        let time = (Axis::T, self.time..self.time + 1);
        let region = [Axis::Z, Axis::Y, Axis::X]
            .into_iter()
            .zip(block.clone())
            .chain([time])
            .filter(|(axis, _)| axes.contains(*axis))
            .fold(Region::default(), |region, (axis, range)| {
                region.with(axis, range)
            });
        let values = self.source.read_region(&region)?.to_czyx_f32()?;
        check_finite(&values, &self.source.info().path, block)?;
        Ok(values)
    }
}

impl TileSource<Error> for Prepared<'_> {
    fn shape(&self) -> [usize; 3] {
        let info = self.source.info();
        [Axis::Z, Axis::Y, Axis::X].map(|axis| info.len_of(axis))
    }

    fn read(&self, block: &Block) -> Result<Array4<f32>, Error> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        let wider = self.widened(block);
        let mut values = self.read_source(&wider)?;
        for step in &self.steps {
            (step.apply)(&mut values)?;
        }
        // What the steps made of the pixels around the block is wrong at the cut, and not wanted.
        let inner = [0, 1, 2].map(|axis| {
            let start = block[axis].start - wider[axis].start;
            start..start + block[axis].len()
        });
        if inner
            .iter()
            .zip(&values.shape()[1..])
            .all(|(range, &length)| range.len() == length)
        {
            return Ok(values);
        }
        let [z, y, x] = inner;
        Ok(values.slice(s![.., z, y, x]).to_owned())
    }
}

/// Refuses values that are no numbers, with their place in the whole image.
pub(super) fn check_finite(
    values: &Array4<f32>,
    path: &Path,
    block: &Block,
) -> Result<(), PredictError> {
    let Some(NotFinite { count, index, .. }) = NotFinite::find(values) else {
        return Ok(());
    };
    let [z, y, x] = [0, 1, 2].map(|axis| index[axis + 1] + block[axis].start);
    Err(PredictError::NotFinite {
        path: PathBuf::from(path),
        count,
        place: format!("c {}, z {z}, y {y}, x {x}", index[0]),
    })
}
