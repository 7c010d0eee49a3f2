//! Losses of methods with targets of their own.

use burn::tensor::Tensor;
use coverslip_nets::loss::{
    CoordinateGrid, EmbeddingTarget, SpatialEmbedding, SpatialEmbeddingOptions, Target,
    keypoints::{Budget, Shape, SpreadKernel, Surrogate, Threshold, skeleton_loss},
    latent_divergence,
};

use serde_json::Value;

use super::super::loss_case::{Found, LossCase};

pub fn compute(case: &LossCase) -> Result<Option<Vec<Found>>, String> {
    let name = case.name.as_str();
    let loss = if name.starts_with("embedseg_loss") {
        embedding(case)?
    } else if name.starts_with("kl_prob_unet") {
        divergence(case)?
    } else if name.starts_with("gunet_skeleton") {
        skeleton(case)?
    } else if name.starts_with("gunet_budget") {
        budget(case)?
    } else if name.starts_with("gunet_shape") {
        shape(case)?
    } else if name.starts_with("gunet_total") {
        let weights = case.config["weights_of_total"].as_array();
        let weights: Vec<f64> = weights
            .map(|weights| weights.iter().filter_map(Value::as_f64).collect())
            .unwrap_or_default();
        let [first, second, third] = weights[..] else {
            return Err(format!("{} weights for three terms", weights.len()));
        };
        skeleton(case)?.mul_scalar(first)
            + budget(case)?.mul_scalar(second)
            + shape(case)?.mul_scalar(third)
    } else {
        return Ok(None);
    };
    Ok(Some(Found::main(loss)))
}

fn embedding(case: &LossCase) -> Result<Tensor<1>, String> {
    let along = |key: &str, default: f64| {
        ["z", "y", "x"].map(|axis| case.option(&format!("{key}_{axis}"), default))
    };
    let loss = SpatialEmbedding {
        grid: CoordinateGrid {
            size: along("grid", 1.0).map(|pixels| pixels as usize),
            extent: along("pixel", 1.0),
        },
        options: SpatialEmbeddingOptions {
            foreground_weight: case.option("foreground_weight", 10.0),
            instance_weight: case.option("w_inst", 1.0),
            variance_weight: case.option("w_var", 10.0),
            seed_weight: case.option("w_seed", 1.0),
            exclude_from_masks: false,
        },
    };
    let has_mask = case.has("exclusion_mask");
    let target = EmbeddingTarget {
        instances: case.constant("instances")?,
        labels: case.constant("labels")?,
        centers: case.constant("center_images")?,
        weight: has_mask
            .then(|| case.constant("exclusion_mask"))
            .transpose()?,
    };
    Ok(loss.value(case.leaf("prediction")?, &target))
}

fn divergence(case: &LossCase) -> Result<Tensor<1>, String> {
    let rows = |name: &str| -> Result<Tensor<2>, String> {
        let tensor = case.leaf(name)?;
        let [n, l, ..] = tensor.dims();
        Ok(tensor.reshape([n, l]))
    };
    let posterior = [rows("mu_q")?, rows("logvar_q")?];
    let prior = [rows("mu_p")?, rows("logvar_p")?];
    let clamp = case.config["kl_clamp"].as_f64();
    Ok(latent_divergence(posterior, prior, clamp))
}

fn skeleton(case: &LossCase) -> Result<Tensor<1>, String> {
    let target = Target::new(case.constant("skeleton")?);
    Ok(skeleton_loss(
        case.leaf("logits")?,
        &target,
        case.option("w_pos", 1.0),
    ))
}

fn threshold(case: &LossCase) -> Threshold {
    Threshold {
        threshold: case.option("t", 0.3),
        surrogate: match case.config["surrogate"].as_str() {
            Some("soft") => Surrogate::Soft,
            Some("ste_identity") => Surrogate::SteIdentity,
            _ => Surrogate::SteSigmoid,
        },
        width: case.option("tau", 0.1),
    }
}

fn budget(case: &LossCase) -> Result<Tensor<1>, String> {
    let budget = Budget {
        points: case.option("n_prime", 10.0),
        threshold: threshold(case),
        ..Budget::default()
    };
    Ok(budget.value(case.leaf("logits")?, None))
}

fn shape(case: &LossCase) -> Result<Tensor<1>, String> {
    let shape = Shape {
        threshold: threshold(case),
        kernel: SpreadKernel::Values(case.vector("kernel")?),
        ..Shape::default()
    };
    let image = Target::new(case.constant("image")?);
    Ok(shape.value(case.leaf("logits")?, &image))
}
