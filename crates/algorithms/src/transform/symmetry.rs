//! The eight symmetries of a square: quarter turns and flips.

use ndarray::{Array, ArrayView, Axis, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// A turn or flip in the plane of two axes, first and second (Y and X). Turns are
/// counter-clockwise on screen, as `numpy.rot90`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Symmetry {
    /// As it is.
    #[default]
    Identity,
    /// A quarter turn.
    Rot90,
    /// A half turn.
    Rot180,
    /// Three quarter turns.
    Rot270,
    /// Top and bottom exchanged.
    FlipY,
    /// Left and right exchanged.
    FlipX,
    /// Rows and columns exchanged.
    Transpose,
    /// Rows and columns exchanged along the other diagonal.
    AntiTranspose,
}

impl Symmetry {
    /// All eight.
    pub const ALL: [Self; 8] = [
        Self::Identity,
        Self::Rot90,
        Self::Rot180,
        Self::Rot270,
        Self::FlipY,
        Self::FlipX,
        Self::Transpose,
        Self::AntiTranspose,
    ];

    /// The array turned or flipped in the plane of `axes`. For anisotropic stacks use the last
    /// two axes only.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for axes that are equal or not the array's.
    pub fn apply<T: Clone, D: Dimension>(
        self,
        values: &ArrayView<'_, T, D>,
        axes: [usize; 2],
    ) -> Result<Array<T, D>, AlgorithmError> {
        let [first, second] = axes;
        if first == second || axes.iter().any(|&axis| axis >= values.ndim()) {
            let expected = format!("two of the {} axes", values.ndim());
            return Err(AlgorithmError::parameter(
                "axes",
                format!("{axes:?}"),
                expected,
            ));
        }
        let (exchange, invert) = self.steps();
        let mut view = values.view();
        if exchange {
            view.swap_axes(first, second);
        }
        for (axis, invert) in axes.into_iter().zip(invert) {
            if invert {
                view.invert_axis(Axis(axis));
            }
        }
        Ok(view.as_standard_layout().into_owned())
    }

    /// Whether axes are exchanged, and which are inverted afterwards.
    fn steps(self) -> (bool, [bool; 2]) {
        match self {
            Self::Identity => (false, [false, false]),
            Self::Rot90 => (true, [true, false]),
            Self::Rot180 => (false, [true, true]),
            Self::Rot270 => (true, [false, true]),
            Self::FlipY => (false, [true, false]),
            Self::FlipX => (false, [false, true]),
            Self::Transpose => (true, [false, false]),
            Self::AntiTranspose => (true, [true, true]),
        }
    }

    /// The symmetry that undoes this one.
    pub fn inverse(self) -> Self {
        match self {
            Self::Rot90 => Self::Rot270,
            Self::Rot270 => Self::Rot90,
            other => other,
        }
    }
}

/// The array with the order along one axis reversed.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for an axis that is not the array's.
pub fn flip<T: Clone, D: Dimension>(
    values: &ArrayView<'_, T, D>,
    axis: usize,
) -> Result<Array<T, D>, AlgorithmError> {
    if axis >= values.ndim() {
        let expected = format!("below {}, the number of axes", values.ndim());
        return Err(AlgorithmError::parameter("axis", axis, expected));
    }
    let mut view = values.view();
    view.invert_axis(Axis(axis));
    Ok(view.as_standard_layout().into_owned())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, arr2};

    use super::*;

    #[test]
    fn inverses_undo_and_faults_are_named() {
        let stack = Array3::from_shape_fn((2, 3, 4), |(z, y, x)| 12 * z + 4 * y + x);
        for symmetry in Symmetry::ALL {
            let there = symmetry.apply(&stack.view(), [1, 2]).unwrap();
            let back = symmetry.inverse().apply(&there.view(), [1, 2]).unwrap();
            assert_eq!(back, stack, "{symmetry:?}");
        }
        let error = Symmetry::Rot90.apply(&stack.view(), [1, 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "axes is [1, 3], expected two of the 3 axes"
        );
        assert!(Symmetry::Rot90.apply(&stack.view(), [1, 1]).is_err());
        assert!(flip(&stack.view(), 3).is_err());
    }

    #[test]
    fn turns_are_counter_clockwise() {
        let turned = Symmetry::Rot90.apply(&arr2(&[[1, 2], [3, 4]]).view(), [0, 1]);
        assert_eq!(turned.unwrap(), arr2(&[[2, 4], [1, 3]]));
    }
}
