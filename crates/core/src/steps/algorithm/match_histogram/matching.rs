//! Images of any sample type matched to a reference, channel by channel.

use std::cell::{Cell, RefCell};

use coverslip_algorithms::exposure::histogram::{Distribution, match_histogram};
use coverslip_image::{Axis, Image, ImageError, Pixels};
use ndarray::ArrayD;

use crate::steps::operation::{
    OperationError, Product,
    parts::{each, on_samples, only_channel},
};

type Result<T> = std::result::Result<T, OperationError>;

/// Channels are all there is outside of time, sections, rows and columns.
const OF_A_CHANNEL: [Axis; 4] = [Axis::T, Axis::Z, Axis::Y, Axis::X];

/// Gives an image the distributions of a reference image, of its channels `selected`, or all.
pub(super) fn to_image(
    image: &Image,
    reference: &Image,
    selected: Option<&[usize]>,
) -> Result<Product> {
    let references: Vec<Pixels> = match selected {
        Some(channels) => channels
            .iter()
            .map(|&channel| Ok(only_channel(reference, channel)?.into_pixels()))
            .collect::<Result<_>>()?,
        None => split_channels(reference)?,
    };
    same_channels(image, reference, references.len())?;
    each_channel(image, |channel, pixels| {
        let reference = &references[channel];
        let matched: ArrayD<f64> = on_samples!(pixels, array => {
            on_samples!(reference, template => match_histogram(&array.view(), &template.view())?)
        });
        Ok(matched)
    })
}

/// Gives an image distributions, one for each channel.
pub(super) fn to_distributions(image: &Image, distributions: &[Distribution]) -> Result<Product> {
    same_channels(image, image, distributions.len())?;
    each_channel(image, |channel, pixels| {
        let reference = &distributions[channel];
        Ok(on_samples!(pixels, array => reference.matched(&array.view())?))
    })
}

fn each_channel(
    image: &Image,
    matched: impl Fn(usize, &Pixels) -> Result<ArrayD<f64>>,
) -> Result<Product> {
    let number = Cell::new(0);
    each(image, &OF_A_CHANNEL, |pixels| {
        let matched = matched(number.replace(number.get() + 1), pixels)?;
        Ok(Pixels::from(matched).cast(pixels.dtype()).0)
    })
    .map(Product::Image)
}

fn same_channels(image: &Image, reference: &Image, found: usize) -> Result<()> {
    let channels = image.len_of(Axis::C);
    if found == channels {
        return Ok(());
    }
    let problem = if std::ptr::eq(image, reference) {
        format!("has {channels} channels, but its reference {found}")
    } else {
        format!("has {found} channels, but the image that is matched to it has {channels}")
    };
    Err(ImageError::Unsuitable {
        path: reference.path().map(Into::into),
        problem,
        remedy: "give a reference with the same channels".to_owned(),
    }
    .into())
}

fn split_channels(image: &Image) -> Result<Vec<Pixels>> {
    let parts = RefCell::new(Vec::new());
    each(image, &OF_A_CHANNEL, |pixels| {
        parts.borrow_mut().push(pixels.clone());
        Ok(pixels.clone())
    })?;
    Ok(parts.into_inner())
}
