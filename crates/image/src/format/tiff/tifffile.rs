//! The description that the Python package tifffile writes: a JSON object with `shape` and,
//! if the caller gave them, `axes`.

use serde::Deserialize;

use super::arrangement::{Arrangement, Plane};
use crate::axes::Axis;

#[derive(Deserialize)]
struct Shaped {
    shape: Vec<usize>,
    #[serde(default)]
    axes: String,
}

/// Whether a text is such a description. Each series of a file begins with one.
pub(super) fn is_shaped(text: &str) -> bool {
    text.starts_with("{\"shape\"") && serde_json::from_str::<Shaped>(text).is_ok()
}

/// Lays out the pages; `None` if this is another description or says nothing of use.
pub(super) fn arrange(text: &str, pages: &[Plane]) -> Option<Arrangement> {
    let shaped: Shaped = serde_json::from_str(text).ok()?;
    if shaped.axes.len() != shaped.shape.len() {
        return None;
    }
    // The last axes are inside a page; those before enumerate the pages, the first slowest.
    let mut order = Vec::new();
    let mut planes = 1usize;
    for (letter, &length) in shaped.axes.chars().zip(&shaped.shape) {
        if planes == pages.len() {
            break;
        }
        let axis = Axis::from_letter(letter)?;
        if order.iter().any(|&(other, _)| other == axis) {
            return None;
        }
        planes = planes.checked_mul(length)?;
        order.insert(0, (axis, length));
    }
    (planes == pages.len()).then(|| Arrangement::filled(&order, pages))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(count: usize) -> Vec<Plane> {
        (0..count).map(Plane::of).collect()
    }

    #[test]
    fn leading_axes_enumerate_the_pages() {
        let text = r#"{"shape": [3, 2, 8, 9], "axes": "ZCYX"}"#;
        assert!(is_shaped(text));
        let stack = arrange(text, &planes(6)).unwrap();
        assert_eq!(stack.lengths, [1, 2, 3]);
        let page = |index| stack.planes[stack.position(index)].unwrap().page;
        assert_eq!(page([0, 1, 2]), 5);
        assert_eq!(page([0, 0, 1]), 2);
    }

    #[test]
    fn a_shape_without_axes_or_of_other_pages_says_nothing() {
        let nothing = |text, count| assert_eq!(arrange(text, &planes(count)), None);
        nothing(r#"{"shape": [4, 8, 9]}"#, 4);
        nothing(r#"{"shape": [4, 8, 9], "axes": "ZYX"}"#, 3);
        nothing(r#"{"shape": [4, 8, 9], "axes": "QYX"}"#, 4);
        nothing("{", 1);
        assert!(!is_shaped("{"));
    }
}
