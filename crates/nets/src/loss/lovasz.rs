//! The Lovász-softmax and Lovász hinge losses.

use burn::tensor::{Tensor, TensorData, activation::relu};
use coverslip_ops::{mean, softmax, sum};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, Target};

/// Lovász-softmax: the Jaccard index of each class, extended to probabilities so that it has a
/// gradient (Berman et al. 2018). The mean over all classes, also those that are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LovaszSoftmax {
    /// Whether each image is sorted by itself rather than the whole batch at once.
    pub per_image: bool,
}

impl Loss for LovaszSoftmax {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let classes = output.dims()[1];
        let truth = target.indicators(classes);
        let p = softmax(output);
        // |t - p|, whose gradient has no corner.
        let errors = truth.clone() + p.clone() - (truth.clone() * p).mul_scalar(2.0);
        of_errors(errors, truth, target.weight.as_ref(), self.per_image)
    }
}

/// Lovász hinge: the Jaccard index of each channel by the hinge `max(0, 1 - x s)` of its scores `x`,
/// with `s` 1 inside and -1 outside (Yu and Blaschko 2015). For one class, or classes that overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LovaszHinge {
    /// Whether each image is sorted by itself rather than the whole batch at once.
    pub per_image: bool,
}

impl Default for LovaszHinge {
    fn default() -> Self {
        Self { per_image: true }
    }
}

impl Loss for LovaszHinge {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let truth = target.indicators(output.dims()[1]);
        let signs = truth.clone().mul_scalar(2.0).sub_scalar(1.0);
        let errors = (output * signs).neg().add_scalar(1.0);
        of_errors(errors, truth, target.weight.as_ref(), self.per_image)
    }
}

/// The mean over images (or the batch) and classes of the extended Jaccard loss of `errors`.
fn of_errors(
    errors: Tensor<5>,
    truth: Tensor<5>,
    weight: Option<&Tensor<5>>,
    per_image: bool,
) -> Tensor<1> {
    let [n, classes, z, y, x] = errors.dims();
    let shape = errors.dims();
    let rows = |values: Tensor<5>| -> Tensor<2> {
        let values: Tensor<5> = values.expand(shape);
        if per_image {
            values.reshape([n * classes, z * y * x])
        } else {
            values.swap_dims(0, 1).reshape([classes, n * z * y * x])
        }
    };
    let errors = rows(errors);
    let weight = weight.map(|weight| numbers(rows(weight.clone())));
    let slopes = slopes(
        &numbers(errors.clone()),
        &numbers(rows(truth)),
        weight.as_deref(),
        errors.dims()[1],
    );
    let slopes = TensorData::new(slopes, errors.shape());
    let slopes = Tensor::from_data(slopes, (&errors.device(), errors.dtype()));
    let groups = errors.dims()[0];
    if groups == 0 {
        return mean(errors);
    }
    sum(relu(errors) * slopes).div_scalar(groups as f64)
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.detach().into_data().iter::<f32>().collect()
}

/// [`jaccard_slopes`] of each row of `length` pixels.
fn slopes(errors: &[f32], truth: &[f32], weight: Option<&[f32]>, length: usize) -> Vec<f32> {
    let mut slopes = vec![0.0; errors.len()];
    let length = length.max(1);
    let rows = slopes.par_chunks_mut(length).enumerate();
    rows.for_each(|(row, slopes)| {
        let at = row * length..row * length + slopes.len();
        let weight = |pixel: usize| weight.map_or(1.0, |all| f64::from(all[at.start + pixel]));
        let (errors, truth) = (&errors[at.clone()], &truth[at.clone()]);
        jaccard_slopes(
            errors.len(),
            |pixel| f64::from(errors[pixel]),
            |pixel| (f64::from(truth[pixel]), weight(pixel)),
            |pixel, slope| slopes[pixel] = slope as f32,
        );
    });
    slopes
}

/// The gradient of the Lovász extension of the Jaccard loss by the errors of `pixels` pixels (Berman et
/// al. 2018, algorithm 1), for those whose error is positive; the others' errors are cut off at 0.
///
/// `truth` gives whether a pixel is inside, 0 or 1, and its weight.
pub(super) fn jaccard_slopes(
    pixels: usize,
    error: impl Fn(usize) -> f64,
    truth: impl Fn(usize) -> (f64, f64),
    mut set: impl FnMut(usize, f64),
) {
    let inside: f64 = (0..pixels)
        .map(|pixel| {
            let (inside, weight) = truth(pixel);
            inside * weight
        })
        .sum();
    let mut order: Vec<(f64, usize)> = (0..pixels)
        .map(|pixel| (error(pixel), pixel))
        .filter(|(error, _)| *error > 0.0)
        .collect();
    order.sort_by(|first, second| second.0.total_cmp(&first.0));
    let (mut intersection, mut union, mut last) = (inside, inside, 0.0);
    for (_, pixel) in order {
        let (is_inside, weight) = truth(pixel);
        intersection -= is_inside * weight;
        union += (1.0 - is_inside) * weight;
        let loss = if union == 0.0 {
            0.0
        } else {
            1.0 - intersection / union
        };
        set(pixel, loss - last);
        last = loss;
    }
}
