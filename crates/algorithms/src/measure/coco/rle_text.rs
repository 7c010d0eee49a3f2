//! Run lengths as COCO's compressed text.

use super::rle::{Rle, check_size};
use crate::AlgorithmError;

impl Rle {
    /// The runs as text: from the third on the difference to the run two before, five bits a
    /// character, the lowest first.
    pub fn to_text(&self) -> String {
        let counts = self.counts();
        let mut text = String::with_capacity(counts.len());
        for (index, &count) in counts.iter().enumerate() {
            let before = if index > 2 { counts[index - 2] } else { 0 };
            push(&mut text, i64::from(count) - i64::from(before));
        }
        text
    }

    /// The mask of a text.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a character outside `0` to `o`, a text that ends within
    /// a number, a negative run, or runs that do not add up to the mask's pixels.
    pub fn from_text(height: usize, width: usize, text: &str) -> Result<Self, AlgorithmError> {
        check_size(height, width)?;
        let mut counts: Vec<u32> = Vec::new();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (difference, after) = pull(rest)?;
            let index = counts.len();
            let before = if index > 2 { counts[index - 2] } else { 0 };
            let count = i64::from(before) + difference;
            counts.push(u32::try_from(count).map_err(|_| {
                let expected = format!("0 to {}", u32::MAX);
                AlgorithmError::parameter("a run length", count, expected)
            })?);
            rest = after;
        }
        Self::new(height, width, counts)
    }
}

fn push(text: &mut String, mut number: i64) {
    loop {
        let bits = (number & 0x1f) as u8;
        number >>= 5;
        // The fifth bit is the sign of the last group.
        let more = if bits & 0x10 == 0 {
            number != 0
        } else {
            number != -1
        };
        text.push(char::from(bits + if more { 0x20 } else { 0 } + 48));
        if !more {
            return;
        }
    }
}

fn pull(bytes: &[u8]) -> Result<(i64, &[u8]), AlgorithmError> {
    let mut number = 0_i64;
    for (index, &byte) in bytes.iter().enumerate() {
        let Some(group) = byte
            .checked_sub(48)
            .filter(|&group| group < 64 && index < 7)
        else {
            let expected = "numbers of characters 0 to o, at most 7 each";
            let got = char::from(byte).escape_default();
            return Err(AlgorithmError::parameter(
                "the compressed runs' character",
                got,
                expected,
            ));
        };
        number |= i64::from(group & 0x1f) << (5 * index);
        if group & 0x20 == 0 {
            if group & 0x10 != 0 {
                number |= -1 << (5 * (index + 1));
            }
            return Ok((number, &bytes[index + 1..]));
        }
    }
    Err(AlgorithmError::parameter(
        "the compressed runs' end",
        "within a number",
        "after one",
    ))
}
