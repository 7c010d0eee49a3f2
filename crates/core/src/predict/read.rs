//! An image on the way to the network: read, checked and preprocessed, all of it or a part at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use coverslip_image::{
    Axis,
    source::{
        Source,
        blocks::{self, Block, ZYX},
    },
};
use ndarray::{Array4, ArrayView4, s};

use super::{PredictError, pad::TileSource, pipeline::read_ahead};
use crate::{
    base::{
        error::{Error, Interrupted},
        finite::NotFinite,
        monitor::Monitor,
    },
    model::package::Model,
    steps::preprocess::{self, Fitted, PreprocessStep, Preprocessed},
};

/// Bytes of working memory per sample: read, converted and prepared.
const BYTES_PER_SAMPLE: usize = 16;

/// Bytes of a part that is looked at, which are enough for all threads to unpack it, unless the
/// file unpacks more at once.
const PART_BYTES: u64 = 64 << 20;

/// One time point of a source, with preprocessing that has learned what it needs of all of it.
pub(super) struct Prepared<'a> {
    source: &'a dyn Source,
    time: usize,
    values: Values,
    done: Preprocessed,
    stop: &'a AtomicBool,
}

/// Where the pixels are that tiles are cut from.
enum Values {
    /// In memory, preprocessed.
    Whole(Array4<f32>),
    /// In the source; these steps are made of each part.
    Parts(Vec<Fitted>),
}

impl<'a> Prepared<'a> {
    /// Lets the model's preprocessing learn from the image: from all of it at once, or from parts of
    /// which two at a time take at most `part_memory` bytes.
    ///
    /// # Errors
    ///
    /// When a step needs the image in one piece and gets parts, is not defined for it, or pixels
    /// cannot be read.
    pub(super) fn new(
        model: &Model,
        (source, time): (&'a dyn Source, usize),
        part_memory: Option<u64>,
        monitor: &dyn Monitor,
        stop: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let mut prepared = Self {
            source,
            time,
            values: Values::Parts(Vec::new()),
            done: Preprocessed::default(),
            stop,
        };
        match part_memory {
            None => prepared.prepare_whole(&model.preprocess)?,
            Some(memory) => prepared.learn_from_parts(model, memory, monitor)?,
        }
        for warning in &prepared.done.warnings {
            monitor.warn(&format!("`{}`: {warning}", source.info().path.display()));
        }
        Ok(prepared)
    }

    /// Takes values on the scale of the prepared image to the intensities of the image as it was.
    pub(super) fn restore(&self, values: &mut Array4<f32>) -> Result<(), Error> {
        Ok(self.done.restore(values)?)
    }

    fn prepare_whole(&mut self, steps: &[Box<dyn PreprocessStep>]) -> Result<(), Error> {
        let mut values = self.read_source(&self.shape().map(|length| 0..length))?;
        self.done = preprocess::apply_all(steps, &mut values)?;
        self.values = Values::Whole(values);
        Ok(())
    }

    fn learn_from_parts(
        &mut self,
        model: &Model,
        memory: u64,
        monitor: &dyn Monitor,
    ) -> Result<(), Error> {
        for (index, step) in model.preprocess.iter().enumerate() {
            let name = (model.description.preprocess.get(index)).map_or("", |named| &named.name);
            let mut fitted = self.fit(step.as_ref(), name, memory, monitor)?;
            self.done.note(fitted.warning.take(), fitted.undo.take());
            if let Values::Parts(steps) = &mut self.values {
                steps.push(fitted);
            }
        }
        Ok(())
    }

    fn fit(
        &self,
        step: &dyn PreprocessStep,
        name: &str,
        memory: u64,
        monitor: &dyn Monitor,
    ) -> Result<Fitted, Error> {
        let info = self.source.info();
        let blocks = self.blocks(memory);
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
        let voxel = BYTES_PER_SAMPLE * info.len_of(Axis::C);
        let own = ZYX.map(|axis| info.block_of(axis));
        let part = PART_BYTES.max((own.iter().product::<usize>() * voxel) as u64);
        blocks::blocks(info, part.min(memory / 2), voxel, 0)
    }

    /// The pixels of a block as they are in the file.
    fn read_source(&self, block: &Block) -> Result<Array4<f32>, Error> {
        let info = self.source.info();
        let region = blocks::region(info, block).with(Axis::T, self.time..self.time + 1);
        let values = self.source.read_region(&region)?.to_czyx_f32()?;
        check_finite(&values, &info.path, block)?;
        Ok(values)
    }

    /// The pixels of a block after `steps`.
    fn read_prepared(&self, block: &Block, steps: &[Fitted]) -> Result<Array4<f32>, Error> {
        let wider = widened(block, steps, self.shape());
        let mut values = self.read_source(&wider)?;
        for step in steps {
            (step.apply)(&mut values)?;
        }
        if wider == *block {
            return Ok(values);
        }
        // What the steps made of the pixels around the block is wrong at the cut, and not wanted.
        let [z, y, x] = [0, 1, 2].map(|axis| {
            let start = block[axis].start - wider[axis].start;
            start..start + block[axis].len()
        });
        Ok(values.slice(s![.., z, y, x]).to_owned())
    }
}

/// A block with the pixels around it that the steps look at, as far as an image of `shape` has them.
fn widened(block: &Block, steps: &[Fitted], shape: [usize; 3]) -> Block {
    [0, 1, 2].map(|axis| {
        let reach = steps.iter().map(|step| step.reach[axis]);
        let reach = reach.fold(0, usize::saturating_add);
        let end = block[axis].end.saturating_add(reach);
        block[axis].start.saturating_sub(reach)..end.min(shape[axis])
    })
}

impl TileSource<Error> for Prepared<'_> {
    fn shape(&self) -> [usize; 3] {
        ZYX.map(|axis| self.source.info().len_of(axis))
    }

    fn read(&self, block: &Block) -> Result<Array4<f32>, Error> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        match &self.values {
            Values::Whole(values) => values.view().read(block),
            Values::Parts(steps) => self.read_prepared(block, steps),
        }
    }
}

/// Refuses values that are no numbers, with their place in the whole image.
fn check_finite(values: &Array4<f32>, path: &Path, block: &Block) -> Result<(), PredictError> {
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
