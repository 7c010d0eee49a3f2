//! Smaller and smaller copies of an image, for viewers.

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::AxisWeights;
use super::{FirstAxis, apply_all};
use crate::AlgorithmError;
use crate::rounding::Round;

/// How a block of pixels becomes one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean, for intensities.
    #[default]
    Mean,
    /// The first one, for labels: no new ids appear.
    Nearest,
}

/// Settings of a pyramid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pyramid {
    /// Pixels of a block along each of the last axes; axes before them stay.
    pub factor: Vec<usize>,
    /// Number of reduced copies.
    pub levels: usize,
    /// How a block becomes a pixel.
    pub reduction: Reduction,
}

impl Default for Pyramid {
    fn default() -> Self {
        Self {
            factor: vec![2, 2],
            levels: 1,
            reduction: Reduction::default(),
        }
    }
}

/// The reduced copies, largest first, each made of the one before; the image itself is not among
/// them.
///
/// # Errors
/// As [`reduce`].
pub fn pyramid<T: Round, D: Dimension>(
    values: &ArrayView<'_, T, D>,
    options: &Pyramid,
) -> Result<Vec<Array<T, D>>, AlgorithmError> {
    let mut levels: Vec<Array<T, D>> = Vec::with_capacity(options.levels.min(64));
    for _ in 0..options.levels {
        let before = levels
            .last()
            .map_or_else(|| values.view(), |level| level.view());
        let next = reduce(&before, &options.factor, options.reduction)?;
        levels.push(next);
    }
    Ok(levels)
}

/// One pixel for each block of `factor` pixels along the last axes; lengths are `ceil(n / f)`.
///
/// A block at the upper end that the image does not fill is the mean of the pixels there are.
/// Integers round half to even.
///
/// # Errors
/// [`AlgorithmError::Rank`] for fewer axes than factors, [`AlgorithmError::Parameter`] for a
/// factor of 0.
pub fn reduce<T: Round, D: Dimension>(
    values: &ArrayView<'_, T, D>,
    factor: &[usize],
    reduction: Reduction,
) -> Result<Array<T, D>, AlgorithmError> {
    let Some(kept) = values.ndim().checked_sub(factor.len()) else {
        return Err(AlgorithmError::Rank {
            what: "the image",
            got: values.ndim(),
            expected: "at least one for each factor",
        });
    };
    if factor.contains(&0) {
        return Err(AlgorithmError::parameter("factor", 0, "at least 1"));
    }
    let blocks: Vec<Blocks> = (values.shape()[kept..].iter().zip(factor))
        .map(|(&length, &factor)| Blocks { length, factor })
        .collect();
    let mut shape = values.raw_dim();
    for (axis, blocks) in blocks.iter().enumerate() {
        shape[kept + axis] = blocks.count();
    }
    let weights: Vec<AxisWeights> = blocks.iter().map(|b| b.weights(reduction)).collect();
    let flat: Vec<T> = match reduction {
        Reduction::Nearest => apply_all(
            values.iter().copied().collect(),
            values.shape(),
            &weights,
            FirstAxis::Last,
        ),
        Reduction::Mean => {
            let sums = values.iter().map(|value| value.to_f64()).collect();
            means(
                &apply_all(sums, values.shape(), &weights, FirstAxis::Last),
                &blocks,
            )
        }
    };
    // The product of the lengths is the number of values by construction.
    Array::from_shape_vec(shape, flat).map_err(|_| AlgorithmError::Empty { what: "the image" })
}

/// The blocks of an axis.
#[derive(Clone, Copy)]
struct Blocks {
    length: usize,
    factor: usize,
}

impl Blocks {
    fn count(self) -> usize {
        self.length.div_ceil(self.factor)
    }

    fn size(self, block: usize) -> usize {
        self.factor.min(self.length - block * self.factor)
    }

    fn weights(self, reduction: Reduction) -> AxisWeights {
        AxisWeights::of(self.count(), |block| {
            let first = block * self.factor;
            let pixels = match reduction {
                Reduction::Mean => self.size(block),
                Reduction::Nearest => 1,
            };
            (first..first + pixels).map(|index| (index, 1.0))
        })
    }
}

/// Sums over blocks to means; one division, so that halves stay exact.
fn means<T: Round>(sums: &[f64], blocks: &[Blocks]) -> Vec<T> {
    let Some((last, before)) = blocks.split_last() else {
        return sums.iter().map(|&sum| T::rounded(sum)).collect();
    };
    let mut values = Vec::with_capacity(sums.len());
    for (line, sums) in sums.chunks(last.count().max(1)).enumerate() {
        let (mut rest, mut pixels) = (line, 1);
        for blocks in before.iter().rev() {
            pixels *= blocks.size(rest % blocks.count());
            rest /= blocks.count();
        }
        let count = |block| (pixels * last.size(block)) as f64;
        values.extend(
            sums.iter()
                .enumerate()
                .map(|(i, sum)| T::rounded(sum / count(i))),
        );
    }
    values
}
