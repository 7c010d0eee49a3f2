//! Memory for maps, packed weights and scratch.

mod pool;

use crate::LANES;

/// Sixteen values on a cache line of their own.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// Values that begin on a cache line; their number is rounded up to whole lines.
///
/// Unaligned buffers cost a quarter of a kernel's speed, because every second vector would straddle
/// two lines. The memory of large buffers is used again, because the first touch of fresh memory
/// costs more than many kernels do.
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::unspecified(len);
        buffer.lines.fill(Line([0.0; LANES]));
        buffer
    }

    /// `len` values of any kind: those that the memory held before. For who writes them all.
    pub(crate) fn unspecified(len: usize) -> Self {
        let lines = pool::take(len.div_ceil(LANES));
        Self { lines, len }
    }

    /// `len` values that `fill` writes; those that it does not are unspecified.
    pub fn filled_by(len: usize, fill: impl FnOnce(Pointer)) -> Self {
        let mut buffer = Self::unspecified(len);
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

impl Drop for Buffer {
    fn drop(&mut self) {
        pool::give_back(std::mem::take(&mut self.lines));
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::unspecified(self.len);
        copy.lines.copy_from_slice(&self.lines);
        copy
    }
}

/// Gives the memory that is kept for coming buffers back to the operating system.
pub fn release_memory() {
    pool::clear();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycled_memory_is_zeroed_where_zeros_are_asked_for() {
        for _ in 0..3 {
            let mut buffer = Buffer::zeros(20_003);
            assert_eq!(buffer.as_slice().len(), 20_003);
            assert!(buffer.as_slice().iter().all(|&value| value == 0.0));
            buffer.as_mut_slice().fill(f32::NAN);
        }
    }
}
