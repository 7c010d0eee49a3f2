//! Changing the size of images.
//!
//! Pixel centres lie at integers: output pixel `i` samples the input at `(i + 0.5) s - 0.5`, where
//! `s` is the input's length over the output's. Libraries differ in everything else, so a
//! [`Method`] names the library whose convention it follows. All are separable: each axis has a
//! list of weights for each of its output pixels, applied to one axis after the other, last axis
//! first (Pillow's methods in the order that Pillow takes).
//!
//! Label maps and masks take a nearest method only ([`resize_labels`]): interpolated ids name
//! objects that do not exist.

mod area;
mod axis;
mod degrade;
mod pillow;
mod skimage;
mod spline;
mod torch;
mod window;

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::rounding::Round;
use axis::{AxisWeights, Grid};
pub use degrade::{Degrade, Degraded, degrade};
pub use pillow::{Pillow, PillowFilter};
pub use skimage::{Edge, Skimage};
pub use torch::{Torch, TorchMode};

/// Whose rules weigh the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `torch.nn.functional.interpolate`.
    Torch(Torch),
    /// Pillow's `Image.resize`: averages over the area when shrinking.
    Pillow(Pillow),
    /// scikit-image's `transform.resize`: a Gaussian filter before splines.
    Skimage(Skimage),
    /// OpenCV's `INTER_AREA`: the mean over the area that an output pixel covers.
    Area,
}

impl Default for Method {
    fn default() -> Self {
        Self::Pillow(Pillow::default())
    }
}

impl Method {
    /// Torch's nearest neighbour, for labels.
    pub fn nearest() -> Self {
        Self::Torch(Torch {
            mode: TorchMode::Nearest,
            ..Torch::default()
        })
    }

    /// Whether every output pixel is a copy of an input pixel.
    pub fn is_nearest(&self) -> bool {
        match self {
            Self::Torch(torch) => torch.mode.is_nearest(),
            Self::Pillow(pillow) => pillow.filter == PillowFilter::Nearest,
            Self::Skimage(skimage) => skimage.order == 0 && skimage.anti_aliasing != Some(true),
            Self::Area => false,
        }
    }

    /// Weights of each axis of `grids`.
    fn weights(self, grids: &[Grid]) -> Result<Vec<AxisWeights>, AlgorithmError> {
        match self {
            Self::Torch(torch) => torch.check()?,
            Self::Skimage(skimage) => skimage.check()?,
            Self::Pillow(_) | Self::Area => {}
        }
        let shrinks = grids.iter().any(|grid| grid.output < grid.input);
        let of = |grid: &Grid| match self {
            Self::Torch(torch) => torch.weights(grid),
            Self::Pillow(pillow) => pillow.weights(grid),
            Self::Skimage(skimage) => skimage.weights(grid, shrinks),
            Self::Area => area::weights(grid),
        };
        Ok(grids.iter().map(of).collect())
    }
}

/// A new size, and how to get there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// Lengths of the last axes, in pixels; axes before them, such as channels, stay. Empty if
    /// `scale` is given.
    pub size: Vec<usize>,
    /// Factors of the last axes (2 doubles); the length is rounded down, and pixels are spaced by
    /// `1 / scale`. Empty if `size` is given.
    pub scale: Vec<f64>,
    /// The rules of the weights.
    pub method: Method,
}

impl Resize {
    /// To a size.
    pub fn to(size: &[usize], method: Method) -> Self {
        Self {
            size: size.to_vec(),
            scale: Vec::new(),
            method,
        }
    }

    fn grids(&self, shape: &[usize]) -> Result<Vec<Grid>, AlgorithmError> {
        let axes = self.size.len().max(self.scale.len());
        if self.size.is_empty() == self.scale.is_empty() {
            let got = format!("{:?} beside a scale of {:?}", self.size, self.scale);
            return Err(AlgorithmError::parameter("size", got, "one of the two"));
        }
        let Some(kept) = shape.len().checked_sub(axes) else {
            return Err(AlgorithmError::Rank {
                what: "the image",
                got: shape.len(),
                expected: "at least one for each entry of the new size",
            });
        };
        let lengths = shape[kept..].iter().enumerate();
        lengths
            .map(|(axis, &input)| match self.size.get(axis) {
                Some(&output) => Grid::to_length(input, output),
                None => Grid::by_factor(input, self.scale[axis]),
            })
            .collect()
    }
}

/// The image at another size.
///
/// Floats are stored as they are between the axes. Integers are rounded half to even once, at the
/// end; Pillow's methods round after each axis, as Pillow does.
///
/// # Errors
/// [`AlgorithmError::Rank`] for fewer axes than the size has, [`AlgorithmError::Empty`] for an axis
/// without pixels, [`AlgorithmError::Parameter`] for a length of 0, a result that no array can
/// hold, or settings of the method outside their ranges.
///
/// # Example
/// ```
/// use coverslip_algorithms::transform::resample::{Method, Resize, resize};
/// let image = ndarray::arr2(&[[0_u8, 10, 20, 30]]);
/// let half = resize(&image.view(), &Resize::to(&[2], Method::Area))?;
/// assert_eq!(half, ndarray::arr2(&[[5, 25]]));
/// # Ok::<(), coverslip_algorithms::AlgorithmError>(())
/// ```
pub fn resize<T: Round, D: Dimension>(
    values: &ArrayView<'_, T, D>,
    options: &Resize,
) -> Result<Array<T, D>, AlgorithmError> {
    let method = &options.method;
    let grids = options.grids(values.shape())?;
    let mut shape = values.raw_dim();
    let kept = values.ndim() - grids.len();
    for (axis, grid) in grids.iter().enumerate() {
        shape[kept + axis] = grid.output;
    }
    check_size(shape.slice())?;
    let weights = method.weights(&grids)?;
    let first = match method {
        Method::Pillow(_) if Pillow::is_vertical_first(&grids) => FirstAxis::First,
        _ => FirstAxis::Last,
    };
    let per_pass = T::IS_FLOAT || method.is_nearest() || matches!(method, Method::Pillow(_));
    let mut flat: Vec<T> = if per_pass {
        let flat = values.iter().copied().collect();
        apply_all(flat, values.shape(), &weights, first)
    } else {
        let flat = values.iter().map(|value| value.to_f64()).collect();
        let done: Vec<f64> = apply_all(flat, values.shape(), &weights, first);
        done.into_iter().map(T::rounded).collect()
    };
    if let Method::Skimage(skimage) = method {
        skimage.clip_to_input(values, &mut flat);
    }
    // The product of the lengths is the number of values by construction.
    Array::from_shape_vec(shape, flat).map_err(|_| AlgorithmError::Empty { what: "the image" })
}

/// A label map or mask at another size.
///
/// # Errors
/// As [`resize`], and [`AlgorithmError::Parameter`] for a method that interpolates.
pub fn resize_labels<T: Round, D: Dimension>(
    labels: &ArrayView<'_, T, D>,
    options: &Resize,
) -> Result<Array<T, D>, AlgorithmError> {
    if !options.method.is_nearest() {
        return Err(AlgorithmError::parameter(
            "the method for labels",
            format!("{:?}", options.method),
            "a nearest method",
        ));
    }
    resize(labels, options)
}

/// At which end of the axes to begin.
#[derive(Clone, Copy, PartialEq)]
enum FirstAxis {
    First,
    Last,
}

fn apply_all<T: Round>(
    mut flat: Vec<T>,
    shape: &[usize],
    weights: &[AxisWeights],
    first: FirstAxis,
) -> Vec<T> {
    let mut shape = shape.to_vec();
    let kept = shape.len() - weights.len();
    for step in 0..weights.len() {
        let axis = match first {
            FirstAxis::First => step,
            FirstAxis::Last => weights.len() - 1 - step,
        };
        if !weights[axis].is_identity(shape[kept + axis]) {
            flat = weights[axis].apply(&flat, &shape, kept + axis);
            shape[kept + axis] = weights[axis].len();
        }
    }
    flat
}

fn check_size(shape: &[usize]) -> Result<(), AlgorithmError> {
    let pixels = shape
        .iter()
        .try_fold(1_usize, |n, &axis| n.checked_mul(axis));
    if pixels.is_some_and(|pixels| pixels <= isize::MAX as usize / 8) {
        return Ok(());
    }
    let got = format!("{shape:?}");
    let expected = "a size that fits into memory";
    Err(AlgorithmError::parameter("the new size", got, expected))
}

#[cfg(test)]
mod tests;
