//! How reference packages spell normalisations, activations and the like.

use serde_json::{Value, json};

use super::Case;

/// Refuses hyper-parameters that a mapping does not know.
pub fn only(case: &Case, known: &[&str]) -> Result<(), String> {
    let hyper = case.config["hyper"]
        .as_object()
        .ok_or("no hyper-parameters")?;
    match hyper.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown hyper-parameter {key}: {}", hyper[key])),
        None => Ok(()),
    }
}

pub fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("{value} is no list"))
}

pub fn flag(case: &Case, key: &str, default: bool) -> Result<bool, String> {
    match case.hyper(key) {
        Value::Null => Ok(default),
        Value::Bool(value) => Ok(*value),
        other => Err(format!("{key} is {other}")),
    }
}

/// A size along each axis, where one number stands for all.
pub fn repeated(value: &Value, dimensions: usize) -> Value {
    if value.is_number() {
        Value::from(vec![value.clone(); dimensions])
    } else {
        value.clone()
    }
}

/// `name` or `[name, {options}]`, in lower case without underscores.
pub fn named(value: &Value) -> Result<(String, Value), String> {
    let (name, options) = match value {
        Value::String(name) => (name, json!({})),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name)] => (name, json!({})),
            [Value::String(name), options] => (name, options.clone()),
            _ => return Err(format!("{value} is no name with options")),
        },
        _ => return Err(format!("{value} is no name")),
    };
    Ok((name.to_lowercase().replace('_', ""), options))
}

/// Refuses options that `allowed` does not say yes to.
fn check_options(options: &Value, allowed: impl Fn(&str, &Value) -> bool) -> Result<(), String> {
    let options = options.as_object().into_iter().flatten();
    for (key, value) in options {
        if !allowed(key, value) {
            return Err(format!("option {key}: {value}"));
        }
    }
    Ok(())
}

/// Our name of a normalisation.
pub fn norm(value: &Value, default: &str) -> Result<String, String> {
    if value.is_null() {
        return Ok(default.to_owned());
    }
    let (name, options) = named(value)?;
    let affine = options["affine"].as_bool();
    check_options(&options, |key, value| match key {
        "affine" => value.is_boolean(),
        "eps" => value.as_f64() == Some(1e-5),
        "momentum" => value.as_f64() == Some(0.1),
        "track_running_stats" => value.as_bool() == Some(name.contains("batch")),
        _ => false,
    })?;
    let is_instance = [
        "instance",
        "instancenvfuser",
        "instancenorm2d",
        "instancenorm3d",
    ];
    let is_batch = ["batch", "syncbatch", "batchnorm2d", "batchnorm3d"];
    Ok(match name.as_str() {
        name if is_instance.contains(&name) && affine == Some(true) => "instance_affine",
        name if is_instance.contains(&name) => "instance",
        name if is_batch.contains(&name) && affine != Some(false) => "batch",
        "none" => "none",
        _ => return Err(format!("normalisation {value}")),
    }
    .to_owned())
}

/// Sets our options for an activation.
pub fn activation(
    target: &mut Value,
    value: &Value,
    default: &str,
    default_slope: f64,
) -> Result<(), String> {
    if value.is_null() {
        target["activation"] = default.into();
        target["negative_slope"] = default_slope.into();
        return Ok(());
    }
    let (name, options) = named(value)?;
    check_options(&options, |key, value| match key {
        "inplace" => value.is_boolean(),
        "negative_slope" => name == "leakyrelu" && value.is_number(),
        "init" => name == "prelu",
        "num_parameters" => name == "prelu" && value.as_u64() == Some(1),
        "alpha" => value.as_f64() == Some(1.0),
        _ => false,
    })?;
    target["activation"] = match name.as_str() {
        "leakyrelu" => "leaky_relu",
        "relu" | "prelu" | "elu" | "gelu" | "tanh" | "sigmoid" | "silu" => &name,
        "swish" | "memswish" => "silu",
        "identity" | "none" => "none",
        _ => return Err(format!("activation {value}")),
    }
    .into();
    target["negative_slope"] = options["negative_slope"].as_f64().unwrap_or(0.01).into();
    Ok(())
}

/// The share of a dropout given as a number or with its name.
pub fn dropout(value: &Value) -> Result<f64, String> {
    if value.is_null() {
        return Ok(0.0);
    }
    if let Some(rate) = value.as_f64() {
        return Ok(rate);
    }
    let (name, options) = named(value)?;
    let rate = options["p"].as_f64();
    match rate {
        Some(rate) if name.starts_with("dropout") => Ok(rate),
        _ => Err(format!("dropout {value}")),
    }
}
