//! An image that is continued beyond its edges by reflection, as networks need it.

use coverslip_algorithms::transform::pad::{Border, Padding, source_index};
use coverslip_image::source::blocks::Block;
use ndarray::{Array4, ArrayView4, Axis, s};

use super::PredictError;

/// A normalised image that is read in parts.
pub(super) trait TileSource<E>: Sync {
    /// Its size, `[Z, Y, X]`.
    fn shape(&self) -> [usize; 3];

    /// The pixels `[C, Z, Y, X]` of a box inside it.
    fn read(&self, block: &Block) -> Result<Array4<f32>, E>;
}

impl<E> TileSource<E> for ArrayView4<'_, f32> {
    fn shape(&self) -> [usize; 3] {
        let (_, z, y, x) = self.dim();
        [z, y, x]
    }

    fn read(&self, block: &Block) -> Result<Array4<f32>, E> {
        let [z, y, x] = block.clone();
        Ok(self.slice(s![.., z, y, x]).to_owned())
    }
}

/// An image that is reflected at its edges up to a larger size.
pub(super) struct Padded<'a, E> {
    image: &'a dyn TileSource<E>,
    /// Pixels added before the first, `[Z, Y, X]`.
    low: [usize; 3],
    /// The size with the pixels that were added.
    pub(super) shape: [usize; 3],
}

impl<'a, E: From<PredictError>> Padded<'a, E> {
    /// `image` in the middle of `shape`, `[Z, Y, X]`.
    pub(super) fn new(image: &'a dyn TileSource<E>, shape: [usize; 3]) -> Result<Self, E> {
        let padding = Padding::to_size(&image.shape(), &shape).map_err(PredictError::from)?;
        Ok(Self {
            image,
            low: [0, 1, 2].map(|axis| padding.widths[axis].0),
            shape,
        })
    }

    /// Where the image lies.
    pub(super) fn inside(&self) -> Block {
        let inner = self.image.shape();
        std::array::from_fn(|axis| self.low[axis]..self.low[axis] + inner[axis])
    }

    /// The pixels of a box.
    pub(super) fn read(&self, block: &Block) -> Result<Array4<f32>, E> {
        let inner = self.image.shape();
        let indices: [Vec<usize>; 3] = std::array::from_fn(|axis| {
            let at = |index: usize| index as isize - self.low[axis] as isize;
            (block[axis].clone())
                .map(|index| source_index(at(index), inner[axis], &Border::<f32>::Reflect101))
                .collect()
        });
        let hull: Block = std::array::from_fn(|axis| {
            let start = indices[axis].iter().min().copied().unwrap_or(0);
            start..indices[axis].iter().max().map_or(0, |&last| last + 1)
        });
        let mut values = self.image.read(&hull)?;
        for axis in 0..3 {
            let wanted: Vec<usize> = (indices[axis].iter())
                .map(|index| index - hull[axis].start)
                .collect();
            if wanted.len() != hull[axis].len() || !wanted.is_sorted() {
                values = values.select(Axis(axis + 1), &wanted);
            }
        }
        Ok(values)
    }
}
