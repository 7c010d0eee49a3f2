//! How the pages of a file make up a stack.

use crate::axes::Axis;
use crate::image::Metadata;

/// More planes than any file has pages; a description that claims more is not believed.
const MOST_PLANES: usize = 1 << 22;

/// Where the pixels of a plane are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plane {
    /// Which of the files of the image, 0 for the opened one.
    pub(super) member: usize,
    /// Which page of that file.
    pub(super) page: usize,
    /// How many bytes behind the page's own pixels; for stacks in one page.
    pub(super) shift: u64,
}

impl Plane {
    /// The plane that is a page of the opened file.
    pub(super) fn of(page: usize) -> Plane {
        Plane {
            member: 0,
            page,
            shift: 0,
        }
    }
}

/// Which page holds which plane, and what else a description says about the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrangement {
    /// The number of time points, of channels that are pages of their own, and of sections.
    pub(super) lengths: [usize; 3],
    /// Each plane, in the order `T C Z` with sections fastest; `None` is a blank one.
    pub(super) planes: Vec<Option<Plane>>,
    /// What the description says; one entry for each channel, or none.
    pub(super) metadata: Metadata,
}

impl Arrangement {
    /// Planes that fill the axes one after the other, the first of `order` fastest.
    ///
    /// An axis that `order` lacks has length 1. `None` if the stack has no planes, more planes than
    /// there are, or more than can be true.
    pub(super) fn filled(order: &[(Axis, usize)], planes: &[Plane]) -> Option<Arrangement> {
        let mut lengths = [1; 3];
        let mut strides = [0; 3];
        let mut count = 1usize;
        for &(axis, length) in order {
            let position = position(axis)?;
            lengths[position] = length;
            strides[position] = count;
            count = count.checked_mul(length)?;
        }
        if count == 0 || count > planes.len() || count > MOST_PLANES {
            return None;
        }
        let plane_at =
            |[t, c, z]: [usize; 3]| Some(planes[t * strides[0] + c * strides[1] + z * strides[2]]);
        Some(Arrangement {
            lengths,
            planes: indices(lengths).map(plane_at).collect(),
            metadata: Metadata::default(),
        })
    }

    /// Blank planes, to be filled in by [`Arrangement::set`].
    pub(super) fn blank(lengths: [usize; 3]) -> Option<Arrangement> {
        let planes = lengths[0]
            .checked_mul(lengths[1])?
            .checked_mul(lengths[2])?;
        (planes > 0 && planes <= MOST_PLANES).then(|| Arrangement {
            lengths,
            planes: vec![None; planes],
            metadata: Metadata::default(),
        })
    }

    /// Says which page holds the plane at `[t, c, z]`; outside the stack nothing happens.
    pub(super) fn set(&mut self, index: [usize; 3], plane: Plane) {
        if index
            .iter()
            .zip(self.lengths)
            .all(|(&index, length)| index < length)
        {
            let position = self.position(index);
            self.planes[position] = Some(plane);
        }
    }

    /// The number of the plane at `[t, c, z]`.
    pub(super) fn position(&self, [t, c, z]: [usize; 3]) -> usize {
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
        let planes: Vec<Plane> = (10..22).map(Plane::of).collect();
        let order = [(Axis::C, 2), (Axis::Z, 3), (Axis::T, 2)];
        let stack = Arrangement::filled(&order, &planes).unwrap();
        assert_eq!(stack.lengths, [2, 2, 3]);
        let page = |index| stack.planes[stack.position(index)].unwrap().page;
        assert_eq!(page([0, 1, 0]), 11);
        assert_eq!(page([0, 0, 1]), 12);
        assert_eq!(page([1, 0, 0]), 16);
    }

    #[test]
    fn impossible_stacks_are_not_believed() {
        let planes = [0, 1].map(Plane::of);
        assert_eq!(Arrangement::filled(&[(Axis::Z, 3)], &planes), None);
        assert_eq!(Arrangement::filled(&[(Axis::Z, 0)], &planes), None);
        assert_eq!(
            Arrangement::filled(&[(Axis::Z, usize::MAX), (Axis::T, 2)], &planes),
            None
        );
        assert_eq!(Arrangement::blank([usize::MAX, 2, 1]), None);
    }
}
