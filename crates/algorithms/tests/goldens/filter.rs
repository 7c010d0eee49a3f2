//! Smoothing, convolution and thresholds.

use coverslip_algorithms::filters::linear::{Convolution, Gaussian, GaussianBlur, gaussian_kernel};
use coverslip_algorithms::filters::threshold::{AdaptiveThreshold, Threshold, ThresholdMethod};
use coverslip_algorithms::transform::pad::Border;
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "gaussian_kernel_cv" => kernel,
        "gaussian_blur_cv" => blur,
        "gaussian_scipy" => gaussian,
        "convolve2d" => convolve,
        "adaptive_threshold" => adaptive,
        "threshold_global" => global,
        _ => return None,
    })
}

fn kernel(case: &Case) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let sizes: Vec<(usize, f64)> = case.param("ksize_sigma")?;
    for (index, (size, sigma)) in sizes.into_iter().enumerate() {
        let kernel = gaussian_kernel(size, sigma)?;
        outcome = outcome.with(format!("k{size}_{index}"), Tensor::vector(&kernel));
    }
    Ok(outcome)
}

fn blur(case: &Case) -> Result<Outcome, Failure> {
    let size: Option<usize> = case.param_or("ksize", None)?;
    let blur = GaussianBlur {
        size: size.filter(|&size| size > 0),
        sigma: case.param_or("sigma", 0.0)?,
        border: match case.param_or("border", "reflect101".to_owned())?.as_str() {
            "reflect101" | "mirror" => Border::Reflect101,
            "symmetric" | "reflect" => Border::Symmetric,
            "replicate" | "nearest" | "edge" => Border::Replicate,
            "wrap" => Border::Wrap,
            "constant" => Border::Constant(case.param_or("value", 0.0)?),
            other => return Err(Failure::Case(format!("unknown border `{other}`"))),
        },
    };
    let y: Tensor = match case.input("x")?.dtype {
        Some(safetensors::Dtype::U8) => blur.apply(&case.image::<u8>("x")?.view())?.into(),
        Some(safetensors::Dtype::U16) => blur.apply(&case.image::<u16>("x")?.view())?.into(),
        Some(safetensors::Dtype::F64) => blur.apply(&case.image::<f64>("x")?.view())?.into(),
        _ => blur.apply(&case.image::<f32>("x")?.view())?.into(),
    };
    Ok(Outcome::default().with("y", y))
}

fn gaussian(case: &Case) -> Result<Outcome, Failure> {
    let sigma = match case.param::<Value>("sigma")? {
        Value::Array(list) => list.iter().filter_map(Value::as_f64).collect(),
        other => vec![other.as_f64().unwrap_or(f64::NAN)],
    };
    let gaussian = Gaussian {
        sigma,
        truncate: case.param_or("truncate", 4.0)?,
        border: scipy_border(case, "reflect")?,
    };
    let y = with_stored_type!(case.input("x")?, |x| gaussian.apply(&x.view()))?;
    Ok(Outcome::default().with("y", y))
}

fn convolve(case: &Case) -> Result<Outcome, Failure> {
    let (x, kernel) = (
        case.input("x")?.array::<f64>(),
        case.input("kernel")?.array(),
    );
    let border = scipy_border(case, "constant")?;
    let mut outcome = Outcome::default();
    for (name, correlate) in [("convolve", false), ("correlate", true)] {
        let convolution = Convolution { border, correlate };
        outcome = outcome.with(name, convolution.apply(&x.view(), &kernel.view())?);
    }
    Ok(outcome)
}

/// scipy's name of a border in our terms.
fn scipy_border(case: &Case, default: &str) -> Result<Border<f64>, Failure> {
    Ok(match case.param_or("mode", default.to_owned())?.as_str() {
        "reflect" | "grid-mirror" | "symmetric" => Border::Symmetric,
        "mirror" | "reflect101" => Border::Reflect101,
        "nearest" | "replicate" => Border::Replicate,
        "wrap" | "grid-wrap" => Border::Wrap,
        "constant" | "grid-constant" => Border::Constant(case.param_or("cval", 0.0)?),
        other => return Err(Failure::Case(format!("unknown mode `{other}`"))),
    })
}

fn adaptive(case: &Case) -> Result<Outcome, Failure> {
    let threshold = AdaptiveThreshold {
        block: case.param("block")?,
        offset: case.param("C")?,
        inverse: case.param_or("inverse", false)?,
        max_value: case.param_or::<f64>("max_value", 255.0)?.round_ties_even() as u8,
    };
    let y = threshold.apply(&case.image("x")?.view())?;
    Ok(Outcome::default().with("y", y))
}

fn global(case: &Case) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (name, method) in [
        ("otsu", ThresholdMethod::Otsu),
        ("li", ThresholdMethod::Li),
        ("triangle", ThresholdMethod::Triangle),
        ("yen", ThresholdMethod::Yen),
        ("isodata", ThresholdMethod::Isodata),
        ("mean", ThresholdMethod::Mean),
    ] {
        let bins = case.param_or("nbins", 256)?;
        let threshold = Threshold { method, bins };
        let level = with_stored_type!(case.input("x")?, |x| threshold.level(&x.view()))?;
        outcome = outcome.with(name, Tensor::scalar(level));
    }
    Ok(outcome)
}
