//! Normalisation and padding.

use coverslip_image::normalize::{Normalization, Percentile, Standard, percentiles};
use coverslip_image::pad::{Border, Padding};
use ndarray::ArrayD;
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "norm_percentile" => percentile,
        "norm_standard" => standard,
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
