//! Operations on planes and volumes, applied to images with more axes.

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{Axes, Axis, DType, Image, ImageError, Pixels};
use ndarray::{Array2, ArrayD, Axis as Dimension, Ix2, Slice};

use super::OperationError;

/// Evaluates one expression for the array of any sample type.
macro_rules! on_samples {
    ($pixels:expr, $array:ident => $body:expr) => {
        match $pixels {
            coverslip_image::Pixels::U8($array) => $body,
            coverslip_image::Pixels::I8($array) => $body,
            coverslip_image::Pixels::U16($array) => $body,
            coverslip_image::Pixels::I16($array) => $body,
            coverslip_image::Pixels::U32($array) => $body,
            coverslip_image::Pixels::I32($array) => $body,
            coverslip_image::Pixels::U64($array) => $body,
            coverslip_image::Pixels::I64($array) => $body,
            coverslip_image::Pixels::F32($array) => $body,
            coverslip_image::Pixels::F64($array) => $body,
            other => {
                return Err(coverslip_algorithms::AlgorithmError::SampleType {
                    what: "the image",
                    got: other.dtype(),
                    expected: "a known type",
                }
                .into())
            }
        }
    };
}
pub(crate) use on_samples;

/// Applies `change` to every plane `Y X`.
pub(crate) fn each_plane(
    image: &Image,
    change: impl Fn(&Pixels) -> Result<Pixels, OperationError>,
) -> Result<Image, OperationError> {
    each(image, &[Axis::Y, Axis::X], change)
}

/// Applies `change` to every volume `Z Y X`, or plane `Y X` of an image without sections.
pub(crate) fn each_volume(
    image: &Image,
    change: impl Fn(&Pixels) -> Result<Pixels, OperationError>,
) -> Result<Image, OperationError> {
    each(image, &[Axis::Z, Axis::Y, Axis::X], change)
}

/// A plane of a known sample type.
pub(crate) fn plane<T>(array: &ArrayD<T>) -> Result<ndarray::ArrayView2<'_, T>, OperationError> {
    array.view().into_dimensionality::<Ix2>().map_err(|_| {
        AlgorithmError::Rank {
            what: "the plane",
            got: array.ndim(),
            expected: "2 (Y X)",
        }
        .into()
    })
}

/// The plane of an image that has only one.
pub(crate) fn only_plane(image: &Image) -> Result<Pixels, OperationError> {
    for axis in [Axis::T, Axis::C, Axis::Z] {
        let length = image.len_of(axis);
        if length > 1 {
            return Err(ImageError::Unsuitable {
                path: image.path().map(Into::into),
                problem: format!("has {length} positions along {axis}; one plane is expected"),
                remedy: format!("crop it first: `coverslip convert IN OUT --crop {axis}=0`"),
            }
            .into());
        }
    }
    Ok(on_samples!(image.pixels().clone(), array => {
        let mut array = array;
        while array.ndim() > 2 {
            array.index_axis_inplace(Dimension(0), 0);
        }
        array.into()
    }))
}

/// Samples above 0, as a mask.
pub(crate) fn mask(pixels: &Pixels) -> Result<ArrayD<bool>, OperationError> {
    Ok(on_samples!(pixels, array => array
        .mapv(|value| coverslip_algorithms::sample::Sample::to_f64(value) != 0.0)))
}

/// The samples as labels.
pub(crate) fn as_labels(pixels: &Pixels) -> Result<ArrayD<u32>, OperationError> {
    let (cast, clipped) = pixels.cast(DType::UInt32);
    match cast {
        Pixels::U32(labels) if clipped == 0 => Ok(labels),
        _ => Err(AlgorithmError::SampleType {
            what: "the label map",
            got: pixels.dtype(),
            expected: "whole numbers from 0 to 4294967295",
        }
        .into()),
    }
}

/// One channel of an image, from 0, as an image without channels.
pub(crate) fn only_channel(image: &Image, channel: usize) -> Result<Image, OperationError> {
    let channels = image.len_of(Axis::C);
    if channel >= channels {
        return Err(AlgorithmError::Parameter {
            name: "channel",
            got: channel.to_string(),
            expected: format!("below {channels}, the number of channels of the image"),
        }
        .into());
    }
    let Some(position) = image.axes().position(Axis::C) else {
        return Ok(image.clone());
    };
    let pixels: Pixels = on_samples!(image.pixels(), array => {
        array.index_axis(Dimension(position), channel).to_owned().into()
    });
    let others: Vec<Axis> = image
        .axes()
        .iter()
        .filter(|&axis| axis != Axis::C)
        .collect();
    let axes = Axes::new(&others).unwrap_or_else(|| image.axes().clone());
    Ok(Image::new(pixels, axes)?.with_pixel_size(image.pixel_size()))
}

/// 255 inside, 0 outside.
pub(crate) fn shown(mask: &ArrayD<bool>) -> Pixels {
    mask.mapv(|inside| if inside { 255u8 } else { 0 }).into()
}

/// Labels of the smallest of 16 and 32 bits.
pub(crate) fn labels_of(labels: ArrayD<u32>) -> Pixels {
    if labels.iter().all(|&label| u16::try_from(label).is_ok()) {
        labels.mapv(|label| label as u16).into()
    } else {
        labels.into()
    }
}

/// A plane of 8 bits.
pub(crate) fn bytes(pixels: &Pixels) -> Result<Array2<u8>, OperationError> {
    match pixels {
        Pixels::U8(array) => Ok(plane(array)?.to_owned()),
        other => Err(AlgorithmError::SampleType {
            what: "the image",
            got: other.dtype(),
            expected: "uint8; convert it with `coverslip convert --dtype u8 --range LOW,HIGH`",
        }
        .into()),
    }
}

/// Applies `change` to every part along the axes `inner`, those of them that the image has; the
/// other axes become the slowest ones of the result.
pub(crate) fn each(
    image: &Image,
    inner: &[Axis],
    change: impl Fn(&Pixels) -> Result<Pixels, OperationError>,
) -> Result<Image, OperationError> {
    let axes: Vec<Axis> = image.axes().iter().collect();
    // The axes that the change is about go last, in their order.
    let kept: Vec<Axis> = inner
        .iter()
        .copied()
        .filter(|axis| axes.contains(axis))
        .collect();
    let outer: Vec<Axis> = axes
        .iter()
        .copied()
        .filter(|axis| !kept.contains(axis))
        .collect();
    let order: Vec<usize> = outer
        .iter()
        .chain(&kept)
        .filter_map(|axis| image.axes().position(*axis))
        .collect();
    let counts: Vec<usize> = outer.iter().map(|&axis| image.len_of(axis)).collect();
    let total: usize = counts.iter().product();
    let mut changed: Option<Pixels> = None;
    for number in 0..total {
        let mut place = vec![0; counts.len()];
        let mut rest = number;
        for position in (0..counts.len()).rev() {
            place[position] = rest % counts[position];
            rest /= counts[position];
        }
        let part = part(image.pixels(), &order, &place)?;
        let part = change(&part)?;
        let shape = [counts.clone(), part.shape().to_vec()].concat();
        let whole = changed.get_or_insert_with(|| Pixels::zeros(part.dtype(), &shape));
        let part: Pixels = on_samples!(part, array => {
            let mut array = array;
            for _ in 0..place.len() {
                array.insert_axis_inplace(Dimension(0));
            }
            array.into()
        });
        let (part, _) = part.cast(whole.dtype());
        let origin = [place, vec![0; shape.len() - counts.len()]].concat();
        whole.paste(&origin, &part).ok_or(AlgorithmError::Empty {
            what: "a part of the image",
        })?;
    }
    let pixels = changed.ok_or(AlgorithmError::Empty { what: "the image" })?;
    let names: Vec<Axis> = outer.into_iter().chain(kept).collect();
    let names = Axes::new(&names).unwrap_or_else(|| image.axes().clone());
    let result = Image::new(pixels, names)?.with_metadata(image.metadata().clone())?;
    Ok(match image.path() {
        Some(path) => result.with_path(path),
        None => result,
    })
}

/// One plane or volume.
fn part(pixels: &Pixels, order: &[usize], place: &[usize]) -> Result<Pixels, OperationError> {
    Ok(on_samples!(pixels, array => {
        let mut view = array.view().permuted_axes(order.to_vec());
        for &index in place {
            view.slice_axis_inplace(Dimension(0), Slice::from(index..=index));
            view.index_axis_inplace(Dimension(0), 0);
        }
        view.as_standard_layout().into_owned().into()
    }))
}
