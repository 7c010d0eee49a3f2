//! The maps that a convolution reads and writes, as lists of planes.

use std::ops::Range;

use crate::{Extent, LANES, Map, Pointer};

/// Where the values of one channel or block begin, and how far it is from one image to the next.
#[derive(Clone, Copy)]
struct Place<V> {
    values: V,
    first: usize,
    image_step: usize,
}

fn places<V: Copy>(values: V, count: usize, len: usize) -> impl Iterator<Item = Place<V>> {
    (0..count).map(move |index| Place {
        values,
        first: index * len,
        image_step: count * len,
    })
}

/// A map to read: planes of `lanes` values a pixel, 1 for channels and 16 for blocks.
#[derive(Clone)]
pub(super) struct Planes<'a> {
    places: Vec<Place<&'a [f32]>>,
    pub(super) lanes: usize,
    pub(super) extent: Extent,
}

impl<'a> Planes<'a> {
    pub(super) fn of(map: Map<'a>, extent: Extent, channels: usize) -> Self {
        let pixels = extent.pixels();
        let (places, lanes) = match map {
            Map::Planar(values) => (places(values, channels, pixels).collect(), 1),
            Map::Blocked(sources) => {
                let blocks = sources
                    .iter()
                    .flat_map(|source| places(source.values, source.blocks, pixels * LANES));
                (blocks.collect(), LANES)
            }
        };
        Self {
            places,
            lanes,
            extent,
        }
    }

    /// Some of the planes.
    pub(super) fn range(&self, range: Range<usize>) -> Self {
        Self {
            places: self.places[range].to_vec(),
            ..*self
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The values of a plane of one image.
    pub(super) fn plane(&self, index: usize, image: usize) -> &'a [f32] {
        let place = &self.places[index];
        let first = place.first + image * place.image_step;
        &place.values[first..][..self.extent.pixels() * self.lanes]
    }

    /// One row of a plane; `None` outside the image.
    pub(super) fn row(&self, index: usize, image: usize, z: isize, y: isize) -> Option<&'a [f32]> {
        let [size_z, size_y, size_x] = self.extent.size;
        let z = usize::try_from(z).ok().filter(|&z| z < size_z)?;
        let y = usize::try_from(y).ok().filter(|&y| y < size_y)?;
        let len = size_x * self.lanes;
        Some(&self.plane(index, image)[(z * size_y + y) * len..][..len])
    }
}

/// A map to write, as [`Planes`].
pub(super) struct Destination {
    places: Vec<Place<Pointer>>,
    pub(super) lanes: usize,
    pub(super) extent: Extent,
}

impl Destination {
    /// A planar map of `channels` channels.
    pub(super) fn planar(values: Pointer, channels: usize, extent: Extent) -> Self {
        Self {
            places: places(values, channels, extent.pixels()).collect(),
            lanes: 1,
            extent,
        }
    }

    /// Blocked maps that follow each other along the channels, each with its number of blocks.
    pub(super) fn blocked(maps: &[(Pointer, usize)], extent: Extent) -> Self {
        let len = extent.pixels() * LANES;
        let blocks = maps
            .iter()
            .flat_map(|&(values, blocks)| places(values, blocks, len));
        Self {
            places: blocks.collect(),
            lanes: LANES,
            extent,
        }
    }

    /// Some of the planes.
    pub(super) fn range(&self, range: Range<usize>) -> Self {
        Self {
            places: self.places[range].to_vec(),
            ..*self
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The address of a pixel of a plane.
    ///
    /// # Safety
    ///
    /// The plane, image and pixel must exist.
    #[inline(always)]
    pub(super) unsafe fn at(&self, index: usize, image: usize, pixel: usize) -> *mut f32 {
        // SAFETY: the caller promises that the place exists, so it is within the buffer.
        unsafe {
            let place = self.places.get_unchecked(index);
            let first = place.first + image * place.image_step;
            place.values.at(first + pixel * self.lanes)
        }
    }
}
