//! A convolution unit behind padding of its own.

use burn::module::Module;
use coverslip_ops::{FeatureMap, Margin};

use super::ConvUnit;

/// A unit whose convolution sees the image continued beyond its edge.
#[derive(Module, Debug)]
pub struct PaddedUnit {
    unit: ConvUnit,
    /// Pixels added on every side, `[Z, Y, X]`.
    #[module(skip)]
    border: [usize; 3],
    #[module(skip)]
    margin: Margin,
}

impl PaddedUnit {
    /// Adds `border` pixels (`[Z, Y, X]`) of the kind `margin` on every side before `unit`, beside
    /// the zeros of its convolution.
    pub fn new(unit: ConvUnit, border: [usize; 3], margin: Margin) -> Self {
        Self {
            unit,
            border,
            margin,
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let pairs = self.border.map(|pixels| (pixels, pixels));
        self.unit.forward(input.pad(pairs, self.margin))
    }
}
