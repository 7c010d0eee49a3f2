//! Named values of ND2 metadata, which nest.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::format::raw::Number;

/// Real files nest less than ten deep.
const DEEPEST: usize = 64;
/// Metadata of a real file are a few megabytes; more is not unpacked, all packed parts together.
const MOST_BYTES: usize = 64 << 20;
/// More values than real metadata have; a value takes far more memory than the three bytes it can
/// have in the file.
const MOST_VALUES: usize = 1 << 20;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
    Level(Vec<(String, Value)>),
}

impl Value {
    /// The values of a chunk; what stands behind a damaged one is left out.
    pub(super) fn parse(bytes: &[u8]) -> Value {
        let mut budget = Budget {
            bytes: MOST_BYTES,
            values: MOST_VALUES,
        };
        Value::Level(Items::new(bytes, &mut budget).take(usize::MAX, bytes.len(), 0))
    }

    /// The value of this name; names go without the small letters that tell their type.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.items()
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    /// The value at the end of a path of names.
    pub(super) fn path(&self, names: &[&str]) -> Option<&Value> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    pub(super) fn number(&self, names: &[&str]) -> Option<f64> {
        match self.path(names)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, names: &[&str]) -> Option<usize> {
        let number = self.number(names)?;
        (number >= 0.0 && number < 2.0_f64.powi(53)).then_some(number as usize)
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        match self.path(names)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[(String, Value)] {
        match self {
            Value::Level(items) => items,
            _ => &[],
        }
    }
}

/// What may still be unpacked and kept.
struct Budget {
    bytes: usize,
    values: usize,
}

struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
    budget: &'a mut Budget,
}

impl<'a> Items<'a> {
    fn new(bytes: &'a [u8], budget: &'a mut Budget) -> Items<'a> {
        Items {
            bytes,
            at: 0,
            budget,
        }
    }

    /// At most `count` values that begin before `end`.
    fn take(&mut self, count: usize, end: usize, depth: usize) -> Vec<(String, Value)> {
        let mut items = Vec::new();
        while items.len() < count && self.at < end {
            let Some(item) = self.item(depth) else {
                self.at = end;
                break;
            };
            match item {
                (_, Item::Unpacked(inner)) => items.extend(inner),
                (name, Item::Value(value)) => items.push((name, value)),
            }
        }
        items
    }

    fn item(&mut self, depth: usize) -> Option<(String, Item)> {
        let start = self.at;
        self.budget.values = self.budget.values.checked_sub(1)?;
        let [kind, letters] = *self.bytes.get(start..)?.first_chunk()?;
        self.at += 2;
        if kind == b'L' {
            let packed = self.bytes.get(start + 12..)?;
            let mut bytes = Vec::new();
            ZlibDecoder::new(packed)
                .take(self.budget.bytes as u64)
                .read_to_end(&mut bytes)
                .ok()?;
            self.budget.bytes -= bytes.len();
            self.at = self.bytes.len();
            let inner = (depth < DEEPEST).then(|| {
                let end = bytes.len();
                Items::new(&bytes, self.budget).take(usize::MAX, end, depth + 1)
            })?;
            return Some((String::new(), Item::Unpacked(inner)));
        }
        let name = self.letters(usize::from(letters))?;
        let name = name.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_');
        let value = match kind {
            1 => Value::Number(f64::from(self.number::<u8>(1)?)),
            2 => Value::Number(f64::from(self.number::<i32>(4)?)),
            3 => Value::Number(f64::from(self.number::<u32>(4)?)),
            4 => Value::Number(self.number::<i64>(8)? as f64),
            5 | 7 => Value::Number(self.number::<u64>(8)? as f64),
            6 => Value::Number(self.number::<f64>(8)?),
            8 => Value::Text(self.text()?),
            9 => {
                let length = usize::try_from(self.number::<u64>(8)?).ok()?;
                Value::Bytes(self.slice(length)?.to_vec())
            }
            11 => self.level(start, depth)?,
            _ => return None,
        };
        Some((name.to_owned(), Item::Value(value)))
    }

    /// Values in a row; their number and the length from the level's own start come before, a
    /// table of their places behind.
    fn level(&mut self, start: usize, depth: usize) -> Option<Value> {
        let count = self.number::<u32>(4)? as usize;
        let length = usize::try_from(self.number::<u64>(8)?).ok()?;
        let end = start.checked_add(length)?;
        if depth >= DEEPEST || end > self.bytes.len() {
            return None;
        }
        let items = self.take(count, end, depth + 1);
        self.at = end.max(self.at).checked_add(count.checked_mul(8)?)?;
        Some(Value::Level(items))
    }

    fn number<T: Number>(&mut self, length: usize) -> Option<T> {
        let number = T::at(self.bytes, self.at)?;
        self.at += length;
        Some(number)
    }

    fn slice(&mut self, length: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(length)?;
        let slice = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(slice)
    }

    /// A text of so many letters, of which the last is a zero.
    fn letters(&mut self, count: usize) -> Option<String> {
        let letters = self.slice(count * 2)?.as_chunks::<2>().0;
        let letters = letters.iter().map(|&pair| u16::from_le_bytes(pair));
        let letters: Vec<u16> = letters.take_while(|&letter| letter != 0).collect();
        Some(String::from_utf16_lossy(&letters))
    }

    /// A text up to a zero.
    fn text(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.at..)?.as_chunks::<2>().0;
        let end = rest.iter().position(|pair| *pair == [0, 0])?;
        self.letters(end + 1)
    }
}

enum Item {
    Value(Value),
    /// What was inside a packed item.
    Unpacked(Vec<(String, Value)>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
        let letters = name.encode_utf16().chain([0]);
        let mut bytes = vec![kind, name.len() as u8 + 1];
        bytes.extend(letters.flat_map(u16::to_le_bytes));
        bytes.extend(value);
        bytes
    }

    fn level(name: &str, count: u32, items: &[u8]) -> Vec<u8> {
        let mut bytes = named(11, name, &[]);
        let length = bytes.len() + 12 + items.len();
        bytes.extend(count.to_le_bytes());
        bytes.extend((length as u64).to_le_bytes());
        bytes.extend(items);
        bytes.extend(vec![0; count as usize * 8]);
        bytes
    }

    #[test]
    fn nested_values_are_found_and_damage_is_no_panic() {
        let mut items = named(3, "uiWidth", &38_u32.to_le_bytes());
        items.extend(named(8, "wsName", b"A\0\xb5\0\0\0"));
        let mut bytes = level("SLxA", 2, &items);
        bytes.extend(named(6, "dStep", &0.5_f64.to_le_bytes()));
        let value = Value::parse(&bytes);
        assert_eq!(value.count(&["SLxA", "Width"]), Some(38));
        assert_eq!(value.text(&["SLxA", "Name"]), Some("Aµ"));
        assert_eq!(value.number(&["Step"]), Some(0.5));
        for at in 0..bytes.len() {
            Value::parse(&bytes[..at]);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            Value::parse(&damaged);
        }
        let many = [1, 0, 7].repeat(MOST_VALUES + 10);
        assert_eq!(Value::parse(&many).items().len(), MOST_VALUES);
        let deep = (0..500).fold(Vec::new(), |inner, _| level("a", 1, &inner));
        Value::parse(&deep);
    }
}
