//! Writing PNG files.

use std::path::Path;

use ndarray::{ArrayD, s};
use png::{BitDepth, ColorType, EncodingError};

use crate::axes::Axis;
use crate::error::ImageError;
use crate::files::write_atomic;
use crate::image::{Image, Pixels};

pub(super) fn write(path: &Path, image: &Image) -> Result<(), ImageError> {
    for axis in [Axis::T, Axis::Z] {
        if image.len_of(axis) > 1 {
            let length = image.len_of(axis);
            return Err(unsupported(
                path,
                format!("PNG holds one plane, the image has {length} along {axis}"),
            ));
        }
    }
    let colour = colour(path, image.len_of(Axis::C))?;
    let (bytes, depth) = match image.pixels() {
        Pixels::U8(array) => (interleave(image, array, |value| [value]), BitDepth::Eight),
        Pixels::U16(array) => (
            interleave(image, array, u16::to_be_bytes),
            BitDepth::Sixteen,
        ),
        other => {
            let dtype = other.dtype();
            return Err(unsupported(
                path,
                format!("PNG holds uint8 and uint16, the image is {dtype}"),
            ));
        }
    };
    let [width, height] = [image.len_of(Axis::X), image.len_of(Axis::Y)];
    let (Ok(width), Ok(height)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(unsupported(
            path,
            format!("an image of {width} x {height} is too large for PNG"),
        ));
    };
    let refused = |error| ImageError::io(path, "write", error);
    write_atomic(path, refused, |file| {
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        let mut writer = encoder.write_header().map_err(|error| fault(path, error))?;
        writer
            .write_image_data(&bytes)
            .map_err(|error| fault(path, error))?;
        writer.finish().map_err(|error| fault(path, error))
    })
}

fn colour(path: &Path, channels: usize) -> Result<ColorType, ImageError> {
    match channels {
        1 => Ok(ColorType::Grayscale),
        2 => Ok(ColorType::GrayscaleAlpha),
        3 => Ok(ColorType::Rgb),
        4 => Ok(ColorType::Rgba),
        _ => Err(unsupported(
            path,
            format!("PNG holds at most 4 channels, the image has {channels}"),
        )),
    }
}

/// The samples row by row with the channels of a pixel beside each other, as bytes.
fn interleave<T: Copy, const N: usize>(
    image: &Image,
    array: &ArrayD<T>,
    to_bytes: impl Fn(T) -> [u8; N],
) -> Vec<u8> {
    let planes = image.tczyx(array);
    let pixels = planes.slice(s![0, .., 0, .., ..]).permuted_axes([1, 2, 0]);
    pixels.iter().flat_map(|&sample| to_bytes(sample)).collect()
}

fn unsupported(path: &Path, feature: String) -> ImageError {
    ImageError::Unsupported {
        path: path.to_owned(),
        feature,
        remedy: "write the image as .tif".to_owned(),
    }
}

fn fault(path: &Path, error: EncodingError) -> ImageError {
    match error {
        EncodingError::IoError(source) => ImageError::io(path, "write", source),
        other => ImageError::Unsupported {
            path: path.to_owned(),
            feature: other.to_string(),
            remedy: "write the image as .tif".to_owned(),
        },
    }
}
