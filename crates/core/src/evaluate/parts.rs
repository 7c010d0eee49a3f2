//! A pair of images, read in parts so that its size is not bounded by the memory.

use std::ops::Range;

use coverslip_image::source::blocks::{Block, blocks, region, with_halo};
use coverslip_image::source::{ImageInfo, Source};
use coverslip_image::{Axis, DType, Image};
use ndarray::{Array3, Array4, ArrayView3, ArrayView4, s};
use rayon::prelude::*;

use super::{EvaluateError, EvaluationPair};

/// Bytes for a part below which parts are no use.
const LEAST_BYTES_PER_PART: u64 = 1 << 16;

/// A pair of opened images of the same size.
pub(super) struct Parts<'a> {
    pub(super) pair: &'a EvaluationPair,
    prediction: Box<dyn Source>,
    target: Box<dyn Source>,
    /// Pixels that a part has around what it is for.
    halo: usize,
    blocks: Vec<Block>,
    /// The only part, which is read once however often it is asked for.
    whole: Option<Part>,
}

/// A box of a pair with a halo around it.
pub(super) struct Part {
    prediction: Image,
    target: Image,
    /// Where the images lie in the whole, along Z, Y and X.
    around: Block,
    /// Where in them the box is.
    inside: Block,
}

impl<'a> Parts<'a> {
    /// Opens a pair.
    ///
    /// `memory` is for all threads; the work on a part takes `voxel` bytes a pixel and channel and
    /// sees `halo` pixels around each.
    pub(super) fn open(
        pair: &'a EvaluationPair,
        memory: u64,
        voxel: usize,
        halo: usize,
    ) -> Result<Self, EvaluateError> {
        let prediction = coverslip_image::format::open(&pair.prediction)?;
        let target = coverslip_image::format::open(&pair.target)?;
        let shapes = [prediction.info(), target.info()].map(shape);
        if shapes[0] != shapes[1] {
            return Err(EvaluateError::SizeMismatch {
                prediction: pair.prediction.clone(),
                prediction_shape: shapes[0],
                target: pair.target.clone(),
                target_shape: shapes[1],
            });
        }
        // A thread that waits for the file may begin another part meanwhile.
        let share = (memory / (2 * rayon::current_num_threads() as u64)).max(LEAST_BYTES_PER_PART);
        let voxel = voxel * shapes[1][0].max(1);
        let [_, z, y, x] = shapes[1];
        let mut blocks = blocks(target.info(), share, voxel, halo);
        if blocks.is_empty() {
            blocks.push([0..z, 0..y, 0..x]);
        }
        let mut parts = Self {
            pair,
            prediction,
            target,
            halo,
            blocks,
            whole: None,
        };
        if let [block] = &parts.blocks[..] {
            parts.whole = Some(parts.read(block)?);
        }
        Ok(parts)
    }

    /// What `one` makes of each part, in raster order.
    pub(super) fn map<M: Send>(
        &self,
        one: impl Fn(&Part) -> Result<M, EvaluateError> + Sync,
    ) -> Result<Vec<M>, EvaluateError> {
        if let Some(whole) = &self.whole {
            return Ok(vec![one(whole)?]);
        }
        let found: Vec<Result<M, EvaluateError>> = (self.blocks.par_iter())
            .map(|block| one(&self.read(block)?))
            .collect();
        found.into_iter().collect()
    }

    /// The lengths `[C, Z, Y, X]`.
    pub(super) fn shape(&self) -> [usize; 4] {
        shape(self.target.info())
    }

    /// The sample type of the target.
    pub(super) fn target_dtype(&self) -> DType {
        self.target.info().dtype
    }

    fn read(&self, block: &Block) -> Result<Part, EvaluateError> {
        let [_, z, y, x] = self.shape();
        let (around, inside) = with_halo([z, y, x], block, self.halo);
        let read = |source: &dyn Source| source.read_region(&region(source.info(), &around));
        Ok(Part {
            prediction: read(&*self.prediction)?,
            target: read(&*self.target)?,
            around,
            inside,
        })
    }
}

impl Part {
    /// Prediction and target as labels `Z Y X`, with the halo.
    pub(super) fn labels(&self) -> Result<[Array3<u32>; 2], EvaluateError> {
        let origin = self.origin();
        Ok([
            self.prediction.to_labels_zyx_at(origin)?,
            self.target.to_labels_zyx_at(origin)?,
        ])
    }

    /// Prediction and target as intensities `C Z Y X`, with the halo.
    pub(super) fn values(&self) -> Result<[Array4<f32>; 2], EvaluateError> {
        Ok([self.prediction.to_czyx_f32()?, self.target.to_czyx_f32()?])
    }

    /// Where the first pixel of the part with its halo lies in the whole.
    pub(super) fn origin(&self) -> [usize; 3] {
        self.around.each_ref().map(|range| range.start)
    }

    /// An array of the part without its halo.
    pub(super) fn core<'v, T>(&self, values: &'v Array3<T>) -> ArrayView3<'v, T> {
        let [z, y, x] = self.inside.clone();
        values.slice(s![z, y, x])
    }

    /// An array of the part with a halo of `halo` pixels.
    pub(super) fn with_halo<'v, T>(&self, values: &'v Array4<T>, halo: usize) -> ArrayView4<'v, T> {
        let shape = self.around.each_ref().map(Range::len);
        let (around, _) = with_halo(shape, &self.inside, halo);
        let [z, y, x] = around;
        values.slice(s![.., z, y, x])
    }
}

fn shape(info: &ImageInfo) -> [usize; 4] {
    [Axis::C, Axis::Z, Axis::Y, Axis::X].map(|axis| info.len_of(axis))
}
