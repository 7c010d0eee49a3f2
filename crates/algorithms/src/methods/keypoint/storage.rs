//! Key points in files.
//!
//! A file has a header (magic, version, codec, size, number of points, threshold and kernel), the
//! points, perhaps their intensities, and a CRC-32 of all that. Key points follow lines, so the
//! [`Codec::Context`] coder needs far fewer bits than coordinates, and fewer than any code that
//! takes them for scattered.

mod accounting;
mod arithmetic;
mod bits;
mod context;
mod fields;
mod file;
mod gaps;

pub use accounting::{StorageCost, storage_cost};
pub use context::{decode_context, encode_context};
pub use file::{Codec, Intensities, KeypointFile, MAX_PIXELS};
pub use gaps::{best_rice_parameter, gaps, rice, rice_bits, varints};

/// Why a file of key points could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeypointError {
    /// The file does not begin as one of key points.
    #[error("the file holds no key points: it begins with {begins:?}, expected \"CSKP\"")]
    NotKeypoints {
        /// Its first bytes.
        begins: Vec<u8>,
    },
    /// A version that this program does not read.
    #[error("the file of key points has version {version}, expected 1")]
    Version {
        /// The version.
        version: u8,
    },
    /// The file ends before its content does.
    #[error("the file of key points is truncated in its {part}")]
    Truncated {
        /// Where it ends.
        part: &'static str,
    },
    /// The content is not what was written.
    #[error("the file of key points is damaged: its CRC-32 is {found:08x}, expected {stored:08x}")]
    Checksum {
        /// The sum of the content.
        found: u32,
        /// The sum in the file.
        stored: u32,
    },
    /// A field has a value that is not allowed.
    #[error("the file of key points is damaged: {name} is {got}, expected {expected}")]
    Field {
        /// The field.
        name: &'static str,
        /// Its value.
        got: String,
        /// What is allowed.
        expected: String,
    },
}

impl KeypointError {
    fn field(
        name: &'static str,
        got: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Self {
        Self::Field {
            name,
            got: got.to_string(),
            expected: expected.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
