//! Where a value sits in the tree of settings.

use std::fmt;
use std::str::FromStr;

/// One step down the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// The key of a mapping.
    Key(String),
    /// The position in a list, from 0.
    Index(usize),
}

/// The road from the root to a value, written `data.train.source` or `loss[0].dice.weight`.
///
/// The empty path is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath {
    segments: Vec<Segment>,
}

impl KeyPath {
    /// The path of the whole tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps from the root down.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The path of the value under `key` of the mapping at this path.
    pub fn key(&self, key: &str) -> Self {
        self.child(Segment::Key(key.to_owned()))
    }

    /// The path of item `index` (from 0) of the list at this path.
    pub fn index(&self, index: usize) -> Self {
        self.child(Segment::Index(index))
    }

    /// The path one step down.
    pub fn child(&self, segment: Segment) -> Self {
        let mut segments = self.segments.clone();
        segments.push(segment);
        Self { segments }
    }

    /// The path one step up, `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.segments.split_last()?;
        Some(Self {
            segments: rest.to_vec(),
        })
    }

    /// Whether this path is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &Self) -> bool {
        self.segments.starts_with(&ancestor.segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Key(key) if position == 0 => write!(formatter, "{key}")?,
                Segment::Key(key) => write!(formatter, ".{key}")?,
                Segment::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Why a text is not a key path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPathError {
    /// Two dots in a row, a dot at an end, or nothing at all.
    #[error("a name is missing between dots")]
    EmptyName,
    /// Something else than a number between brackets, or a bracket alone.
    #[error("a position in a list is written `[0]`, with a whole number")]
    BadIndex,
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut segments = Vec::new();
        for part in text.split('.') {
            let (name, brackets) = match part.find('[') {
                Some(start) => part.split_at(start),
                None => (part, ""),
            };
            if name.is_empty() {
                return Err(KeyPathError::EmptyName);
            }
            if name.contains(']') {
                return Err(KeyPathError::BadIndex);
            }
            segments.push(Segment::Key(name.to_owned()));
            push_indices(brackets, &mut segments)?;
        }
        Ok(Self { segments })
    }
}

/// Reads `[0][1]`.
fn push_indices(brackets: &str, segments: &mut Vec<Segment>) -> Result<(), KeyPathError> {
    let mut rest = brackets;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or(KeyPathError::BadIndex)?;
        let (number, after) = inner.split_once(']').ok_or(KeyPathError::BadIndex)?;
        let index = number
            .parse()
            .map_err(|_not_a_number| KeyPathError::BadIndex)?;
        segments.push(Segment::Index(index));
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_path_are_inverse() {
        for text in [
            "seed",
            "data.train.source",
            "loss[0].dice.weight",
            "a[1][2].b",
        ] {
            assert_eq!(text.parse::<KeyPath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        for text in ["", ".", "a..b", "a.", "[0]"] {
            assert_eq!(
                text.parse::<KeyPath>(),
                Err(KeyPathError::EmptyName),
                "{text}"
            );
        }
        for text in ["a[", "a[x]", "a[0", "a]", "a[0]b", "a[-1]"] {
            assert_eq!(
                text.parse::<KeyPath>(),
                Err(KeyPathError::BadIndex),
                "{text}"
            );
        }
    }
}
