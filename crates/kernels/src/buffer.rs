//! Memory for maps, packed weights and scratch.

use std::mem::MaybeUninit;

use crate::LANES;

/// Sixteen values on a cache line of their own.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// Values that begin on a cache line; their number is rounded up to whole lines.
///
/// Unaligned buffers cost a quarter of a kernel's speed, because every second vector would straddle
/// two lines.
#[derive(Clone)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let lines = vec![Line([0.0; LANES]); len.div_ceil(LANES)];
        Self { lines, len }
    }

    /// Memory for `len` values that nobody has written yet.
    ///
    /// # Safety
    ///
    /// Every value must be written, through [`Buffer::pointer`], before any is read.
    pub unsafe fn unwritten(len: usize) -> Self {
        let count = len.div_ceil(LANES);
        let mut lines: Vec<Line> = Vec::with_capacity(count);
        if let Some(last) = lines.spare_capacity_mut()[..count].last_mut() {
            // The end of the last line belongs to no value.
            *last = MaybeUninit::new(Line([0.0; LANES]));
        }
        // SAFETY: the capacity is at least `count`; the caller writes before it reads.
        unsafe { lines.set_len(count) };
        Self { lines, len }
    }

    /// `len` values that `fill` writes, without zeroing the memory first.
    ///
    /// # Safety
    ///
    /// `fill` must write every one of the `len` values behind the pointer it gets.
    pub unsafe fn filled_by(len: usize, fill: impl FnOnce(Pointer)) -> Self {
        // SAFETY: `fill` writes every value.
        let mut buffer = unsafe { Self::unwritten(len) };
        fill(buffer.pointer());
        buffer
    }

    /// The values.
    pub fn as_slice(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// The values, to change.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }

    /// For threads that each write values of their own.
    pub fn pointer(&mut self) -> Pointer {
        Pointer(self.lines.as_mut_ptr().cast())
    }
}

/// A pointer that several threads write behind, each to values of its own.
#[derive(Clone, Copy)]
pub struct Pointer(*mut f32);

// SAFETY: a pointer by itself does nothing; who writes through it answers for the places.
unsafe impl Send for Pointer {}
// SAFETY: as above.
unsafe impl Sync for Pointer {}

impl Pointer {
    /// The address of value `index`.
    ///
    /// # Safety
    ///
    /// `index` must be within the buffer, or one past it.
    #[inline(always)]
    pub unsafe fn at(self, index: usize) -> *mut f32 {
        // SAFETY: as the caller promises.
        unsafe { self.0.add(index) }
    }
}
