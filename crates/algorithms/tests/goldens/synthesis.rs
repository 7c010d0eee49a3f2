//! Masks on channels, and places of patches.

use coverslip_algorithms::methods::synthesis::{
    LayeringOptions, PlacedMask, layer_masks, layers_to_instances,
};
use coverslip_algorithms::patches::sampling::{BalancedPatches, patch_start, weighted_centres};
use ndarray::Array2;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "mask_layering" => layering,
        "layers_to_instances" => instances,
        "patch_sampling_weighted" => weighted,
        "patch_sampling_posneg" => balanced,
        _ => return None,
    })
}

/// Bitmaps one after the other, with their sizes and places.
fn placed_masks(case: &Case) -> Result<Vec<PlacedMask>, Failure> {
    let pixels = case.input("bitmaps")?.array::<bool>();
    let mut pixels = pixels.iter().copied();
    let heights = case.input("heights")?.array::<usize>();
    let widths = case.input("widths")?.array::<usize>();
    let places = &case.input("top_left_yx")?.values;
    let sizes = heights.iter().zip(&widths);
    Ok(sizes
        .zip(places.chunks_exact(2))
        .map(|((&height, &width), place)| PlacedMask {
            mask: Array2::from_shape_fn((height, width), |_| pixels.next().unwrap_or(false)),
            top_left: [place[0] as i64, place[1] as i64],
        })
        .collect())
}

fn layering(case: &Case) -> Result<Outcome, Failure> {
    let masks = placed_masks(case)?;
    let orders = case.input("orders")?.array::<usize>();
    let orders: Vec<Vec<usize>> = (orders.outer_iter())
        .map(|order| order.iter().copied().collect())
        .collect();
    let default = LayeringOptions::default();
    let options = LayeringOptions {
        channels: case.param_or("channels", default.channels)?,
        gap: case.param_or("gap", default.gap)?,
        capacities: case.param_or("capacities", None)?,
        clip: case.param_or("clip", true)?,
    };
    let found = layer_masks(&masks, case.param("shape")?, &orders, &options)?;
    Ok(Outcome::default()
        .with("attempt", Tensor::scalar(found.attempt))
        .with("channel_of_mask", Tensor::vector(&found.channel_of))
        .with("merged_sum", found.merged())
        .with("layers", found.layers))
}

fn instances(case: &Case) -> Result<Outcome, Failure> {
    let layers = case.input("layers")?.array::<bool>();
    let connectivity = match case.param_or("connectivity", 8)? {
        4 | 6 => 1,
        8 | 18 => 2,
        _ => 3,
    };
    let found = layers_to_instances(&layers.view(), connectivity)?;
    Ok(Outcome::default()
        .with("labels_per_channel", found.labels)
        .with("count", Tensor::scalar(found.count)))
}

fn points(points: &[Vec<usize>], rank: usize) -> Tensor {
    let mut tensor = Tensor::vector(&points.concat());
    tensor.shape = vec![points.len(), rank];
    tensor
}

fn weighted(case: &Case) -> Result<Outcome, Failure> {
    let weights = case.input("weights")?.array::<f64>();
    let patch: Vec<usize> = case.param("patch")?;
    let centres = weighted_centres(&weights.view(), &patch, &case.input("u")?.values)?;
    Ok(Outcome::default().with("centres", points(&centres, patch.len())))
}

fn balanced(case: &Case) -> Result<Outcome, Failure> {
    let label = case.input("label")?.array::<bool>();
    let image = case.optional("image").map(Tensor::array::<f64>);
    let ratio = match (case.param_or("pos", None)?, case.param_or("neg", None)?) {
        (Some(pos), Some(neg)) => {
            let (pos, neg): (f64, f64) = (pos, neg);
            pos / (pos + neg)
        }
        _ => case.param_or("pos_ratio", 0.5)?,
    };
    let threshold = case.param_or("image_threshold", None)?;
    let patches = BalancedPatches {
        patch: case.param("patch")?,
        pos_ratio: ratio,
        background_above: threshold.or(image.as_ref().map(|_| 0.0)),
    };
    let centres = patches.centres(
        &label.view(),
        image.as_ref().map(|image| image.view()).as_ref(),
        &case.input("u_class")?.values,
        &case.input("u_index")?.values,
    )?;
    let starts = centres
        .iter()
        .map(|centre| patch_start(centre, &patches.patch));
    let starts: Vec<Vec<usize>> = starts.collect();
    Ok(Outcome::default()
        .with("centres", points(&centres, label.ndim()))
        .with("starts", points(&starts, label.ndim())))
}
