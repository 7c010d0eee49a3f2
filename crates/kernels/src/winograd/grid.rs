//! Where tiles lie, and where the planes of maps are in memory.

use crate::{Buffer, Extent, LANES, Pointer, Source};

use super::transform::OUTPUTS;

/// The tiles of 4 x 4 output pixels of a map, numbered image by image, plane by plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) extent: Extent,
    rows: usize,
    columns: usize,
}

/// Where a tile begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) image: usize,
    pub(super) z: usize,
    pub(super) y: usize,
    pub(super) x: usize,
}

impl Grid {
    pub(super) fn new(extent: Extent) -> Self {
        Self {
            extent,
            rows: extent.size[1].div_ceil(OUTPUTS),
            columns: extent.size[2].div_ceil(OUTPUTS),
        }
    }

    pub(super) fn tiles(&self) -> usize {
        self.extent.n * self.extent.size[0] * self.rows * self.columns
    }

    #[inline(always)]
    pub(super) fn place(&self, tile: usize) -> Place {
        let (row, column) = (tile / self.columns, tile % self.columns);
        let (plane, row) = (row / self.rows, row % self.rows);
        Place {
            image: plane / self.extent.size[0],
            z: plane % self.extent.size[0],
            y: row * OUTPUTS,
            x: column * OUTPUTS,
        }
    }
}

/// The planes of a blocked map that may consist of several buffers.
pub(super) struct Planes<P> {
    /// For each block of the whole map: its buffer, the blocks of that buffer, its place in it.
    blocks: Vec<(P, usize, usize)>,
    extent: Extent,
}

impl<P: Copy> Planes<P> {
    fn new(buffers: impl Iterator<Item = (P, usize)>, extent: Extent) -> Self {
        let blocks = buffers
            .flat_map(|(start, count)| (0..count).map(move |block| (start, count, block)))
            .collect();
        Self { blocks, extent }
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The buffer of a plane and the index of its first value.
    #[inline(always)]
    fn find(&self, image: usize, block: usize, z: usize) -> (P, usize) {
        let (start, count, block) = self.blocks[block];
        let [depth, height, width] = self.extent.size;
        let plane = (image * count + block) * depth + z;
        (start, plane * height * width * LANES)
    }
}

/// Planes to read.
pub(super) type Reading<'a> = Planes<&'a [f32]>;

impl<'a> Reading<'a> {
    pub(super) fn of(sources: &[Source<'a>], extent: Extent) -> Self {
        for source in sources {
            assert_eq!(
                source.values.len(),
                extent.blocked_len(source.blocks),
                "a source has not the size of its map"
            );
        }
        let buffers = sources.iter().map(|source| (source.values, source.blocks));
        Self::new(buffers, extent)
    }

    /// The first value of a plane.
    #[inline(always)]
    pub(super) fn plane(&self, image: usize, block: usize, z: usize) -> *const f32 {
        let (values, start) = self.find(image, block, z);
        values[start..].as_ptr()
    }
}

/// Planes to write.
pub(super) type Writing = Planes<Pointer>;

impl Writing {
    /// Buffers of the given numbers of blocks, written by `write`; what it leaves is unspecified.
    pub(super) fn filled_by(
        blocks: &[usize],
        extent: Extent,
        write: impl FnOnce(&Self),
    ) -> Vec<Buffer> {
        let buffer = |&count: &usize| Buffer::unspecified(extent.blocked_len(count));
        let mut buffers: Vec<Buffer> = blocks.iter().map(buffer).collect();
        let pointers: Vec<(Pointer, usize)> = buffers
            .iter_mut()
            .zip(blocks)
            .map(|(buffer, &count)| (buffer.pointer(), count))
            .collect();
        write(&Self::new(pointers.into_iter(), extent));
        buffers
    }

    /// The first value of a plane.
    ///
    /// # Safety
    ///
    /// The plane must be one of the map.
    #[inline(always)]
    pub(super) unsafe fn plane(&self, image: usize, block: usize, z: usize) -> *mut f32 {
        let (start, index) = self.find(image, block, z);
        // SAFETY: the index is in the buffer if the plane is one of the map.
        unsafe { start.at(index) }
    }
}
