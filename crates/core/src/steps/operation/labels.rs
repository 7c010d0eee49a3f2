//! Operations on masks and labels.

use std::collections::BTreeMap;

use coverslip_algorithms::{
    filters::distance::Distance,
    measure::{
        components::{ComponentOrder, largest_components},
        labels::{clear_border, relabel_sequential, remove_isolated_pixels},
    },
    methods::synthesis::{
        LayeringOptions, PlacedMask, layer_masks, layers_to_instances, shuffled_orders,
    },
    segmentation::{peaks::PeakLocalMax, watershed::Watershed},
};
use coverslip_image::{Axes, Axis, Image};
use ndarray::{Array2, ArrayD, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{as_labels, each, each_volume, labels_of, mask, on_samples, only_plane, shown},
};
use crate::base::random::stream;

type Result<T> = std::result::Result<T, OperationError>;

/// Keeps the largest connected groups and numbers them from the largest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Largest {
    /// How many groups are kept.
    #[schemars(range(min = 1))]
    pub(crate) count: usize,
    /// Pixel connectivity, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub(crate) connectivity: usize,
}

impl Default for Largest {
    fn default() -> Self {
        Self {
            count: 1,
            connectivity: 1,
        }
    }
}

pub(crate) fn largest(options: &Largest, images: &[Image]) -> Result<Product> {
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

/// Removes labels that touch the border of the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Border {
    /// How many pixels more than the outermost the border has.
    pub(crate) buffer: usize,
}

pub(crate) fn border(options: &Border, images: &[Image]) -> Result<Product> {
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
pub(crate) struct Relabel {}

pub(crate) fn relabel(_: &Relabel, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(labels_of(relabel_sequential(&as_labels(pixels)?.view()).0))
    })
    .map(Product::Image)
}

/// Removes single pixels and thin spurs from each label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Isolated {}

pub(crate) fn isolated(_: &Isolated, images: &[Image]) -> Result<Product> {
    each_volume(&images[0], |pixels| {
        Ok(labels_of(remove_isolated_pixels(
            &as_labels(pixels)?.view(),
        )))
    })
    .map(Product::Image)
}

/// Splits touching objects of a mask at their waists: watershed of the distance to the background
/// from its peaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Split {
    /// The least distance in pixels between the middles of two objects.
    #[schemars(range(min = 1))]
    pub(crate) min_distance: usize,
    /// Pixel connectivity, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub(crate) connectivity: usize,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            min_distance: 5,
            connectivity: 1,
        }
    }
}

pub(crate) fn split(options: &Split, images: &[Image]) -> Result<Product> {
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
pub(crate) struct Layers {
    /// Pixel connectivity, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub(crate) connectivity: usize,
}

impl Default for Layers {
    fn default() -> Self {
        Self { connectivity: 2 }
    }
}

pub(crate) fn layers(options: &Layers, images: &[Image]) -> Result<Product> {
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

/// Arranges objects on channels so that those of one channel keep a gap: what `layers_to_instances`
/// takes apart, and the nuclei GAN of masks works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ToLayers {
    /// Number of channels.
    #[schemars(range(min = 1, max = 256))]
    pub(crate) channels: usize,
    /// Least number of background pixels between two objects of a channel, diagonals included.
    pub(crate) gap: usize,
    /// Most objects of each channel; left out, any number.
    pub(crate) capacities: Option<Vec<usize>>,
    /// Orders of the objects that are tried: by label, then random ones.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) attempts: usize,
    /// Drives the random orders.
    pub(crate) seed: u64,
}

impl Default for ToLayers {
    fn default() -> Self {
        let LayeringOptions {
            channels,
            gap,
            capacities,
            ..
        } = LayeringOptions::default();
        Self {
            channels,
            gap,
            capacities,
            attempts: 100,
            seed: 0,
        }
    }
}

pub(crate) fn to_layers(options: &ToLayers, images: &[Image]) -> Result<Product> {
    let labels = as_labels(&only_plane(&images[0])?)?;
    let (height, width) = (labels.shape()[0], labels.shape()[1]);
    let masks = placed_masks(&labels);
    let mut random = stream(options.seed, "orders of layers", 0);
    let orders = shuffled_orders(masks.len(), options.attempts.max(1), &mut random);
    let layering = layer_masks(
        &masks,
        [height, width],
        &orders,
        &LayeringOptions {
            channels: options.channels,
            gap: options.gap,
            capacities: options.capacities.clone(),
            clip: false,
        },
    )?;
    let axes = Axes::canonical(|axis| matches!(axis, Axis::C | Axis::Y | Axis::X));
    let layers = Image::new(shown(&layering.layers.into_dyn()), axes)?;
    Ok(Product::Image(
        layers.with_pixel_size(images[0].pixel_size()),
    ))
}

/// The objects of a label map `Y X`, by ascending label.
fn placed_masks(labels: &ArrayD<u32>) -> Vec<PlacedMask> {
    let mut bounds: BTreeMap<u32, [usize; 4]> = BTreeMap::new();
    for (place, &label) in labels.indexed_iter().filter(|&(_, &label)| label > 0) {
        let (y, x) = (place[0], place[1]);
        let [top, left, bottom, right] = bounds.entry(label).or_insert([y, x, y, x]);
        (*top, *left) = ((*top).min(y), (*left).min(x));
        (*bottom, *right) = ((*bottom).max(y), (*right).max(x));
    }
    let mask = |(label, [top, left, bottom, right]): (u32, [usize; 4])| PlacedMask {
        mask: Array2::from_shape_fn((bottom + 1 - top, right + 1 - left), |(y, x)| {
            labels[[top + y, left + x]] == label
        }),
        top_left: [top as i64, left as i64],
    };
    bounds.into_iter().map(mask).collect()
}
