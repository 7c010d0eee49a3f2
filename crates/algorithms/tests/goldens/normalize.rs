//! Normalisation and padding.

use coverslip_algorithms::exposure::normalize::{
    CenterZ, Macenko, Normalization, Percentile, Standard, percentiles,
};
use coverslip_algorithms::transform::pad::{Border, Padding};
use ndarray::{ArrayD, Ix3};
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "norm_percentile" => percentile,
        "norm_standard" => standard,
        "norm_center_z" => center_z,
        "norm_macenko" => macenko,
        "pad_and_crop" => pad_and_crop,
        _ => return None,
    })
}

fn percentile(case: &Case) -> Result<Outcome, Failure> {
    let method = Percentile {
        low: case.param("lo")?,
        high: case.param("hi")?,
        range: [case.param("b_min")?, case.param("b_max")?],
        clip: case.param("clip")?,
        epsilon: case.param_or("eps", 0.0)?,
        per_channel: false,
    };
    let input = case.input("x")?;
    let percents = [method.low, method.high];
    let ends = with_stored_type!(input, |x| percentiles(&x.view(), percents))?;
    Ok(normalized(input, &Normalization::Percentile(method))?.with("lo_hi", Tensor::vector(&ends)))
}

fn standard(case: &Case) -> Result<Outcome, Failure> {
    let method = Standard {
        nonzero: case.param_or("nonzero", false)?,
        epsilon: case.param_or("eps", 0.0)?,
        per_channel: case.param_or("channel_wise", false)?,
    };
    normalized(case.input("x")?, &Normalization::Standard(method))
}

fn center_z(case: &Case) -> Result<Outcome, Failure> {
    let method = CenterZ {
        z_center: case.param_or("z_center", None)?,
        chunk: case.param_or("chunk", 32)?,
        min_z: case.param_or("min_z", 32)?,
        allow_short: case.param_or("allow_short", false)?,
        per_channel: case.param_or("channel_wise", false)?,
    };
    let input = case.input("x")?;
    let axis = input.shape.len().saturating_sub(3);
    let start = method.slices(input.shape[axis])?.start;
    let scaling = with_stored_type!(input, |x| method.fit(&x.view()))?;
    let deviation = if scaling.is_constant {
        0.0
    } else {
        scaling.divide
    };
    let stats = Tensor::vector(&[scaling.subtract, deviation]);
    let outcome = normalized(input, &Normalization::CenterZ(method))?;
    Ok(outcome
        .with("z_start", Tensor::scalar(start))
        .with("stats", stats))
}

fn macenko(case: &Case) -> Result<Outcome, Failure> {
    let default = Macenko::default();
    let method = Macenko {
        light: case.param_or("Io", default.light)?,
        alpha: case.param_or("alpha", default.alpha)?,
        beta: case.param_or("beta", default.beta)?,
        reference: case.param_or("HERef", default.reference)?,
        reference_maximum: case.param_or("maxCRef", default.reference_maximum)?,
    };
    let image = case.input("rgb")?.array::<u8>();
    let image = image.into_dimensionality::<Ix3>();
    let image = image.map_err(|error| error.to_string())?;
    let Ok(stains) = method.separate(&image.view())? else {
        return Ok(Outcome {
            warned: true,
            ..Outcome::default()
        }
        .with("norm", image));
    };
    Ok(Outcome::default()
        .with("norm", stains.normalized())
        .with("norm_float", stains.normalized_values())
        .with("hematoxylin", stains.hematoxylin())
        .with("eosin", stains.eosin())
        .with("stain_matrix", stains.matrix)
        .with("conc", stains.concentrations)
        .with("max_conc", Tensor::vector(&stains.maximum)))
}

fn normalized(input: &Tensor, method: &Normalization) -> Result<Outcome, Failure> {
    let scaling = with_stored_type!(input, |x| method.fit_channels(&x.view()))?;
    let mut y: ArrayD<f32> = input.array();
    scaling.apply(&mut y.view_mut())?;
    Ok(Outcome {
        warned: scaling.is_constant(),
        ..Outcome::default()
    }
    .with("y", y))
}

fn pad_and_crop(case: &Case) -> Result<Outcome, Failure> {
    let input = case.input("x")?;
    let shape = &input.shape;
    let padding = match case.param::<String>("kind")?.as_str() {
        "multiple" => Padding::multiple(shape, &per_axis(&case.param("k")?, shape.len()))?,
        "to_size" => Padding::to_size(shape, &per_axis(&case.param("size")?, shape.len()))?,
        other => return Err(Failure::Case(format!("unknown kind `{other}`"))),
    };
    let border = match case.param::<String>("mode")?.as_str() {
        "constant" => Border::Constant(case.param_or("value", 0.0)?),
        "reflect" | "reflect101" | "mirror" => Border::Reflect101,
        "replicate" | "edge" | "nearest" => Border::Replicate,
        "symmetric" => Border::Symmetric,
        "wrap" => Border::Wrap,
        other => return Err(Failure::Case(format!("unknown mode `{other}`"))),
    };
    let values = input.array::<f64>();
    let padded = padding.pad(&values.view(), border)?;
    if padding.crop(padded.view())? != values {
        return Err(Failure::Case("cropping does not undo padding".to_owned()));
    }
    let widths: Vec<i64> = padding
        .widths
        .iter()
        .flat_map(|&(low, high)| [low as i64, high as i64])
        .collect();
    let mut widths = Tensor::vector(&widths);
    widths.shape = vec![shape.len(), 2];
    let mut y = Tensor::from(padded);
    y.is_float = input.is_float;
    Ok(Outcome::default().with("pad_width", widths).with("y", y))
}

/// A number for all axes, or a list of one an axis.
fn per_axis(value: &Value, rank: usize) -> Vec<usize> {
    match value {
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_u64)
            .map(|n| n as usize)
            .collect(),
        other => vec![other.as_u64().unwrap_or(0) as usize; rank],
    }
}
