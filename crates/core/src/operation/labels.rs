//! Masks and labels.

use coverslip_image::{
    AlgorithmError, Axis, Image, Pixels,
    components::{
        ComponentOrder, connected_components, connected_components_within, largest_components,
    },
    distance::Distance,
    labels::{
        SizeMode, clear_border, fill_holes, fill_label_holes, fill_small_holes, relabel_sequential,
        remove_isolated_pixels, remove_small_objects,
    },
    peaks::PeakLocalMax,
    synthesis::layers_to_instances,
    watershed::Watershed,
};
use ndarray::{ArrayD, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{each, each_volume, labels_of, mask, on_samples, shown},
};

type Result<T> = std::result::Result<T, OperationError>;

/// The samples as labels.
fn as_labels(pixels: &Pixels) -> Result<ArrayD<u32>> {
    let (cast, clipped) = pixels.cast(coverslip_image::DType::UInt32);
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

/// Numbers connected pixels: of one value, or of values that differ little.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Label {
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
    /// Neighbours join if their values differ by at most this.
    #[schemars(range(min = 0.0))]
    pub(super) delta: f64,
}

impl Default for Label {
    fn default() -> Self {
        Self {
            connectivity: 1,
            delta: 0.0,
        }
    }
}

pub(super) fn label(options: &Label, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let labels = on_samples!(pixels, array => if options.delta == 0.0 {
            connected_components(&array.view(), options.connectivity)?.labels
        } else {
            connected_components_within(&array.view(), options.connectivity, options.delta)?.labels
        });
        Ok(labels_of(labels))
    })
    .map(Product::Image)
}

/// Keeps the largest connected groups and numbers them from the largest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Largest {
    /// How many groups are kept.
    #[schemars(range(min = 1))]
    pub(super) count: usize,
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
}

impl Default for Largest {
    fn default() -> Self {
        Self {
            count: 1,
            connectivity: 1,
        }
    }
}

pub(super) fn largest(options: &Largest, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let (count, connectivity) = (options.count, options.connectivity);
        let order = ComponentOrder::default();
        let found = on_samples!(pixels, array => {
            largest_components(&array.view(), connectivity, count, order)?
        });
        Ok(labels_of(found.components.labels))
    })
    .map(Product::Image)
}

/// Removes connected groups with few pixels from a mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Small {
    /// Groups with fewer pixels than this go.
    pub(super) min_size: usize,
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
    /// Whether sizes are volumes, or counted section by section.
    pub(super) mode: SizeMode,
}

impl Default for Small {
    fn default() -> Self {
        Self {
            min_size: 64,
            connectivity: 1,
            mode: SizeMode::Volume,
        }
    }
}

pub(super) fn remove_small(options: &Small, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let mask = mask(pixels)?;
        let kept = remove_small_objects(
            &mask.view(),
            options.min_size,
            options.connectivity,
            options.mode,
        )?;
        Ok(shown(&kept))
    })
    .map(Product::Image)
}

/// Fills holes of a mask, or of each label of a label map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Holes {
    /// How many axes two neighbours of the background may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
    /// Only holes with fewer pixels, those at the border included; left out, all that do not touch
    /// the border.
    pub(super) area: Option<usize>,
    /// Whether the image is a label map whose labels are filled one by one.
    pub(super) labels: bool,
}

impl Default for Holes {
    fn default() -> Self {
        Self {
            connectivity: 1,
            area: None,
            labels: false,
        }
    }
}

pub(super) fn holes(options: &Holes, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        if options.labels {
            return Ok(labels_of(fill_label_holes(&as_labels(pixels)?.view())?));
        }
        let mask = mask(pixels)?;
        Ok(shown(&match options.area {
            Some(area) => fill_small_holes(&mask.view(), area, options.connectivity)?,
            None => fill_holes(&mask.view(), options.connectivity)?,
        }))
    })
    .map(Product::Image)
}

/// Removes labels that touch the border of the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Border {
    /// How many pixels more than the outermost the border has.
    pub(super) buffer: usize,
}

pub(super) fn border(options: &Border, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(labels_of(clear_border(
            &as_labels(pixels)?.view(),
            options.buffer,
        )))
    })
    .map(Product::Image)
}

/// Numbers labels 1, 2, 3 in their order, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Relabel {}

pub(super) fn relabel(_: &Relabel, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(labels_of(relabel_sequential(&as_labels(pixels)?.view()).0))
    })
    .map(Product::Image)
}

/// Removes single pixels and thin spurs from each label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Isolated {}

pub(super) fn isolated(_: &Isolated, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(labels_of(remove_isolated_pixels(
            &as_labels(pixels)?.view(),
        )))
    })
    .map(Product::Image)
}

pub(super) fn watershed(options: &Watershed, images: &[Image]) -> Result<Product> {
    let markers = as_labels(images[1].pixels())?;
    let relief = images[0].pixels();
    let flooded =
        on_samples!(relief, array => options.apply(&array.view(), &markers.view(), None)?);
    Ok(Product::Image(
        Image::new(labels_of(flooded), images[0].axes().clone())?
            .with_pixel_size(images[0].pixel_size()),
    ))
}

/// Splits touching objects of a mask at their waists: watershed of the distance to the background
/// from its peaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Split {
    /// The least distance in pixels between the middles of two objects.
    #[schemars(range(min = 1))]
    pub(super) min_distance: usize,
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            min_distance: 5,
            connectivity: 1,
        }
    }
}

pub(super) fn split(options: &Split, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        let mask = mask(pixels)?;
        let mut distance = Distance::default().apply(&mask.view())?;
        // Without background everything is one object.
        distance.mapv_inplace(|value| if value.is_finite() { value } else { 0.0 });
        let peaks = PeakLocalMax {
            min_distance: options.min_distance,
            exclude_border: Some(0),
            ..PeakLocalMax::default()
        };
        let mut markers = ArrayD::<u32>::zeros(mask.raw_dim());
        for (index, peak) in peaks.apply(&distance.view())?.iter().enumerate() {
            markers[peak.as_slice()] = index as u32 + 1;
        }
        let watershed = Watershed {
            connectivity: options.connectivity,
            ..Watershed::default()
        };
        let relief = distance.mapv(|value| -value);
        let mut flooded = watershed.apply(&relief.view(), &markers.view(), Some(&mask.view()))?;
        Zip::from(&mut flooded)
            .and(&mask)
            .for_each(|label, &inside| {
                if !inside {
                    *label = 0;
                }
            });
        Ok(labels_of(flooded))
    })
    .map(Product::Image)
}

/// Numbers the objects of an image that holds them on several channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Layers {
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub(super) connectivity: usize,
}

impl Default for Layers {
    fn default() -> Self {
        Self { connectivity: 2 }
    }
}

pub(super) fn layers(options: &Layers, images: &[Image]) -> Result<Product> {
    each(
        &images[0],
        &[Axis::C, Axis::Z, Axis::Y, Axis::X],
        |pixels| {
            let mut layers = mask(pixels)?;
            let has_channels = images[0].axes().contains(Axis::C);
            if !has_channels {
                layers.insert_axis_inplace(ndarray::Axis(0));
            }
            let mut labels = layers_to_instances(&layers.view(), options.connectivity)?.labels;
            if !has_channels {
                labels.index_axis_inplace(ndarray::Axis(0), 0);
            }
            Ok(labels_of(labels))
        },
    )
    .map(Product::Image)
}
