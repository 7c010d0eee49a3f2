//! How the pages of a file make up a stack.

use crate::axes::Axis;
use crate::image::PixelSize;

/// More planes than any file has pages; a description that claims more is not believed.
const MOST_PLANES: usize = 1 << 24;

/// Which page holds which plane, and what else a description says about the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrangement {
    /// The number of time points, of channels that are pages of their own, and of sections.
    pub(super) lengths: [usize; 3],
    /// The page of each plane, in the order `T C Z` with sections fastest; `None` is a blank one.
    pub(super) pages: Vec<Option<usize>>,
    /// The pixel size as far as the description gives it.
    pub(super) pixel_size: PixelSize,
    /// One name a channel, or none.
    pub(super) channel_names: Vec<String>,
}

impl Arrangement {
    /// Pages that fill the axes one after the other, the first of `order` fastest.
    ///
    /// An axis that `order` lacks has length 1. `None` if the stack has no planes, more planes than
    /// there are pages, or more than can be true.
    pub(super) fn filled(order: &[(Axis, usize)], pages: &[usize]) -> Option<Arrangement> {
        let mut lengths = [1; 3];
        let mut strides = [0; 3];
        let mut planes = 1usize;
        for &(axis, length) in order {
            let position = position(axis)?;
            lengths[position] = length;
            strides[position] = planes;
            planes = planes.checked_mul(length)?;
        }
        if planes == 0 || planes > pages.len() || planes > MOST_PLANES {
            return None;
        }
        let page_of =
            |[t, c, z]: [usize; 3]| Some(pages[t * strides[0] + c * strides[1] + z * strides[2]]);
        Some(Arrangement {
            lengths,
            pages: indices(lengths).map(page_of).collect(),
            pixel_size: PixelSize::default(),
            channel_names: Vec::new(),
        })
    }

    /// Blank planes, to be filled in by [`Arrangement::set`].
    pub(super) fn blank(lengths: [usize; 3]) -> Option<Arrangement> {
        let planes = lengths[0]
            .checked_mul(lengths[1])?
            .checked_mul(lengths[2])?;
        (planes > 0 && planes <= MOST_PLANES).then(|| Arrangement {
            lengths,
            pages: vec![None; planes],
            pixel_size: PixelSize::default(),
            channel_names: Vec::new(),
        })
    }

    /// Says which page holds the plane at `[t, c, z]`; outside the stack nothing happens.
    pub(super) fn set(&mut self, index: [usize; 3], page: usize) {
        if index
            .iter()
            .zip(self.lengths)
            .all(|(&index, length)| index < length)
        {
            let plane = self.plane(index);
            self.pages[plane] = Some(page);
        }
    }

    /// The page that holds the plane at `[t, c, z]`.
    pub(super) fn page(&self, index: [usize; 3]) -> Option<usize> {
        self.pages[self.plane(index)]
    }

    fn plane(&self, [t, c, z]: [usize; 3]) -> usize {
        (t * self.lengths[1] + c) * self.lengths[2] + z
    }
}

fn position(axis: Axis) -> Option<usize> {
    [Axis::T, Axis::C, Axis::Z]
        .iter()
        .position(|&other| other == axis)
}

fn indices([t, c, z]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..t * c * z).map(move |plane| [plane / (c * z), plane / z % c, plane % z])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_axis_of_the_order_is_fastest() {
        let pages: Vec<usize> = (10..22).collect();
        let order = [(Axis::C, 2), (Axis::Z, 3), (Axis::T, 2)];
        let stack = Arrangement::filled(&order, &pages).unwrap();
        assert_eq!(stack.lengths, [2, 2, 3]);
        assert_eq!(stack.page([0, 1, 0]), Some(11));
        assert_eq!(stack.page([0, 0, 1]), Some(12));
        assert_eq!(stack.page([1, 0, 0]), Some(16));
    }

    #[test]
    fn impossible_stacks_are_not_believed() {
        assert_eq!(Arrangement::filled(&[(Axis::Z, 3)], &[0, 1]), None);
        assert_eq!(Arrangement::filled(&[(Axis::Z, 0)], &[0, 1]), None);
        assert_eq!(
            Arrangement::filled(&[(Axis::Z, usize::MAX), (Axis::T, 2)], &[0]),
            None
        );
        assert_eq!(Arrangement::blank([usize::MAX, 2, 1]), None);
    }
}
