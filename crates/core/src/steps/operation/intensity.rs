//! Operations on intensities: normalisation, stains, display, reconstruction from key points.

use coverslip_algorithms::{
    exposure::{
        histogram::display_range,
        normalize::{Macenko, Normalization},
    },
    methods::keypoint::{Reconstruction, reconstruct},
};
use coverslip_image::{Axis, Image, Pixels};
use ndarray::{Array3, ArrayD, Ix3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{each, each_plane, mask, on_samples, plane},
};
use coverslip_algorithms::AlgorithmError;

type Result<T> = std::result::Result<T, OperationError>;

/// Any normalisation, of each time point by itself.
pub(crate) fn normalized(method: &Normalization, image: &Image) -> Result<Product> {
    each(image, &[Axis::C, Axis::Z, Axis::Y, Axis::X], |pixels| {
        let mut values: ArrayD<f32> = pixels.to_f32();
        let has_channels = image.axes().contains(Axis::C);
        if !has_channels {
            values.insert_axis_inplace(ndarray::Axis(0));
        }
        method
            .fit_channels(&values.view())?
            .apply(&mut values.view_mut())?;
        if !has_channels {
            values.index_axis_inplace(ndarray::Axis(0), 0);
        }
        Ok(values.into())
    })
    .map(Product::Image)
}

/// Brings images of tissue stained with hematoxylin and eosin to the same colours (Macenko 2009).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stains {
    /// Which image is written.
    pub(crate) output: StainImage,
    /// The options of the method.
    pub(crate) method: Macenko,
}

/// An image of Macenko's method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StainImage {
    /// Both stains at the reference's strength.
    #[default]
    Normalized,
    /// Hematoxylin alone.
    Hematoxylin,
    /// Eosin alone.
    Eosin,
}

impl StainImage {
    /// The image, `[3, Y, X]`.
    pub(crate) fn of(
        self,
        stains: &coverslip_algorithms::exposure::normalize::Stains,
    ) -> Array3<u8> {
        match self {
            Self::Normalized => stains.normalized(),
            Self::Hematoxylin => stains.hematoxylin(),
            Self::Eosin => stains.eosin(),
        }
    }
}

impl Default for Stains {
    fn default() -> Self {
        Self {
            output: StainImage::Normalized,
            method: Macenko::default(),
        }
    }
}

pub(crate) fn stains(options: &Stains, images: &[Image]) -> Result<Product> {
    each(&images[0], &[Axis::C, Axis::Y, Axis::X], |pixels| {
        let Pixels::U8(array) = pixels else {
            return Err(AlgorithmError::SampleType {
                what: "the image",
                got: pixels.dtype(),
                expected: "uint8, red, green and blue",
            }
            .into());
        };
        let colours =
            array
                .view()
                .into_dimensionality::<Ix3>()
                .map_err(|_| AlgorithmError::Rank {
                    what: "the image",
                    got: array.ndim(),
                    expected: "3 (red, green and blue; Y; X)",
                })?;
        // Without tissue the image stays as it is.
        let Ok(stains) = options.method.separate(&colours)? else {
            return Ok(pixels.clone());
        };
        Ok(options.output.of(&stains).into())
    })
    .map(Product::Image)
}

/// Maps the display range of ImageJ's "auto" button to 8 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Autoscale {}

pub(crate) fn autoscaled(_: &Autoscale, images: &[Image]) -> Result<Product> {
    each(
        &images[0],
        &[Axis::T, Axis::Z, Axis::Y, Axis::X],
        |pixels| {
            let [low, high] = on_samples!(pixels, array => display_range(&array.view())?);
            let width = if high > low { high - low } else { 1.0 };
            Ok(on_samples!(pixels, array => array
            .mapv(|value| {
                let value = coverslip_algorithms::sample::Sample::to_f64(value);
                ((value - low) / width * 255.0).round_ties_even().clamp(0.0, 255.0) as u8
            })
            .into()))
        },
    )
    .map(Product::Image)
}

pub(crate) fn reconstructed(options: &Reconstruction, images: &[Image]) -> Result<Product> {
    each_plane(&images[0], |pixels| {
        let mask = mask(pixels)?;
        let image = reconstruct(&plane(&mask)?, options)?;
        Ok(image.mapv(|value| value as f32).into())
    })
    .map(Product::Image)
}
