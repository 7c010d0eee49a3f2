//! Larger and smaller parts of the plane.

use burn::tensor::{Tensor, ops::PadMode};
use coverslip_kernels::maps::Continuation;

use super::FeatureMap;
use crate::cpu::{Crop, Pad};

/// Pixels to add on the low and high side of each spatial axis, `[(z, z), (y, y), (x, x)]`.
pub type Padding = [(usize, usize); 3];

/// The values of pixels added around a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// Zero.
    Zero,
    /// The mirror image, the outermost pixels not repeated.
    Reflect,
    /// The outermost pixels.
    Replicate,
    /// The pixels of the other side.
    Circular,
}

impl Margin {
    /// The kernels' name of it; `None` for zeros.
    fn continuation(self) -> Option<Continuation> {
        match self {
            Self::Zero => None,
            Self::Reflect => Some(Continuation::Mirror),
            Self::Replicate => Some(Continuation::Edge),
            Self::Circular => Some(Continuation::Periodic),
        }
    }
}

impl FeatureMap {
    /// Adds pixels around the spatial axes.
    ///
    /// # Panics
    ///
    /// When a side has as many pixels of mirror image as the map has, or more pixels from the other
    /// side.
    pub fn pad(self, padding: Padding, margin: Margin) -> Self {
        if padding == Padding::default() {
            return self;
        }
        if self.is_ours() {
            let (before, after) = (padding.map(|pair| pair.0), padding.map(|pair| pair.1));
            let continuation = margin.continuation();
            return self.call_each_as_it_is(|shape| Pad {
                shape,
                before,
                after,
                continuation,
            });
        }
        let [z, y, x] = padding;
        let mode = match margin {
            Margin::Zero => PadMode::Constant(0.0),
            Margin::Reflect => PadMode::Reflect,
            Margin::Replicate => PadMode::Edge,
            Margin::Circular => return Self::from_tensor(periodic(self.into_tensor(), padding)),
        };
        let pairs = [(0, 0), (0, 0), z, y, x];
        Self::from_tensor(self.into_tensor().pad(pairs, mode))
    }

    /// Adds zeros around the spatial axes.
    pub fn pad_zero(self, padding: Padding) -> Self {
        self.pad(padding, Margin::Zero)
    }

    /// The part of `size` pixels that begins at `start`, both `[Z, Y, X]`.
    ///
    /// # Panics
    ///
    /// When the part leaves the map.
    pub fn crop(self, start: [usize; 3], size: [usize; 3]) -> Self {
        if start == [0; 3] && size == self.spatial() {
            return self;
        }
        if self.is_ours() {
            return self.call_each_as_it_is(|shape| Crop { shape, start, size });
        }
        let [n, c, ..] = self.dims();
        let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + size[axis]);
        Self::from_tensor(self.into_tensor().slice([0..n, 0..c, z, y, x]))
    }

    /// Zero-pads or crops to `size` (`[Z, Y, X]`), half of the difference on either side and the odd
    /// pixel on the high side: how U-Nets fit an up-sampled map to its skip connection.
    pub fn fit(self, size: [usize; 3]) -> Self {
        let have = self.spatial();
        let missing = [0, 1, 2].map(|axis| size[axis].saturating_sub(have[axis]));
        let padded = self.pad_zero(missing.map(|d| (d / 2, d - d / 2)));
        let have = padded.spatial();
        let start = [0, 1, 2].map(|axis| (have[axis] - size[axis]) / 2);
        padded.crop(start, size)
    }
}

/// Puts pixels of the other side around the spatial axes.
fn periodic(mut tensor: Tensor<5>, padding: Padding) -> Tensor<5> {
    for (axis, (before, after)) in (2..).zip(padding) {
        let count = tensor.dims()[axis];
        let mut parts = Vec::new();
        if before > 0 {
            parts.push(tensor.clone().narrow(axis, count - before, before));
        }
        let back = (after > 0).then(|| tensor.clone().narrow(axis, 0, after));
        parts.push(tensor);
        parts.extend(back);
        tensor = Tensor::cat(parts, axis);
    }
    tensor
}
