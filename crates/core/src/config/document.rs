//! A tree of values in which each one knows where it was written.

mod build;
mod lines;
mod overrides;
mod scalar;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Fault, KeyPath, Origin};

pub use overrides::Override;
pub(crate) use scalar::is_plain_text;

/// Where a value and the key in front of it were written.
#[derive(Clone, Debug)]
struct Place {
    key: Option<Origin>,
    value: Origin,
}

/// A YAML text as a tree of JSON values, with the origin of each.
///
/// YAML is read by the rules of version 1.2 (`yes` is a text, `1e-3` is a number). Anchors and
/// aliases work as long as the tree stays small; tags, merge keys and several documents in one
/// file do not.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    text: String,
    value: Value,
    places: BTreeMap<KeyPath, Place>,
    faults: Vec<Fault>,
}

impl Document {
    /// Reads a YAML text; `file` is its name in messages.
    ///
    /// Faults that leave the rest readable, like a key that is given twice, are collected in
    /// [`Document::faults`].
    ///
    /// # Errors
    /// The first fault that leaves nothing to read: broken syntax, no content, tags, several
    /// documents, a tree that is too large or too deep.
    pub fn parse(file: &str, text: &str) -> Result<Self, Box<Fault>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        build::build(file, text)
    }

    /// Reads the bytes of a YAML file, see [`Document::parse`].
    ///
    /// # Errors
    /// As [`Document::parse`]; also a byte that is not UTF-8.
    pub fn parse_bytes(file: &str, bytes: &[u8]) -> Result<Self, Box<Fault>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(file, text),
            Err(error) => Err(Box::new(not_utf8(file, bytes, error.valid_up_to()))),
        }
    }

    /// The name of the file in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text that was read, which the byte offsets of origins count in.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What was wrong in the text besides its content, like a key that is given twice.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Where the value at `path` was written; for one that was not, where its parent was.
    pub fn origin(&self, path: &KeyPath) -> Origin {
        self.place(path).value.clone()
    }

    /// Where the key in front of the value at `path` was written; else as [`Document::origin`].
    pub fn key_origin(&self, path: &KeyPath) -> Origin {
        let place = self.place(path);
        place.key.as_ref().unwrap_or(&place.value).clone()
    }

    fn place(&self, path: &KeyPath) -> Cow<'_, Place> {
        let mut current = Some(path.clone());
        while let Some(path) = current {
            if let Some(place) = self.places.get(&path) {
                return Cow::Borrowed(place);
            }
            current = path.parent();
        }
        let file = self.file.clone();
        let value = Origin::File {
            file,
            line: 1,
            column: 1,
            offset: 0,
            length: 0,
        };
        Cow::Owned(Place { key: None, value })
    }
}

fn not_utf8(file: &str, bytes: &[u8], valid: usize) -> Fault {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|&character| character != '\n')
        .count()
        + 1;
    let origin = Origin::File {
        file: file.to_owned(),
        line,
        column,
        offset: valid,
        length: 0,
    };
    let problem = format!("byte 0x{:02X} is not UTF-8 text", bytes[valid]);
    Fault::new(origin, &KeyPath::root(), problem).allowed("a text file saved as UTF-8")
}
