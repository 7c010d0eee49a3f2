//! The windows of a pooling.

use std::ops::Range;

/// The pixels that each output pixel sees: `out = (in + 2 padding - kernel) / stride + 1`, rounded
/// down, along each of Z, Y and X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Pixels along Z, Y and X.
    pub kernel: [usize; 3],
    /// Input pixels from one output pixel to the next.
    pub stride: [usize; 3],
    /// Pixels added before the first and after the last; fewer than those of the kernel.
    pub padding: [usize; 3],
}

impl Window {
    /// Windows side by side.
    pub fn tiles(kernel: [usize; 3]) -> Self {
        Self {
            kernel,
            stride: kernel,
            padding: [0; 3],
        }
    }

    /// Planes, rows and pixels of the output.
    ///
    /// # Panics
    ///
    /// When a stride is zero, a padding is not smaller than the kernel, or the kernel is larger than
    /// the padded image.
    pub fn output_size(&self, input: [usize; 3]) -> [usize; 3] {
        std::array::from_fn(|axis| {
            let (kernel, padding) = (self.kernel[axis], self.padding[axis]);
            let room = input[axis] + 2 * padding;
            let fits = self.stride[axis] > 0 && padding < kernel && kernel <= room;
            assert!(fits && input[axis] > 0, "{self:?} on an image of {input:?}");
            (room - kernel) / self.stride[axis] + 1
        })
    }

    /// The input indices that an output index sees.
    #[inline(always)]
    pub(super) fn covered(&self, axis: usize, inputs: usize, output: usize) -> Range<usize> {
        let origin = output * self.stride[axis];
        let end = origin + self.kernel[axis] - self.padding[axis];
        origin.saturating_sub(self.padding[axis])..end.min(inputs)
    }

    /// The output indices that see an input index.
    #[inline(always)]
    pub(super) fn covering(&self, axis: usize, outputs: usize, input: usize) -> Range<usize> {
        let place = input + self.padding[axis];
        let first = (place + 1).saturating_sub(self.kernel[axis]);
        first.div_ceil(self.stride[axis])..outputs.min(place / self.stride[axis] + 1)
    }

    /// Those of the output indices `columns` along X for which tap `tap` is within `inputs` pixels.
    #[inline(always)]
    pub(super) fn outputs_of(
        &self,
        tap: usize,
        inputs: usize,
        columns: &Range<usize>,
    ) -> Range<usize> {
        let (stride, padding) = (self.stride[2], self.padding[2]);
        let first = padding.saturating_sub(tap).div_ceil(stride);
        // Input `out * stride + tap - padding` is less than `inputs`.
        let end = (inputs + padding).saturating_sub(tap).div_ceil(stride);
        let start = columns.start.max(first);
        start..columns.end.min(end).max(start)
    }
}

impl From<[usize; 3]> for Window {
    fn from(kernel: [usize; 3]) -> Self {
        Self::tiles(kernel)
    }
}
