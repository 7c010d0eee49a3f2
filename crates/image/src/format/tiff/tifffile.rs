//! The description that the Python package tifffile writes: a JSON object with `shape` and,
//! if the caller gave them, `axes`.

use serde::Deserialize;

use super::arrangement::Arrangement;
use crate::axes::Axis;

#[derive(Deserialize)]
struct Shaped {
    shape: Vec<usize>,
    #[serde(default)]
    axes: String,
}

/// Lays out the pages; `None` if this is another description or says nothing of use.
pub(super) fn arrange(text: &str, pages: &[usize]) -> Option<Arrangement> {
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

    #[test]
    fn leading_axes_enumerate_the_pages() {
        let text = r#"{"shape": [3, 2, 8, 9], "axes": "ZCYX"}"#;
        let stack = arrange(text, &[0, 1, 2, 3, 4, 5]).unwrap();
        assert_eq!(stack.lengths, [1, 2, 3]);
        assert_eq!(stack.page([0, 1, 2]), Some(5));
        assert_eq!(stack.page([0, 0, 1]), Some(2));
    }

    #[test]
    fn a_shape_without_axes_or_of_other_pages_says_nothing() {
        assert_eq!(arrange(r#"{"shape": [4, 8, 9]}"#, &[0, 1, 2, 3]), None);
        assert_eq!(
            arrange(r#"{"shape": [4, 8, 9], "axes": "ZYX"}"#, &[0, 1, 2]),
            None
        );
        assert_eq!(
            arrange(r#"{"shape": [4, 8, 9], "axes": "QYX"}"#, &[0, 1, 2, 3]),
            None
        );
        assert_eq!(arrange("{", &[0]), None);
    }
}
