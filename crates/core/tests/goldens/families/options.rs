//! How reference packages spell normalisations, activations and the like.

use serde_json::{Map, Value, json};

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

/// A hyper-parameter that the case has; it may say `null`, which switches something off.
pub fn given<'a>(case: &'a Case, key: &str) -> Option<&'a Value> {
    case.config["hyper"].get(key)
}

/// A hyper-parameter, `default` where it is null.
pub fn or(value: &Value, default: impl Into<Value>) -> Value {
    if value.is_null() {
        default.into()
    } else {
        value.clone()
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

/// `name`, `[name, {options}]` or `Name(option=value)`, the name in lower case without underscores.
fn named(value: &Value) -> Result<(String, Map<String, Value>), String> {
    let fault = || format!("{value} is no name with options");
    let (name, options) = match value {
        Value::String(text) => printed(text)?,
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name)] | [Value::String(name), Value::Null] => {
                (name.clone(), Map::new())
            }
            [Value::String(name), Value::Object(options)] => (name.clone(), options.clone()),
            _ => return Err(fault()),
        },
        _ => return Err(fault()),
    };
    Ok((name.to_lowercase().replace('_', ""), options))
}

/// A layer as PyTorch prints it: `LeakyReLU(negative_slope=0.2, inplace=True)`.
fn printed(text: &str) -> Result<(String, Map<String, Value>), String> {
    let Some((name, rest)) = text.split_once('(') else {
        return Ok((text.to_owned(), Map::new()));
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    let mut options = Map::new();
    let inside = rest.trim_end_matches(')').split(',').map(str::trim);
    for part in inside.filter(|part| !part.is_empty()) {
        let (key, value) = match part.split_once('=') {
            Some(pair) => pair,
            // PyTorch prints only this one without its name.
            None if part == "inplace" => (part, "True"),
            None => return Err(format!("{part} in {text}")),
        };
        let value = match value {
            "True" => json!(true),
            "False" => json!(false),
            "None" => Value::Null,
            value => serde_json::from_str(value)
                .unwrap_or_else(|_| json!(value.trim_matches(['\'', '"']))),
        };
        options.insert(key.to_owned(), value);
    }
    Ok((name.to_owned(), options))
}

/// Moves an option of the reference to the settings of ours.
fn take(
    options: &mut Map<String, Value>,
    theirs: &str,
    settings: &mut Map<String, Value>,
    ours: &str,
) {
    if let Some(value) = options.remove(theirs) {
        settings.insert(ours.to_owned(), value);
    }
}

/// A name, or a map from it to its settings.
fn spelled(name: &str, settings: &Map<String, Value>) -> Value {
    if settings.is_empty() {
        json!(name)
    } else {
        json!({ name: settings })
    }
}

/// Refuses options that are left.
fn none_left(layer: &Value, options: &Map<String, Value>) -> Result<(), String> {
    match options.iter().next() {
        Some((key, value)) => Err(format!("option {key}: {value} of {layer} is not known")),
        None => Ok(()),
    }
}

/// Our option for a normalisation that a reference names; `null` is none.
pub fn norm_of(value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(json!("none"));
    }
    let (name, mut options) = named(value)?;
    let ours = match name.as_str() {
        "instance" | "instancenvfuser" | "instancenorm2d" | "instancenorm3d" => "instance",
        "batch" | "syncbatch" | "batchnorm2d" | "batchnorm3d" | "syncbatchnorm" => "batch",
        "group" | "groupnorm" => "group",
        "none" | "" | "identity" => "none",
        _ => return Err(format!("the normalisation {value} is not known")),
    };
    let mut settings = Map::new();
    take(&mut options, "eps", &mut settings, "epsilon");
    take(&mut options, "affine", &mut settings, "affine");
    take(&mut options, "num_groups", &mut settings, "groups");
    take(&mut options, "momentum", &mut settings, "momentum");
    if ours == "instance" {
        // Nothing is collected without running statistics.
        settings.remove("momentum");
    }
    if options.get("track_running_stats") == Some(&json!(ours == "batch")) {
        options.remove("track_running_stats");
    }
    none_left(value, &options)?;
    Ok(spelled(ours, &settings))
}

/// Our option for a normalisation of MONAI, `default` where the case does not name one.
pub fn norm(case: &Case, key: &str, default: &str) -> Result<Value, String> {
    given(case, key).map_or_else(|| Ok(json!(default)), norm_of)
}

/// Our option for an activation that a reference names; `null` is none.
pub fn activation_of(value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(json!("none"));
    }
    let (name, mut options) = named(value)?;
    let mut settings = Map::new();
    take(
        &mut options,
        "negative_slope",
        &mut settings,
        "negative_slope",
    );
    let ours = match name.as_str() {
        "leakyrelu" => "leaky_relu",
        "prelu" => {
            let count = options.remove("num_parameters").and_then(|n| n.as_u64());
            if count.is_some_and(|count| count > 1) {
                settings.insert("per_channel".to_owned(), json!(true));
            }
            // The weights say what it is.
            options.remove("init");
            "prelu"
        }
        "elu" | "celu" => {
            take(&mut options, "alpha", &mut settings, "alpha");
            name.as_str()
        }
        "gelu" => match options.remove("approximate") {
            Some(value) if value == "tanh" => "gelu_tanh",
            None => "gelu",
            Some(value) if value == "none" => "gelu",
            Some(value) => return Err(format!("gelu with {value}")),
        },
        "swish" | "memswish" => {
            if options.get("alpha").and_then(Value::as_f64) == Some(1.0) {
                options.remove("alpha");
            }
            "silu"
        }
        "softmax" | "softmax2d" => {
            // PyTorch takes the channels of images without being told.
            if options
                .get("dim")
                .is_none_or(|dim| dim.is_null() || *dim == 1)
            {
                options.remove("dim");
            }
            "softmax"
        }
        "relu" | "relu6" | "selu" | "silu" | "mish" | "hardswish" | "tanh" | "sigmoid" => &name,
        "identity" | "none" | "" => "none",
        _ => return Err(format!("the activation {value} is not known")),
    };
    options.remove("inplace");
    none_left(value, &options)?;
    Ok(spelled(ours, &settings))
}

/// Our option for an activation, `default` where the case does not name one.
pub fn activation(case: &Case, key: &str, default: Value) -> Result<Value, String> {
    given(case, key).map_or_else(|| Ok(default), activation_of)
}

/// The share of a dropout given as a number or with its name. Cases are computed without dropout, so
/// of which kind it is does not show.
pub fn dropout(value: &Value) -> Result<f64, String> {
    if value.is_null() {
        return Ok(0.0);
    }
    if let Some(rate) = value.as_f64() {
        return Ok(rate);
    }
    let (name, mut options) = named(value)?;
    if !["dropout", "alphadropout", "dropout2d", "dropout3d"].contains(&name.as_str()) {
        return Err(format!("the dropout {value} is not known"));
    }
    let rate = options.remove("p").map_or(Some(0.5), |rate| rate.as_f64());
    options.remove("inplace");
    none_left(value, &options)?;
    rate.ok_or_else(|| format!("dropout {value}"))
}

/// Major and minor version of the MONAI that made the case.
pub fn version(case: &Case) -> Result<[u32; 2], String> {
    let text = case.config["produced_by"].as_str().unwrap_or_default();
    let fault = || format!("no version of MONAI in {text:?}");
    let (_, version) = text.split_once("monai ").ok_or_else(fault)?;
    let mut parts = version.split(['.', ' ']).map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok([major, minor]),
        _ => Err(fault()),
    }
}
