//! An image from a source into a sink, block by block.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::error::ImageError;
use crate::sink::Sink;
use crate::source::{ImageInfo, Region, Source, bytes};

/// Blocks of a copy grow to the blocks that the source unpacks at once, up to so many bytes each.
const LARGEST_BLOCK_BYTES: u128 = 256 << 20;

/// The boxes that an image is copied in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    shape: Vec<usize>,
    block: Vec<usize>,
}

impl Blocks {
    /// Boxes that suit both sides: whole blocks of the sink and, as far as a box of `limit` bytes
    /// allows, of the source, so that a strip of a TIFF is not unpacked once for every tile.
    pub fn new(source: &ImageInfo, sink_block: &[usize], limit: u128) -> Blocks {
        let mut block: Vec<usize> = (sink_block.iter().zip(&source.shape))
            .map(|(&block, &length)| block.clamp(1, length.max(1)))
            .collect();
        for position in (0..block.len()).rev() {
            let wanted = source.block[position].clamp(1, source.shape[position].max(1));
            let multiple = wanted.div_ceil(block[position]) * block[position];
            let mut grown = block.clone();
            grown[position] = multiple.min(source.shape[position].max(1));
            if bytes(source.dtype, &grown) <= limit {
                block = grown;
            }
        }
        Blocks {
            shape: source.shape.clone(),
            block,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.counts().product()
    }

    /// Whether the image has no pixels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first pixel and the lengths of a box, the last axis fastest.
    pub fn get(&self, mut index: usize) -> (Vec<usize>, Vec<usize>) {
        let counts: Vec<usize> = self.counts().collect();
        let mut origin = vec![0; counts.len()];
        for position in (0..counts.len()).rev() {
            origin[position] = index % counts[position] * self.block[position];
            index /= counts[position];
        }
        let lengths = (origin.iter().zip(&self.shape).zip(&self.block))
            .map(|((&start, &length), &block)| block.min(length - start))
            .collect();
        (origin, lengths)
    }

    fn counts(&self) -> impl Iterator<Item = usize> {
        (self.shape.iter().zip(&self.block)).map(|(&length, &block)| length.div_ceil(block))
    }
}

/// Copies all pixels of `source` into `sink`, on all threads of the pool, and calls `advance` with
/// the number of bytes after each block. Memory: a few blocks a thread.
///
/// Gives whether it came to the end; `stop` ends it early. The sink is not finished by this.
///
/// # Errors
///
/// The first fault of either side.
pub fn copy(
    source: &dyn Source,
    sink: &dyn Sink,
    memory: u64,
    stop: &AtomicBool,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<bool, ImageError> {
    let info = source.info();
    // A thread holds what it reads, what it was unpacked from, and what it packs.
    let share = u128::from(memory) / (4 * rayon::current_num_threads() as u128);
    let blocks = Blocks::new(info, sink.block(), share.min(LARGEST_BLOCK_BYTES));
    (0..blocks.len()).into_par_iter().try_for_each(|index| {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (origin, lengths) = blocks.get(index);
        if !sink.is_written(&origin, &lengths) {
            let region = (info.axes.iter().zip(&origin).zip(&lengths))
                .fold(Region::default(), |region, ((axis, &start), &length)| {
                    region.with(axis, start..start + length)
                });
            sink.write(&origin, source.read_region(&region)?.pixels())?;
        }
        advance(bytes(info.dtype, &lengths) as u64);
        Ok(())
    })?;
    Ok(!stop.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    fn info(shape: &[usize], block: &[usize]) -> ImageInfo {
        let axes = "zyx".parse().unwrap();
        let mut info = ImageInfo::new("a", "test", axes, shape.to_vec(), DType::UInt16);
        info.block = block.to_vec();
        info
    }

    #[test]
    fn strips_are_not_cut_into_tiles() {
        let strips = info(&[4, 5000, 6000], &[1, 10, 6000]);
        let blocks = Blocks::new(&strips, &[1, 512, 512], 256 << 20);
        assert_eq!(blocks.block, [1, 512, 6000]);
        assert_eq!(blocks.len(), 4 * 10);
        assert_eq!(blocks.get(39), (vec![3, 4608, 0], vec![1, 392, 6000]));
        // Where memory does not suffice for whole strips, the sink decides.
        assert_eq!(
            Blocks::new(&strips, &[1, 512, 512], 1 << 20).block,
            [1, 512, 512]
        );
    }

    #[test]
    fn an_empty_image_has_no_blocks() {
        assert!(Blocks::new(&info(&[0, 8, 8], &[1, 8, 8]), &[1, 8, 8], 1 << 20).is_empty());
    }
}
