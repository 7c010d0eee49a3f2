//! Padding to the sizes a network needs, and cropping back.

use ndarray::{Array, ArrayView, Axis, Dimension, RemoveAxis, Slice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// Where the values beyond the edge come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Border<T> {
    /// Mirrored at the edge pixel, which is not repeated: `d c b | a b c d | c b a`. Padding wider
    /// than the image reflects again and again; a single pixel is repeated.
    Reflect101,
    /// Mirrored at the edge, the edge pixel repeated: `c b a | a b c d | d c b`.
    Symmetric,
    /// The edge pixel: `a a a | a b c d | d d d`.
    Replicate,
    /// Periodic: `b c d | a b c d | a b c`.
    Wrap,
    /// A fixed value.
    Constant(T),
}

/// Pixels added below and above along each axis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Padding {
    /// Added before the first and after the last index, axis by axis.
    pub widths: Vec<(usize, usize)>,
}

impl Padding {
    /// The least padding that makes each axis of `shape` a multiple of `multiples`; the odd pixel
    /// goes to the upper side.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] if the two differ in length, [`AlgorithmError::Parameter`] for a
    /// multiple of 0.
    pub fn multiple(shape: &[usize], multiples: &[usize]) -> Result<Self, AlgorithmError> {
        check_rank(shape, multiples.len())?;
        if multiples.contains(&0) {
            return Err(AlgorithmError::parameter("the multiple", 0, "at least 1"));
        }
        let missing = shape
            .iter()
            .zip(multiples)
            .map(|(&n, &k)| n.next_multiple_of(k) - n);
        Ok(Self {
            widths: missing.map(halves).collect(),
        })
    }

    /// The least padding that makes each axis at least as long as `size`; longer axes stay.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] if the two differ in length.
    pub fn to_size(shape: &[usize], size: &[usize]) -> Result<Self, AlgorithmError> {
        check_rank(shape, size.len())?;
        let missing = shape
            .iter()
            .zip(size)
            .map(|(&n, &target)| target.saturating_sub(n));
        Ok(Self {
            widths: missing.map(halves).collect(),
        })
    }

    /// Whether nothing is added.
    pub fn is_empty(&self) -> bool {
        self.widths.iter().all(|&width| width == (0, 0))
    }

    /// The padded array.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] if the array has another number of axes,
    /// [`AlgorithmError::Empty`] if an axis without pixels would have to be continued.
    pub fn pad<T: Clone, D: RemoveAxis>(
        &self,
        values: &ArrayView<'_, T, D>,
        border: Border<T>,
    ) -> Result<Array<T, D>, AlgorithmError> {
        check_rank(values.shape(), self.widths.len())?;
        if let Border::Constant(value) = border {
            return Ok(self.pad_constant(values, value));
        }
        let mut padded = values.to_owned();
        for (axis, &(low, high)) in self.widths.iter().enumerate() {
            let length = values.shape()[axis];
            if (low, high) == (0, 0) {
                continue;
            }
            if length == 0 {
                return Err(AlgorithmError::Empty {
                    what: "the image to pad",
                });
            }
            let indices: Vec<usize> = (0..low + length + high)
                .map(|index| source_index(index as isize - low as isize, length, &border))
                .collect();
            padded = padded.select(Axis(axis), &indices);
        }
        Ok(padded)
    }

    /// The part of a padded array that the image fills: undoes [`Padding::pad`].
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] or [`AlgorithmError::Parameter`] if the array is not of a padded
    /// shape.
    pub fn crop<'a, T, D: Dimension>(
        &self,
        padded: ArrayView<'a, T, D>,
    ) -> Result<ArrayView<'a, T, D>, AlgorithmError> {
        check_rank(padded.shape(), self.widths.len())?;
        let mut part = padded;
        for (axis, &(low, high)) in self.widths.iter().enumerate() {
            let length = part.shape()[axis];
            if low + high > length {
                let expected = format!("at least the padding of {}", low + high);
                return Err(AlgorithmError::parameter(
                    "the padded length",
                    length,
                    expected,
                ));
            }
            part.slice_axis_inplace(Axis(axis), Slice::from(low..length - high));
        }
        Ok(part)
    }

    fn pad_constant<T: Clone, D: Dimension>(
        &self,
        values: &ArrayView<'_, T, D>,
        value: T,
    ) -> Array<T, D> {
        let mut shape = values.raw_dim();
        for (axis, &(low, high)) in self.widths.iter().enumerate() {
            shape[axis] += low + high;
        }
        let mut padded = Array::from_elem(shape, value);
        padded
            .slice_each_axis_mut(|axis| {
                let (low, _) = self.widths[axis.axis.index()];
                Slice::from(low..low + values.shape()[axis.axis.index()])
            })
            .assign(values);
        padded
    }
}

/// The pixel in `0..length` that a border puts at `index`; `length` is at least 1.
pub fn source_index<T>(index: isize, length: usize, border: &Border<T>) -> usize {
    let last = length as isize - 1;
    let found = match border {
        Border::Replicate | Border::Constant(_) => index.clamp(0, last),
        Border::Wrap => index.rem_euclid(last + 1),
        Border::Symmetric => {
            let folded = index.rem_euclid(2 * (last + 1));
            folded.min(2 * last + 1 - folded)
        }
        Border::Reflect101 => {
            let folded = index.rem_euclid((2 * last).max(1));
            folded.min(2 * last - folded)
        }
    };
    found as usize
}

fn halves(missing: usize) -> (usize, usize) {
    (missing / 2, missing - missing / 2)
}

fn check_rank(shape: &[usize], rank: usize) -> Result<(), AlgorithmError> {
    if shape.len() == rank {
        return Ok(());
    }
    let expected = "one for each entry of the padding";
    Err(AlgorithmError::Rank {
        what: "the image",
        got: shape.len(),
        expected,
    })
}

#[cfg(test)]
mod tests;
