//! Writing TIFF files that Fiji, tifffile and this crate read with the same axes and sizes.
//!
//! One page a plane, channels fastest, then sections, then time points, with the description that
//! ImageJ writes. Red, green and blue of 8 or 16 bits become one colour page. Pages are packed with
//! Deflate; files that could pass 4 GiB are `BigTIFF`.

use std::fmt::Write as _;
use std::io::{Seek, Write};
use std::path::Path;

use ndarray::{ArrayD, ArrayView5, s};
use tiff::TiffError;
use tiff::encoder::colortype::{
    ColorType, Gray8, Gray16, Gray32, Gray32Float, Gray64, Gray64Float, GrayI8, GrayI16, GrayI32,
    GrayI64, RGB8, RGB16,
};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Rational, TiffEncoder, TiffKind, TiffValue};
use tiff::tags::{Predictor, Tag};

use super::imagej::CHANNEL_NAMES;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::files::write_atomic;
use crate::format::png::colour_names;
use crate::image::{Image, PixelType, Pixels};

/// Offsets have 32 bits; the margin is for directories and for data that do not shrink.
const LARGEST_CLASSIC: u128 = (4 << 30) - (32 << 20);

pub(super) fn write(path: &Path, image: &Image) -> Result<(), ImageError> {
    let is_coloured = image.channel_names() == colour_names(3);
    match image.pixels() {
        Pixels::U8(array) if is_coloured => write_as::<RGB8, _>(path, image, array, true),
        Pixels::U16(array) if is_coloured => write_as::<RGB16, _>(path, image, array, true),
        Pixels::U8(array) => write_as::<Gray8, _>(path, image, array, false),
        Pixels::I8(array) => write_as::<GrayI8, _>(path, image, array, false),
        Pixels::U16(array) => write_as::<Gray16, _>(path, image, array, false),
        Pixels::I16(array) => write_as::<GrayI16, _>(path, image, array, false),
        Pixels::U32(array) => write_as::<Gray32, _>(path, image, array, false),
        Pixels::I32(array) => write_as::<GrayI32, _>(path, image, array, false),
        Pixels::U64(array) => write_as::<Gray64, _>(path, image, array, false),
        Pixels::I64(array) => write_as::<GrayI64, _>(path, image, array, false),
        Pixels::F32(array) => write_as::<Gray32Float, _>(path, image, array, false),
        Pixels::F64(array) => write_as::<Gray64Float, _>(path, image, array, false),
    }
}

fn write_as<C, T>(
    path: &Path,
    image: &Image,
    array: &ArrayD<T>,
    is_coloured: bool,
) -> Result<(), ImageError>
where
    C: ColorType<Inner = T>,
    T: PixelType,
    [T]: TiffValue,
{
    let planes = image.tczyx(array);
    let stack = Stack {
        image,
        planes,
        is_coloured,
    };
    let bytes = crate::source::bytes(T::DTYPE, image.shape());
    let refused = |error| ImageError::io(path, "write", error);
    write_atomic(path, refused, |file| {
        if bytes > LARGEST_CLASSIC {
            TiffEncoder::new_big(file).and_then(|encoder| stack.encode::<C, _, _>(encoder))
        } else {
            TiffEncoder::new(file).and_then(|encoder| stack.encode::<C, _, _>(encoder))
        }
        .map_err(|error| fault(path, error))
    })
}

/// An image about to be written.
struct Stack<'a, T> {
    image: &'a Image,
    /// In the order `T C Z Y X`.
    planes: ArrayView5<'a, T>,
    /// Whether the channels lie beside each other in each pixel.
    is_coloured: bool,
}

impl<T: PixelType> Stack<'_, T> {
    fn encode<C, W, K>(&self, encoder: TiffEncoder<W, K>) -> Result<(), TiffError>
    where
        C: ColorType<Inner = T>,
        W: Write + Seek,
        K: TiffKind,
        [T]: TiffValue,
    {
        // ImageJ undoes the predictor for 8 and 16 bits only.
        let is_small_integer = T::DTYPE.bytes() <= 2 && !T::DTYPE.is_float();
        let predictor = if is_small_integer {
            Predictor::Horizontal
        } else {
            Predictor::None
        };
        let mut encoder = encoder
            .with_compression(Compression::Deflate(DeflateLevel::Balanced))
            .with_predictor(predictor);
        let (times, channels, sections, height, width) = self.planes.dim();
        let (height, width) = (u32::try_from(height)?, u32::try_from(width)?);
        let channel_pages = if self.is_coloured { 1 } else { channels };
        for t in 0..times {
            for z in 0..sections {
                for c in 0..channel_pages {
                    let samples = self.page(t, c, z);
                    let mut page = encoder.new_image::<C>(width, height)?;
                    if [t, c, z] == [0, 0, 0] {
                        page.encoder()
                            .write_tag(Tag::ImageDescription, self.description().as_str())?;
                        let software = concat!("coverslip ", env!("CARGO_PKG_VERSION"));
                        page.encoder().write_tag(Tag::Software, software)?;
                    }
                    let size = self.image.pixel_size();
                    if let (Some(x), Some(y)) = (size.x, size.y) {
                        page.x_resolution(resolution(x));
                        page.y_resolution(resolution(y));
                    }
                    page.write_data(&samples)?;
                }
            }
        }
        Ok(())
    }

    fn page(&self, t: usize, c: usize, z: usize) -> Vec<T> {
        if self.is_coloured {
            let planes = self.planes.slice(s![t, .., z, .., ..]);
            planes.permuted_axes([1, 2, 0]).iter().copied().collect()
        } else {
            self.planes
                .slice(s![t, c, z, .., ..])
                .iter()
                .copied()
                .collect()
        }
    }

    fn description(&self) -> String {
        let [t, c, z] = [Axis::T, Axis::C, Axis::Z].map(|axis| self.image.len_of(axis));
        let c = if self.is_coloured { 1 } else { c };
        let mut lines = vec!["ImageJ=1.11a".to_owned(), format!("images={}", t * c * z)];
        let counts = [("channels", c), ("slices", z), ("frames", t)];
        lines.extend(
            counts
                .iter()
                .filter(|(_, n)| *n > 1)
                .map(|(name, n)| format!("{name}={n}")),
        );
        if t * c * z > 1 {
            lines.push("hyperstack=true".to_owned());
            lines.push(format!(
                "mode={}",
                if c > 1 { "composite" } else { "grayscale" }
            ));
        }
        let size = self.image.pixel_size();
        if size.x.is_some() && size.y.is_some() || size.z.is_some() {
            lines.push("unit=micron".to_owned());
        }
        lines.extend(size.z.map(|z| format!("spacing={z}")));
        if !self.is_coloured && !self.image.channel_names().is_empty() {
            lines.push(format!(
                "{CHANNEL_NAMES}={}",
                ascii_json(&self.image.channel_names())
            ));
        }
        lines.push("loop=false\n".to_owned());
        lines.join("\n")
    }
}

/// A JSON list with everything beyond ASCII escaped, as TIFF texts require.
fn ascii_json(names: &[&str]) -> String {
    let text = serde_json::Value::from(names).to_string();
    let mut ascii = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => {
                // Writing into a text cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// Pixels per micrometre as the fraction of 32-bit numbers that is nearest to the pixel size.
///
/// Continued fractions: each step adds the next whole part until a number grows too large.
fn resolution(micrometres: f64) -> Rational {
    let (mut n, mut d) = (1u64, 0u64);
    let (mut last_n, mut last_d) = (0u64, 1u64);
    let mut rest = micrometres;
    for _ in 0..32 {
        let whole = rest.floor();
        if !(0.0..=f64::from(u32::MAX)).contains(&whole) {
            break;
        }
        let next_n = whole as u64 * n + last_n;
        let next_d = whole as u64 * d + last_d;
        if next_n > u64::from(u32::MAX) || next_d > u64::from(u32::MAX) {
            break;
        }
        (last_n, last_d, n, d) = (n, d, next_n, next_d);
        if (n as f64 / d as f64 - micrometres).abs() <= micrometres * 1e-12 {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    // The fraction is of the size, the file wants its inverse.
    Rational {
        n: d as u32,
        d: n.max(1) as u32,
    }
}

fn fault(path: &Path, error: TiffError) -> ImageError {
    match error {
        TiffError::IoError(source) => ImageError::io(path, "write", source),
        other => ImageError::Unsupported {
            path: path.to_owned(),
            feature: format!("this image cannot be written as TIFF: {other}"),
            remedy: "write images of at least one pixel and at most 4294967295 along an axis"
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_sizes_survive_as_fractions() {
        for size in [0.25, 0.1083333, 1.0, 0.0000123, 25.4 / 3.0, 1e6, 0.325] {
            let Rational { n, d } = resolution(size);
            let back = f64::from(d) / f64::from(n);
            assert!((back - size).abs() < size * 1e-9, "{size} became {back}");
        }
    }

    #[test]
    fn names_are_ascii() {
        let names = vec!["µ \"a\"".to_owned(), "😀".to_owned()];
        let text = ascii_json(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.is_ascii());
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), names);
    }
}
