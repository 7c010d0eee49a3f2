//! The sample types of an image.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The type of one sample (one channel of one pixel).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DType {
    /// Unsigned, 8 bits.
    UInt8,
    /// Signed, 8 bits.
    Int8,
    /// Unsigned, 16 bits.
    UInt16,
    /// Signed, 16 bits.
    Int16,
    /// Unsigned, 32 bits.
    UInt32,
    /// Signed, 32 bits.
    Int32,
    /// Unsigned, 64 bits.
    UInt64,
    /// Signed, 64 bits.
    Int64,
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 double precision.
    Float64,
}

impl DType {
    /// All sample types.
    pub const ALL: [DType; 10] = [
        DType::UInt8,
        DType::Int8,
        DType::UInt16,
        DType::Int16,
        DType::UInt32,
        DType::Int32,
        DType::UInt64,
        DType::Int64,
        DType::Float32,
        DType::Float64,
    ];

    /// The size of one sample in bytes.
    pub fn bytes(self) -> usize {
        match self {
            DType::UInt8 | DType::Int8 => 1,
            DType::UInt16 | DType::Int16 => 2,
            DType::UInt32 | DType::Int32 | DType::Float32 => 4,
            DType::UInt64 | DType::Int64 | DType::Float64 => 8,
        }
    }

    /// Whether samples are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, DType::Float32 | DType::Float64)
    }

    /// The lowest and highest value of an integer type; `None` for floats.
    ///
    /// The largest values of 64 bits are rounded.
    pub fn range(self) -> Option<[f64; 2]> {
        Some(match self {
            DType::UInt8 => [0.0, f64::from(u8::MAX)],
            DType::Int8 => [f64::from(i8::MIN), f64::from(i8::MAX)],
            DType::UInt16 => [0.0, f64::from(u16::MAX)],
            DType::Int16 => [f64::from(i16::MIN), f64::from(i16::MAX)],
            DType::UInt32 => [0.0, f64::from(u32::MAX)],
            DType::Int32 => [f64::from(i32::MIN), f64::from(i32::MAX)],
            DType::UInt64 => [0.0, u64::MAX as f64],
            DType::Int64 => [i64::MIN as f64, i64::MAX as f64],
            DType::Float32 | DType::Float64 => return None,
        })
    }

    /// The name that files and NumPy use: `uint8`, `float32`.
    pub fn name(self) -> &'static str {
        match self {
            DType::UInt8 => "uint8",
            DType::Int8 => "int8",
            DType::UInt16 => "uint16",
            DType::Int16 => "int16",
            DType::UInt32 => "uint32",
            DType::Int32 => "int32",
            DType::UInt64 => "uint64",
            DType::Int64 => "int64",
            DType::Float32 => "float32",
            DType::Float64 => "float64",
        }
    }
}

/// A text that names no sample type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no sample type; expected u8, u16, u32, u64, i8, i16, i32, i64, f32 or f64")]
pub struct UnknownDType(String);

impl FromStr for DType {
    type Err = UnknownDType;

    /// Reads the short names (`u8`, `f32`) and the long ones (`uint8`, `float32`).
    fn from_str(text: &str) -> Result<DType, UnknownDType> {
        let name = text.to_ascii_lowercase();
        DType::ALL
            .into_iter()
            .find(|dtype| {
                let long = dtype.name();
                let digits = long.trim_start_matches(char::is_alphabetic);
                name == long || name == format!("{}{digits}", &long[..1])
            })
            .ok_or_else(|| UnknownDType(text.to_owned()))
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
