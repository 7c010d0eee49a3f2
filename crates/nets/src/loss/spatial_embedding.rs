//! The loss of EmbedSeg's spatial embeddings.

mod grid;
mod instance;

use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use grid::CoordinateGrid;
use instance::{Grid, Item};

/// EmbedSeg's loss: pixels of an object point to a common place, with a margin that the object's
/// pixels agree on, and a seediness says how well (Lalit et al. 2021; Neven et al. 2019, equations
/// 5 to 9).
///
/// Channels of the prediction: an offset for each axis (X, Y, then Z in 3D), logarithms of the margin for
/// each axis or one for all, and the seediness.
#[derive(Clone, Debug, PartialEq)]
pub struct SpatialEmbedding {
    /// The coordinates of pixels; predictions are to be clustered with the same.
    pub grid: CoordinateGrid,
    /// The weights of the terms.
    pub options: SpatialEmbeddingOptions,
}

/// The weights of the terms of [`SpatialEmbedding`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpatialEmbeddingOptions {
    /// Weight of the pixels of objects in the seediness; that of the background is 1.
    #[schemars(range(min = 0.0))]
    pub foreground_weight: f64,
    /// Weight of the Lovász hinge of the objects' masks.
    #[schemars(range(min = 0.0))]
    pub instance_weight: f64,
    /// Weight of the variance of the margins within objects.
    #[schemars(range(min = 0.0))]
    pub variance_weight: f64,
    /// Weight of the seediness.
    #[schemars(range(min = 0.0))]
    pub seed_weight: f64,
    /// Whether pixels of weight 0 are left out of the Lovász hinge too. The reference, whose exclusion
    /// mask no published run has used, lets them stay.
    pub exclude_from_masks: bool,
}

impl Default for SpatialEmbeddingOptions {
    fn default() -> Self {
        Self {
            foreground_weight: 10.0,
            instance_weight: 1.0,
            variance_weight: 10.0,
            seed_weight: 1.0,
            exclude_from_masks: false,
        }
    }
}

/// The truth of a prediction of embeddings; each tensor `[N, 1, Z, Y, X]`.
#[derive(Clone, Debug)]
pub struct EmbeddingTarget {
    /// The number of the object of each pixel, 0 for none.
    pub instances: Tensor<5>,
    /// 0 where the seediness should be 0.
    pub labels: Tensor<5>,
    /// Not 0 at the centre of each object. An object with none or several takes the mean of its pixels.
    pub centers: Tensor<5>,
    /// 0 where neither objects nor background count.
    pub weight: Option<Tensor<5>>,
}

impl SpatialEmbedding {
    /// The mean of the batch, as a tensor of one value. Computed on the processor, value and gradient in
    /// one go, whatever the device of the tensors.
    ///
    /// - `prediction`: `[N, 2 D + 1, Z, Y, X]` or `[N, D + 2, Z, Y, X]` with `D` 3, or 2 where Z is 1
    ///
    /// # Panics
    ///
    /// When the channels are neither.
    pub fn value(&self, prediction: Tensor<5>, target: &EmbeddingTarget) -> Tensor<1> {
        let [images, channels, z, y, x] = prediction.dims();
        let axes = if z == 1 { 2 } else { 3 };
        let margins = channels - axes - 1;
        assert!(
            margins == axes || margins == 1,
            "{channels} channels for {axes} axes"
        );
        let grid = Grid::new(&self.grid, [z, y, x]);
        let numbers = |tensor: &Tensor<5>| -> Vec<f32> {
            tensor.clone().detach().into_data().iter::<f32>().collect()
        };
        let values = numbers(&prediction);
        let [instances, labels, centers] =
            [&target.instances, &target.labels, &target.centers].map(numbers);
        let weight = target.weight.as_ref().map(numbers);
        let mut slopes = vec![0.0; values.len()];
        let mut total = 0.0;
        for image in 0..images {
            let pixels = image * z * y * x..(image + 1) * z * y * x;
            let range = image * channels * z * y * x..(image + 1) * channels * z * y * x;
            let item = Item {
                options: &self.options,
                grid: &grid,
                margins,
                prediction: &values[range.clone()],
                instances: &instances[pixels.clone()],
                labels: &labels[pixels.clone()],
                centers: &centers[pixels.clone()],
                weight: weight.as_ref().map(|weight| &weight[pixels.clone()]),
            };
            total += item.compute(&mut slopes[range], 1.0 / images as f64);
        }
        let like = (&prediction.device(), prediction.dtype());
        let shape = prediction.shape();
        let slopes: Vec<f32> = slopes.iter().map(|slope| *slope as f32).collect();
        let slopes = Tensor::<5>::from_data(TensorData::new(slopes, shape), like);
        // Zero, with the gradient of the loss.
        let nothing = (prediction.clone() - prediction.detach()) * slopes;
        coverslip_ops::sum(nothing).add_scalar(total / images as f64)
    }
}
