//! Structuring elements.

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// Longest side of an element, in pixels.
const MAX_SIDE_PIXELS: usize = 1 << 13;

/// Form of a structuring element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ElementShape {
    /// The ellipse inscribed into the rectangle, as OpenCV draws it.
    #[default]
    Ellipse,
    /// The whole rectangle.
    Rect,
    /// The row and the column through the centre.
    Cross,
}

/// A structuring element by its form and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Element {
    /// Its form.
    pub shape: ElementShape,
    /// Pixels along X.
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Pixels along Y.
    #[schemars(range(min = 1))]
    pub height: usize,
}

impl Default for Element {
    fn default() -> Self {
        Self {
            shape: ElementShape::Ellipse,
            width: 7,
            height: 7,
        }
    }
}

impl Element {
    /// The element's pixels.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a side of 0 or above 8192 pixels.
    pub fn build(&self) -> Result<StructuringElement, AlgorithmError> {
        for (name, side) in [("width", self.width), ("height", self.height)] {
            if !(1..=MAX_SIDE_PIXELS).contains(&side) {
                let expected = format!("1 to {MAX_SIDE_PIXELS} pixels");
                return Err(AlgorithmError::parameter(name, side, expected));
            }
        }
        let (row, column) = (self.height / 2, self.width / 2);
        let mask = Array2::from_shape_fn((self.height, self.width), |(y, x)| match self.shape {
            ElementShape::Rect => true,
            ElementShape::Cross => y == row || x == column,
            ElementShape::Ellipse => x.abs_diff(column) <= self.half_chord(y),
        });
        StructuringElement::from_mask(&mask.view())
    }

    /// How far the ellipse reaches to either side of its centre in row `y`.
    fn half_chord(&self, y: usize) -> usize {
        let (radius, column) = ((self.height / 2) as f64, (self.width / 2) as f64);
        if radius == 0.0 {
            return 0;
        }
        let dy = y as f64 - radius;
        let share = (radius * radius - dy * dy) / (radius * radius);
        (column * share.sqrt()).round_ties_even() as usize
    }
}

/// Pixels relative to an anchor at `(height / 2, width / 2)`, as runs along X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructuringElement {
    mask: Array2<bool>,
    pub(super) runs: Vec<ElementRun>,
}

/// A stretch of an element's row: `length` pixels from offset (`dy`, `dx`) on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementRun {
    pub(super) dy: isize,
    pub(super) dx: isize,
    pub(super) length: usize,
}

impl StructuringElement {
    /// An element of any form; the anchor is at `(height / 2, width / 2)`.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`] if no pixel is set.
    pub fn from_mask(mask: &ArrayView2<'_, bool>) -> Result<Self, AlgorithmError> {
        let (row, column) = (mask.nrows() as isize / 2, mask.ncols() as isize / 2);
        let mut runs: Vec<ElementRun> = Vec::new();
        for ((y, x), _) in mask.indexed_iter().filter(|&(_, &set)| set) {
            let (dy, dx) = (y as isize - row, x as isize - column);
            match runs.last_mut() {
                Some(run) if run.dy == dy && run.dx + run.length as isize == dx => run.length += 1,
                _ => runs.push(ElementRun { dy, dx, length: 1 }),
            }
        }
        if runs.is_empty() {
            return Err(AlgorithmError::Empty {
                what: "the structuring element",
            });
        }
        Ok(Self {
            mask: mask.to_owned(),
            runs,
        })
    }

    /// The element as an array `Y X`.
    pub fn mask(&self) -> ArrayView2<'_, bool> {
        self.mask.view()
    }

    /// Greatest distance of a pixel from the anchor along any axis.
    pub fn reach(&self) -> usize {
        let ends = self.runs.iter().flat_map(|run| {
            let end = run.dx + run.length as isize - 1;
            [run.dy, run.dx, end].map(isize::unsigned_abs)
        });
        ends.max().unwrap_or(0)
    }
}
