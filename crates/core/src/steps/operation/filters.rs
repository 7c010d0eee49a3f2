//! Smoothing, thresholds, morphology, edges, thinning and distances.

use coverslip_algorithms::{
    filters::{
        distance::Distance,
        edge::{Canny, CannyInteger},
        linear::{Gaussian, GaussianBlur},
        morphology::{BinaryMorphology, GrayMorphology},
        thinning::Thinning,
        threshold::{AdaptiveThreshold, Threshold},
    },
    metrics::edge::boundary,
};
use coverslip_image::{DType, Image, Pixels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{bytes, each_plane, each_volume, mask, on_samples, plane, shown},
};

type Result<T> = std::result::Result<T, OperationError>;

pub(crate) fn gaussian_blur(options: &GaussianBlur, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        Ok(match pixels {
            Pixels::U8(array) => options.apply(&plane(array)?)?.into(),
            Pixels::U16(array) => options.apply(&plane(array)?)?.into(),
            Pixels::F64(array) => options.apply(&plane(array)?)?.into(),
            other => match other.cast(DType::Float32).0 {
                Pixels::F32(array) => options.apply(&plane(&array)?)?.into(),
                other => other,
            },
        })
    })
    .map(Product::Image)
}

pub(crate) fn gaussian(options: &Gaussian, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let smooth: Pixels = on_samples!(pixels, array => options.apply(&array.view())?.into());
        Ok(smooth.cast(DType::Float32).0)
    })
    .map(Product::Image)
}

pub(crate) fn threshold(options: &Threshold, images: &[Image]) -> Result<Product> {
    // One level for the whole image, so that sections agree.
    let level = on_samples!(images[0].pixels(), array => options.level(&array.view())?);
    each_volume(&images[0], |pixels| {
        Ok(on_samples!(pixels, array => array
            .mapv(|value| if coverslip_algorithms::sample::Sample::to_f64(value) > level { 255u8 } else { 0 })
            .into()))
    })
    .map(Product::Image)
}

pub(crate) fn adaptive_threshold(options: &AdaptiveThreshold, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        Ok(options.apply(&bytes(pixels)?.view())?.into())
    })
    .map(Product::Image)
}

pub(crate) fn morphology(options: &GrayMorphology, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        Ok(match pixels {
            Pixels::U8(array) => options.apply(&plane(array)?)?.into(),
            Pixels::U16(array) => options.apply(&plane(array)?)?.into(),
            Pixels::I16(array) => options.apply(&plane(array)?)?.into(),
            other => match other.cast(DType::Float32).0 {
                Pixels::F32(array) => options.apply(&plane(&array)?)?.into(),
                other => other,
            },
        })
    })
    .map(Product::Image)
}

pub(crate) fn binary_morphology(options: &BinaryMorphology, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(shown(&options.apply(&mask(pixels)?.view())?))
    })
    .map(Product::Image)
}

pub(crate) fn thin(options: &Thinning, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        let mask = mask(pixels)?;
        Ok(shown(&options.apply(&plane(&mask)?)?.into_dyn()))
    })
    .map(Product::Image)
}

pub(crate) fn canny(options: &Canny, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        let edges = on_samples!(pixels, array => options.apply(&plane(array)?)?);
        Ok(shown(&edges.into_dyn()))
    })
    .map(Product::Image)
}

pub(crate) fn canny_integer(options: &CannyInteger, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        Ok(options.apply(&bytes(pixels)?.view())?.into())
    })
    .map(Product::Image)
}

pub(crate) fn distance(options: &Distance, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let far = options.apply(&mask(pixels)?.view())?;
        Ok(far.mapv(|distance| distance as f32).into())
    })
    .map(Product::Image)
}

/// Keeps the pixels of a mask that touch its outside: the mask minus its erosion by the cross.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Boundary {}

pub(crate) fn boundaries(_: &Boundary, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let mask = mask(pixels)?;
        Ok(shown(&boundary(&mask.view())))
    })
    .map(Product::Image)
}
