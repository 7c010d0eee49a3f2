//! The receptive field of an output pixel.

/// The receptive field of an output pixel, added up layer by layer along a network's widest path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptiveField {
    /// Pixels of full resolution between neighbours of the present map, along `[Z, Y, X]`.
    step: [usize; 3],
    /// Pixels that it reaches to either side.
    margin: [usize; 3],
}

impl Default for ReceptiveField {
    fn default() -> Self {
        Self {
            step: [1; 3],
            margin: [0; 3],
        }
    }
}

impl ReceptiveField {
    /// Goes through windows of `kernel` pixels of which `padding` lie before the pixel in question:
    /// a convolution, a pooling, or, at the finer level, a transposed convolution.
    pub fn window(&mut self, kernel: [usize; 3], padding: [usize; 3]) {
        for (axis, (size, padding)) in kernel.into_iter().zip(padding).enumerate() {
            let far = (size - 1).saturating_sub(padding);
            self.margin[axis] += far.max(padding) * self.step[axis];
        }
    }

    /// Goes through `count` convolutions with odd kernels, padded evenly.
    pub fn convolve(&mut self, kernel: [usize; 3], count: usize) {
        for (axis, size) in kernel.into_iter().enumerate() {
            self.margin[axis] += count * (size / 2) * self.step[axis];
        }
    }

    /// Goes to a coarser level.
    pub fn down(&mut self, stride: [usize; 3]) {
        self.step = [0, 1, 2].map(|axis| self.step[axis] * stride[axis]);
    }

    /// Goes back to the finer level.
    pub fn up(&mut self, stride: [usize; 3]) {
        self.step = [0, 1, 2].map(|axis| self.step[axis] / stride[axis]);
    }

    /// The margin for [`SizeRule::with_margin`](super::SizeRule::with_margin).
    pub fn margin(&self) -> [usize; 3] {
        self.margin
    }
}
