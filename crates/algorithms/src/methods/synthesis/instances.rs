//! Channels to instances.

use ndarray::{Array, ArrayView, Axis, RemoveAxis};

use crate::AlgorithmError;
use crate::measure::components::connected_components;

/// Instances on channels.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceLayers<D: ndarray::Dimension> {
    /// The ids, channel first; overlaps across channels are kept. 0 is background.
    pub labels: Array<u32, D>,
    /// Number of instances.
    pub count: u32,
}

/// The components of each channel (the first axis), numbered on through the channels.
///
/// # Errors
/// Those of [`connected_components`], and [`AlgorithmError::TooManyComponents`].
pub fn layers_to_instances<D: RemoveAxis>(
    layers: &ArrayView<'_, bool, D>,
    connectivity: usize,
) -> Result<InstanceLayers<D>, AlgorithmError> {
    let mut labels = Array::zeros(layers.raw_dim());
    let mut count = 0_u32;
    for (layer, mut ids) in layers.outer_iter().zip(labels.axis_iter_mut(Axis(0))) {
        let found = connected_components(&layer, connectivity)?;
        let total = count.checked_add(found.count);
        let total = total.ok_or(AlgorithmError::TooManyComponents)?;
        ids.zip_mut_with(&found.labels, |id, &label| {
            *id = if label == 0 { 0 } else { label + count };
        });
        count = total;
    }
    Ok(InstanceLayers { labels, count })
}
