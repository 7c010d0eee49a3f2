//! A source of labels, seen as a volume that is cut into blocks.

use std::ops::Range;

use ndarray::Array3;

use crate::axes::Axis;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::image::Pixels;
use crate::sink::{Sink, Target};
use crate::source::{Region, Source};

/// A box: ranges along Z, Y and X.
pub(super) type Block = [Range<usize>; 3];

const ZYX: [Axis; 3] = [Axis::Z, Axis::Y, Axis::X];

/// A source of labels `Z Y X` (missing axes have length 1), with the memory that blocks may take.
#[derive(Clone, Copy)]
pub struct Volume<'a> {
    source: &'a dyn Source,
    /// `[Z, Y, X]`.
    pub(super) shape: [usize; 3],
    memory: u64,
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

    /// Boxes that cover the image, in raster order: multiples of the source's own blocks where
    /// memory suffices, so that no chunk is unpacked for two of them.
    ///
    /// `voxel` is how many bytes an algorithm takes a pixel, `halo` how many pixels more than the
    /// box it reads on each side.
    pub(super) fn blocks(&self, voxel: usize, halo: usize) -> Vec<Block> {
        let share = self.memory as usize / rayon::current_num_threads().max(1);
        let size = self.block_size(share / voxel, halo);
        let [z, y, x] = [0, 1, 2].map(|axis| (0..self.shape[axis]).step_by(size[axis]));
        let range = |axis: usize, start: usize| start..(start + size[axis]).min(self.shape[axis]);
        z.flat_map(|z| {
            let x = x.clone();
            y.clone()
                .flat_map(move |y| x.clone().map(move |x| [z, y, x]))
        })
        .map(|[z, y, x]| [range(0, z), range(1, y), range(2, x)])
        .collect()
    }

    fn block_size(&self, voxels: usize, halo: usize) -> [usize; 3] {
        let own: [usize; 3] = std::array::from_fn(|axis| {
            self.source
                .info()
                .block_of(ZYX[axis])
                .clamp(1, self.shape[axis].max(1))
        });
        let with_halo = |size: [usize; 3]| -> usize {
            (0..3)
                .map(|axis| (size[axis] + 2 * halo).min(self.shape[axis].max(1)))
                .product()
        };
        let mut size = own;
        while with_halo(size) > voxels && size.iter().any(|&length| length > 1) {
            let longest = (0..3)
                .max_by_key(|&axis| (size[axis], 3 - axis))
                .unwrap_or(0);
            size[longest] = size[longest].div_ceil(2);
        }
        // Cubes have the smallest faces.
        loop {
            let grown = (0..3)
                .filter(|&axis| size[axis] < self.shape[axis] && size[axis] >= own[axis])
                .map(|axis| {
                    let mut grown = size;
                    grown[axis] = (size[axis] + own[axis]).min(self.shape[axis]);
                    (size[axis], grown)
                })
                .filter(|&(_, grown)| with_halo(grown) <= voxels)
                .min_by_key(|&(length, _)| length);
            match grown {
                Some((_, grown)) => size = grown,
                None => return size,
            }
        }
    }

    /// A block with `halo` more pixels on each side, as far as the image has them, and where in it
    /// the block is.
    pub(super) fn with_halo(&self, block: &Block, halo: usize) -> (Block, Block) {
        let around: Block = std::array::from_fn(|axis| {
            let end = (block[axis].end + halo).min(self.shape[axis]);
            block[axis].start.saturating_sub(halo)..end
        });
        let inside = std::array::from_fn(|axis| {
            let start = block[axis].start - around[axis].start;
            start..start + block[axis].len()
        });
        (around, inside)
    }

    /// The labels of a box.
    pub(super) fn read(&self, ranges: &Block) -> Result<Array3<u32>, ImageError> {
        let region = (ZYX.into_iter().zip(ranges))
            .filter(|(axis, _)| self.source.info().axes.contains(*axis))
            .fold(Region::default(), |region, (axis, range)| {
                region.with(axis, range.clone())
            });
        self.source.read_region(&region)?.to_labels_zyx()
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
