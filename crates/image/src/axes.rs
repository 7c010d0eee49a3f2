//! Named image axes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One axis of an image. The declaration order is the canonical order of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Time points.
    T,
    /// Channels: stains, colours, predicted classes.
    C,
    /// Optical or physical sections.
    Z,
    /// Image rows.
    Y,
    /// Image columns.
    X,
}

impl Axis {
    /// All axes in canonical order.
    pub const ALL: [Axis; 5] = [Axis::T, Axis::C, Axis::Z, Axis::Y, Axis::X];

    /// The lower-case letter of the axis.
    pub fn letter(self) -> char {
        match self {
            Axis::T => 't',
            Axis::C => 'c',
            Axis::Z => 'z',
            Axis::Y => 'y',
            Axis::X => 'x',
        }
    }

    /// The axis of a letter of either case.
    pub fn from_letter(letter: char) -> Option<Axis> {
        let letter = letter.to_ascii_lowercase();
        Axis::ALL.into_iter().find(|axis| axis.letter() == letter)
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// The axes of an array, slowest first, each at most once; written as letters: `"czyx"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Axes(Vec<Axis>);

/// A text that names no valid list of axes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not name image axes: {problem}; expected letters of \"tczyx\", each once")]
pub struct AxesError {
    text: String,
    problem: String,
}

impl Axes {
    /// The axes in the given order, or `None` if one is given twice.
    pub fn new(axes: &[Axis]) -> Option<Axes> {
        let unique = (1..axes.len()).all(|i| !axes[..i].contains(&axes[i]));
        unique.then(|| Axes(axes.to_vec()))
    }

    /// Those axes for which `keep` holds, in canonical order.
    pub fn canonical(keep: impl Fn(Axis) -> bool) -> Axes {
        Axes(Axis::ALL.into_iter().filter(|&axis| keep(axis)).collect())
    }

    /// The number of axes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no axis at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The axes, slowest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Axis> + '_ {
        self.0.iter().copied()
    }

    /// Where in the list the axis stands.
    pub fn position(&self, axis: Axis) -> Option<usize> {
        self.0.iter().position(|&other| other == axis)
    }

    /// Whether the axis is in the list.
    pub fn contains(&self, axis: Axis) -> bool {
        self.0.contains(&axis)
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|axis| axis.fmt(f))
    }
}

impl FromStr for Axes {
    type Err = AxesError;

    fn from_str(text: &str) -> Result<Axes, AxesError> {
        let fault = |problem: String| AxesError {
            text: text.to_owned(),
            problem,
        };
        let mut axes = Vec::new();
        for letter in text.chars() {
            let axis = Axis::from_letter(letter)
                .ok_or_else(|| fault(format!("`{letter}` is not an axis")))?;
            if axes.contains(&axis) {
                return Err(fault(format!("`{letter}` is there twice")));
            }
            axes.push(axis);
        }
        Ok(Axes(axes))
    }
}

impl TryFrom<String> for Axes {
    type Error = AxesError;

    fn try_from(text: String) -> Result<Axes, AxesError> {
        text.parse()
    }
}

impl From<Axes> for String {
    fn from(axes: Axes) -> String {
        axes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_round_trip_in_any_order_and_case() {
        for text in ["yx", "czyx", "xyz", "tczyx", ""] {
            assert_eq!(text.parse::<Axes>().unwrap().to_string(), text);
        }
        assert_eq!("ZYX".parse::<Axes>().unwrap(), "zyx".parse().unwrap());
    }

    #[test]
    fn a_wrong_letter_and_a_repeated_one_are_named() {
        assert_eq!(
            "yxs".parse::<Axes>().unwrap_err().to_string(),
            "`yxs` does not name image axes: `s` is not an axis; expected letters of \"tczyx\", each once"
        );
        assert!(
            "yxy"
                .parse::<Axes>()
                .unwrap_err()
                .to_string()
                .contains("`y` is there twice")
        );
        assert_eq!(Axes::new(&[Axis::Y, Axis::Y]), None);
    }

    #[test]
    fn canonical_order_is_tczyx() {
        assert_eq!(Axes::canonical(|_| true).to_string(), "tczyx");
        assert_eq!(
            Axes::canonical(|axis| axis != Axis::T && axis != Axis::C).to_string(),
            "zyx"
        );
    }
}
