//! A source of labels, seen as a volume that is cut into blocks.

use ndarray::Array3;
use rayon::prelude::*;

use super::objects::Object;
use coverslip_image::axes::Axis;
use coverslip_image::dtype::DType;
use coverslip_image::error::ImageError;
use coverslip_image::image::Pixels;
use coverslip_image::sink::{Sink, Target};
use coverslip_image::source::Source;
use coverslip_image::source::blocks::{self, Block, ZYX};

/// Bytes of working memory per voxel of a copy: labels as read, converted, and as the sink has them.
const BYTES_PER_VOXEL: usize = 16;

/// Where memory allows fewer and larger blocks.
const BLOCKS_PER_THREAD: usize = 8;

/// Smaller blocks, in voxels, are not made for the threads' sake.
const LEAST_BLOCK_VOXELS: usize = 1 << 20;

/// A source of labels `Z Y X` (missing axes have length 1), with the memory that blocks may take.
#[derive(Clone, Copy)]
pub struct Volume<'a> {
    source: &'a dyn Source,
    /// `[Z, Y, X]`.
    pub(super) shape: [usize; 3],
    memory: u64,
    /// All objects, where they are known.
    pub(super) objects: Option<&'a [Object]>,
}

impl<'a> Volume<'a> {
    /// The labels of `source`; all blocks in work together take about `memory` bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for several time points or channels.
    pub fn new(source: &'a dyn Source, memory: u64) -> Result<Volume<'a>, ImageError> {
        let info = source.info();
        for axis in [Axis::T, Axis::C] {
            let length = info.len_of(axis);
            if length > 1 {
                return Err(ImageError::Unsuitable {
                    path: Some(info.path.clone()),
                    problem: format!(
                        "has {length} positions along {axis}; labels need exactly one"
                    ),
                    remedy: "crop the image to one of them".to_owned(),
                });
            }
        }
        let shape = ZYX.map(|axis| info.len_of(axis));
        Ok(Volume {
            source,
            shape,
            memory,
            objects: None,
        })
    }

    /// The bytes that all blocks in work together may take.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    /// What an image of labels of this size is written as.
    pub fn target(&self) -> Target {
        let info = self.source.info();
        Target {
            axes: info.axes.clone(),
            shape: info.shape.clone(),
            dtype: DType::UInt32,
            metadata: info.metadata.clone(),
            is_labels: true,
        }
    }

    /// Boxes that cover the image, in raster order, see [`blocks::cover`]: one for each thread fits
    /// into the memory.
    pub(super) fn blocks(&self, voxel: usize, halo: usize) -> Vec<Block> {
        let own = ZYX.map(|axis| self.source.info().block_of(axis));
        self.cover(own, voxel, halo)
    }

    /// The same without a halo, of whole blocks of `sink` too, so that few wait in it for their
    /// neighbours.
    pub(super) fn blocks_for(&self, sink: &dyn Sink, voxel: usize) -> Vec<Block> {
        let axes = &sink.target().axes;
        let own = ZYX.map(|axis| {
            let wanted = axes.position(axis).map_or(1, |at| sink.block()[at]);
            wanted.next_multiple_of(self.source.info().block_of(axis).max(1))
        });
        self.cover(own, voxel, 0)
    }

    fn cover(&self, own: [usize; 3], voxel: usize, halo: usize) -> Vec<Block> {
        let threads = rayon::current_num_threads().max(1);
        let share = self.memory / threads as u64;
        let mut most = usize::try_from(share).unwrap_or(usize::MAX) / voxel.max(1);
        // Several for each thread, so that all are at work to the end; with a halo, larger ones read
        // less twice.
        if halo == 0 {
            let enough = self.shape.iter().product::<usize>() / (threads * BLOCKS_PER_THREAD);
            let whole = own.iter().product();
            most = most.min(enough.max(LEAST_BLOCK_VOXELS).max(whole));
        }
        blocks::cover(self.shape, own, most, halo)
    }

    /// A block with `halo` more pixels on each side, as far as the image has them, and where in it
    /// the block is.
    pub(super) fn with_halo(&self, block: &Block, halo: usize) -> (Block, Block) {
        blocks::with_halo(self.shape, block, halo)
    }

    /// Writes all labels into a sink of the same size, as the type that the sink has.
    ///
    /// # Errors
    ///
    /// Any fault of source and sink.
    pub fn copy(&self, sink: &dyn Sink) -> Result<(), ImageError> {
        (self.blocks_for(sink, BYTES_PER_VOXEL).into_par_iter())
            .try_for_each(|block| Volume::write(sink, &block, self.read(&block)?))
    }

    /// The labels of a box.
    pub(super) fn read(&self, ranges: &Block) -> Result<Array3<u32>, ImageError> {
        let region = blocks::region(self.source.info(), ranges);
        let origin = ranges.each_ref().map(|range| range.start);
        self.source.read_region(&region)?.to_labels_zyx_at(origin)
    }

    /// Writes labels `Z Y X` of a block into a sink of the same shape, as the
    /// type that the sink has.
    pub(super) fn write(
        sink: &dyn Sink,
        block: &Block,
        labels: Array3<u32>,
    ) -> Result<(), ImageError> {
        let target = sink.target();
        let origin = block.each_ref().map(|range| range.start);
        let mut array = labels.into_dyn();
        let mut place: Vec<usize> = target
            .axes
            .iter()
            .map(|axis| spatial(axis, origin))
            .collect();
        // Bring the array to the sink's axes: drop those that it lacks, then insert t and c.
        for (position, axis) in ZYX.into_iter().enumerate().rev() {
            if !target.axes.contains(axis) {
                array.index_axis_inplace(ndarray::Axis(position), 0);
            }
        }
        for (position, axis) in target.axes.iter().enumerate() {
            if matches!(axis, Axis::T | Axis::C) {
                array.insert_axis_inplace(ndarray::Axis(position));
                place[position] = 0;
            }
        }
        let (pixels, _) = Pixels::U32(array).cast(target.dtype);
        sink.write(&place, &pixels)
    }
}

fn spatial(axis: Axis, [z, y, x]: [usize; 3]) -> usize {
    match axis {
        Axis::Z => z,
        Axis::Y => y,
        Axis::X => x,
        Axis::T | Axis::C => 0,
    }
}
