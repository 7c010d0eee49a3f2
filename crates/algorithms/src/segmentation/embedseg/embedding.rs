//! Where the pixels of a prediction point to.

use ndarray::{ArrayView, Axis, Dimension, RemoveAxis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::components::shape_zyx;

/// The coordinates of pixels: pixel `i` of an axis lies at `i * extent / (size - 1)`, also beyond the
/// grid. There is no default, because predictions must be clustered with the grid that the network
/// was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoordinateGrid {
    /// Pixels of the grid along z, y and x.
    #[schemars(inner(range(min = 1)))]
    pub size: [usize; 3],
    /// Length of the grid along z, y and x.
    #[schemars(inner(range(min = 0.0)))]
    pub extent: [f64; 3],
}

impl CoordinateGrid {
    fn check(&self, shape: [usize; 3]) -> Result<(), AlgorithmError> {
        for (pixels, size) in shape.into_iter().zip(self.size) {
            if pixels > 1 && size < 2 {
                return Err(AlgorithmError::parameter("size", size, "at least 2"));
            }
        }
        let is_length = |extent: f64| extent > 0.0 && extent.is_finite();
        match self.extent.into_iter().find(|&extent| !is_length(extent)) {
            Some(extent) => Err(AlgorithmError::parameter(
                "extent",
                extent,
                "a number above 0",
            )),
            None => Ok(()),
        }
    }

    /// The coordinate of a pixel, rounded as PyTorch's `linspace` does: from the nearer end.
    fn at(&self, axis: usize, index: usize) -> f32 {
        let (size, extent) = (self.size[axis], self.extent[axis] as f32);
        if size < 2 {
            return 0.0;
        }
        let step = extent / (size - 1) as f32;
        if index < size / 2 {
            step * index as f32
        } else {
            extent - step * (size as f32 - 1.0 - index as f32)
        }
    }
}

/// A prediction `[C, (Z,) Y, X]` with D axes of space: D offsets in the order x, y (, z), then D
/// logarithms of margins in that order or one for all axes, then the score of being a centre.
pub(super) struct Embedding<'a> {
    /// Channels of all pixels.
    values: std::borrow::Cow<'a, [f32]>,
    shape: [usize; 3],
    axes: usize,
    margins: usize,
    grid: CoordinateGrid,
}

/// X, Y and Z of a place; Z is 0 in 2D.
pub(super) type Place = [f32; 3];

impl<'a> Embedding<'a> {
    pub(super) fn of<D: RemoveAxis>(
        prediction: &'a ArrayView<'_, f32, D>,
        grid: CoordinateGrid,
    ) -> Result<Self, AlgorithmError> {
        let rank = |expected| AlgorithmError::Rank {
            what: "the prediction",
            got: prediction.ndim(),
            expected,
        };
        let axes = match prediction.ndim() {
            3 => 2,
            4 => 3,
            _ => return Err(rank("3 or 4 (C Y X or C Z Y X)")),
        };
        let space = prediction.raw_dim().remove_axis(Axis(0));
        let shape = shape_zyx(space.slice())?;
        grid.check(shape)?;
        let channels = prediction.len_of(Axis(0));
        let margins = channels.saturating_sub(axes + 1);
        if margins != 1 && margins != axes {
            let expected = format!("{} or {}", axes + 2, 2 * axes + 1);
            return Err(AlgorithmError::parameter("channels", channels, expected));
        }
        let values = match prediction.to_slice() {
            Some(slice) => std::borrow::Cow::Borrowed(slice),
            None => std::borrow::Cow::Owned(prediction.iter().copied().collect()),
        };
        let count = values.par_iter().filter(|value| value.is_nan()).count();
        if count > 0 {
            let what = "the prediction";
            return Err(AlgorithmError::NotNumbers { what, count });
        }
        Ok(Self {
            values,
            shape,
            axes,
            margins,
            grid,
        })
    }

    /// Pixels of the image.
    pub(super) fn pixels(&self) -> usize {
        self.shape.iter().product()
    }

    fn channel(&self, channel: usize, pixel: usize) -> f32 {
        self.values[channel * self.pixels() + pixel]
    }

    /// How likely a pixel is the centre of an object, from 0 to 1.
    pub(super) fn score(&self, pixel: usize) -> f32 {
        let logit = self.channel(self.axes + self.margins, pixel);
        1.0 / (1.0 + exp(-logit))
    }

    /// Where a pixel points to.
    pub(super) fn place(&self, pixel: usize) -> Place {
        let [_, height, width] = self.shape;
        let (row, x) = (pixel / width, pixel % width);
        // Along z, y and x.
        let index = [row / height, row % height, x];
        let mut place = [0.0; 3];
        for (axis, at) in place.iter_mut().enumerate().take(self.axes) {
            let offset = libm::tanh(f64::from(self.channel(axis, pixel))) as f32;
            *at = offset + self.grid.at(2 - axis, index[2 - axis]);
        }
        place
    }

    /// The logarithms of a pixel's margins, as predicted, along x, y and z.
    pub(super) fn log_margins(&self, pixel: usize) -> Place {
        let mut margins = [0.0; 3];
        for (axis, margin) in margins.iter_mut().enumerate().take(self.axes) {
            let channel = if self.margins == 1 { 0 } else { axis };
            *margin = self.channel(self.axes + channel, pixel);
        }
        margins
    }
}

/// In double precision and then rounded.
fn exp(value: f32) -> f32 {
    libm::exp(f64::from(value)) as f32
}

/// The places near a centre: `exp(-sum s (e - c)^2) > 1/2` with `s = exp(10 sigma)`.
#[derive(Clone, Copy)]
pub(super) struct Neighbourhood {
    center: Place,
    scale: Place,
}

/// The largest 32-bit number whose negative has an exponential that rounds to more than one half.
const REACH: f32 = 0.693_147_06;

impl Neighbourhood {
    pub(super) fn new(center: Place, log_margins: Place) -> Self {
        let scale = log_margins.map(|margin| exp(margin * 10.0));
        Self { center, scale }
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        let mut sum = 0.0;
        for ((at, center), scale) in place.into_iter().zip(self.center).zip(self.scale) {
            let distance = at - center;
            sum += distance * distance * scale;
        }
        sum <= REACH
    }

    /// Corners of a box around it, a little larger than it for rounding.
    pub(super) fn bounds(&self) -> [[f64; 3]; 2] {
        let [center, scale] = [self.center, self.scale].map(|values| values.map(f64::from));
        let radius = scale.map(|scale| (f64::from(REACH) / scale).sqrt() * 1.0001);
        let corner = |sign: f64| [0, 1, 2].map(|axis| center[axis] + sign * radius[axis]);
        [corner(-1.0), corner(1.0)]
    }
}
