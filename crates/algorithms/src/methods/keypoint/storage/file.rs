//! The file.

use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::KeypointError;
use super::bits::{BitReader, BitWriter};
use super::context::{decode_context, encode_context};
use super::fields::{Fields, push_kernel};
use super::gaps::{best_rice_parameter, gaps, push_varint, rice, unrice};
use crate::methods::keypoint::Kernel;

const MAGIC: &[u8; 4] = b"CSKP";
const VERSION: u8 = 1;

/// Most pixels of an image whose key points are read, unless the caller says otherwise: a file of
/// a few bytes may otherwise ask for all memory.
pub const MAX_PIXELS: usize = 1 << 28;

/// How points are coded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// By the neighbours of each pixel: the smallest.
    #[default]
    Context,
    /// Gaps between points: simple.
    Rice,
    /// One bit a pixel.
    Bitmap,
}

/// How bright the points are, in few bits each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intensities {
    /// Bits of each, 1 to 8.
    pub bits: u8,
    /// The levels, 0 to `2^bits - 1`, in raster order of the points.
    pub levels: Vec<u8>,
}

impl Intensities {
    /// Levels of values 0 to 1, rounded to the nearest; values outside are cut, NaN is 0.
    ///
    /// # Errors
    /// [`KeypointError::Field`] for bits outside 1 to 8.
    pub fn quantized(values: &[f64], bits: u8) -> Result<Self, KeypointError> {
        let most = most_of(bits)?;
        let level = |value: &f64| (value.clamp(0.0, 1.0) * f64::from(most)).round_ties_even() as u8;
        Ok(Self {
            bits,
            levels: values.iter().map(level).collect(),
        })
    }

    /// The values, 0 to 1, that the levels stand for.
    pub fn values(&self) -> Vec<f64> {
        let most = f64::from(most_of(self.bits).unwrap_or(255));
        self.levels
            .iter()
            .map(|&level| f64::from(level) / most)
            .collect()
    }

    fn check(&self, points: usize) -> Result<(), KeypointError> {
        let most = most_of(self.bits)?;
        if self.levels.len() != points {
            let name = "the number of intensities";
            return Err(KeypointError::field(name, self.levels.len(), points));
        }
        match self.levels.iter().find(|&&level| level > most) {
            Some(level) => {
                let expected = format!("at most {most}");
                Err(KeypointError::field("an intensity", level, expected))
            }
            None => Ok(()),
        }
    }
}

fn most_of(bits: u8) -> Result<u8, KeypointError> {
    if (1..=8).contains(&bits) {
        return Ok(u8::MAX >> (8 - bits));
    }
    Err(KeypointError::field(
        "the bits of an intensity",
        bits,
        "1 to 8",
    ))
}

/// Key points and what is needed to make the image of them.
#[derive(Debug, Clone, PartialEq)]
pub struct KeypointFile {
    /// The points, `[Y, X]`.
    pub keypoints: Array2<bool>,
    /// The threshold they were selected with.
    pub threshold: f64,
    /// The kernel to reconstruct with, if one is meant.
    pub kernel: Option<Kernel>,
    /// How bright they are, if that is stored.
    pub intensities: Option<Intensities>,
}

impl KeypointFile {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`KeypointError::Field`] for intensities that do not suit the points.
    pub fn to_bytes(&self, codec: Codec) -> Result<Vec<u8>, KeypointError> {
        let (height, width) = self.keypoints.dim();
        let gaps = gaps(&self.keypoints.view());
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.push(codec as u8);
        for number in [height, width, gaps.len()] {
            push_varint(&mut bytes, number as u64);
        }
        bytes.extend(self.threshold.to_le_bytes());
        push_kernel(&mut bytes, self.kernel.as_ref());
        let bits = self.intensities.as_ref().map_or(0, |all| all.bits);
        bytes.push(bits);
        let payload = match codec {
            Codec::Context => encode_context(&self.keypoints.view()),
            Codec::Bitmap => pack(self.keypoints.iter().map(|&is_point| u8::from(is_point)), 1),
            Codec::Rice => {
                let k = best_rice_parameter(&gaps);
                [&[k as u8], &rice(&gaps, k)[..]].concat()
            }
        };
        push_varint(&mut bytes, payload.len() as u64);
        bytes.extend(payload);
        if let Some(intensities) = &self.intensities {
            intensities.check(gaps.len())?;
            bytes.extend(pack(intensities.levels.iter().copied(), bits));
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads a file's bytes, of an image of at most `max_pixels`, such as [`MAX_PIXELS`].
    ///
    /// # Errors
    /// [`KeypointError`] naming what is wrong.
    pub fn from_bytes(bytes: &[u8], max_pixels: usize) -> Result<Self, KeypointError> {
        let content = checked_content(bytes)?;
        let mut fields = Fields::new(&content[MAGIC.len() + 1..]);
        let codec = match fields.byte("codec")? {
            0 => Codec::Context,
            1 => Codec::Rice,
            2 => Codec::Bitmap,
            other => return Err(KeypointError::field("the codec", other, "0 to 2")),
        };
        let (height, width) = (fields.number("height")?, fields.number("width")?);
        let pixels = height
            .checked_mul(width)
            .filter(|&pixels| pixels <= max_pixels);
        let pixels = pixels.ok_or_else(|| {
            let expected = format!("at most {max_pixels} pixels");
            KeypointError::field("the size", format!("{height} x {width}"), expected)
        })?;
        let points = fields.number("number of points")?;
        if points > pixels {
            return Err(KeypointError::field(
                "the number of points",
                points,
                "at most the pixels",
            ));
        }
        let threshold = fields.float("threshold")?;
        let kernel = fields.kernel()?;
        let bits = fields.byte("intensities")?;
        let length = fields.number("length of the points")?;
        let payload = fields.take(length, "points")?;
        let keypoints = decode(codec, payload, [height, width], points)?;
        let found = keypoints.iter().filter(|&&is_point| is_point).count();
        if found != points {
            return Err(KeypointError::field("the number of points", points, found));
        }
        let intensities = if bits == 0 {
            None
        } else {
            most_of(bits)?;
            let length = (points * usize::from(bits)).div_ceil(8);
            let levels = unpack(fields.take(length, "intensities")?, points, bits);
            Some(Intensities { bits, levels })
        };
        fields.end()?;
        Ok(Self {
            keypoints,
            threshold,
            kernel,
            intensities,
        })
    }
}

/// What comes before the checksum, if that is right.
fn checked_content(bytes: &[u8]) -> Result<&[u8], KeypointError> {
    if !bytes.starts_with(MAGIC) {
        let begins = bytes[..bytes.len().min(MAGIC.len())].to_vec();
        return Err(KeypointError::NotKeypoints { begins });
    }
    let part = "header";
    match bytes.get(MAGIC.len()) {
        None => return Err(KeypointError::Truncated { part }),
        Some(&VERSION) => {}
        Some(&version) => return Err(KeypointError::Version { version }),
    }
    let (content, stored) = bytes
        .split_last_chunk::<4>()
        .filter(|(content, _)| content.len() > MAGIC.len())
        .ok_or(KeypointError::Truncated { part })?;
    let (found, stored) = (crc32fast::hash(content), u32::from_le_bytes(*stored));
    if found != stored {
        return Err(KeypointError::Checksum { found, stored });
    }
    Ok(content)
}

fn decode(
    codec: Codec,
    payload: &[u8],
    [height, width]: [usize; 2],
    points: usize,
) -> Result<Array2<bool>, KeypointError> {
    let pixels = height * width;
    let truncated = KeypointError::Truncated { part: "points" };
    let flat: Vec<bool> = match codec {
        Codec::Context => return Ok(decode_context(payload, height, width)),
        Codec::Bitmap if payload.len() < pixels.div_ceil(8) => return Err(truncated),
        Codec::Bitmap => unpack(payload, pixels, 1)
            .into_iter()
            .map(|bit| bit == 1)
            .collect(),
        Codec::Rice => {
            let (&k, code) = payload.split_first().ok_or(truncated)?;
            if k > 63 {
                return Err(KeypointError::field("the Rice parameter", k, "0 to 63"));
            }
            let mut flat = vec![false; pixels];
            for index in unrice(code, k.into(), points, pixels)? {
                flat[index] = true;
            }
            flat
        }
    };
    Array2::from_shape_vec((height, width), flat)
        .map_err(|_| KeypointError::field("the size", format!("{height} x {width}"), "smaller"))
}

fn pack(levels: impl Iterator<Item = u8>, bits: u8) -> Vec<u8> {
    let mut writer = BitWriter::default();
    for level in levels {
        writer.push_bits(level.into(), bits.into());
    }
    writer.finish()
}

fn unpack(bytes: &[u8], count: usize, bits: u8) -> Vec<u8> {
    let mut reader = BitReader::new(bytes);
    let mut level = || reader.pull_bits(bits.into()).unwrap_or(0) as u8;
    (0..count).map(|_| level()).collect()
}
