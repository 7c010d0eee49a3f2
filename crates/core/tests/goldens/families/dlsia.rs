use serde_json::{Map, Value, json};

use super::{
    Case, Mapping, check_known, number, number_or,
    options::{activation, norm},
};

/// Hyper-parameters that say in PyTorch's classes whether images are planes or stacks.
const OPERATORS: [&str; 3] = ["conv_kernel", "kernel_down", "kernel_up"];

pub fn tunet(case: &Case) -> Result<Mapping, String> {
    let mut known = vec![
        "image_shape",
        "in_channels",
        "out_channels",
        "depth",
        "base_channels",
        "growth_rate",
        "hidden_rate",
        "conv_kernel_size",
        "maxpool_kernel_size",
        "normalization",
        "activation",
        "final_activation",
        "dilation",
    ];
    known.extend(OPERATORS);
    check_known(case, &known)?;
    // Another one only enters the reference's sizes, which then do not fit each other.
    if number_or(case, "dilation", 1)? != 1 {
        return Err("a dilation of the tunable U-Net, which the reference cannot compute".into());
    }
    let channels = [number(case, "in_channels")?, number(case, "out_channels")?];
    let options = json!({
        "depth": number(case, "depth")?,
        "base": number(case, "base_channels")?,
        "growth": case.hyper("growth_rate").as_f64().unwrap_or(2.0),
        "hidden": case.hyper("hidden_rate").as_f64().unwrap_or(1.0),
        "kernel": number_or(case, "conv_kernel_size", 3)?,
        "pool_kernel": number_or(case, "maxpool_kernel_size", 2)?,
        "norm": norm(case, "normalization", "batch")?,
        "activation": activation(case, "activation", json!("relu"))?,
        "final_activation": activation(case, "final_activation", json!("none"))?,
    });
    Ok(Mapping::new("tunable_unet", channels, case, options))
}

pub fn tunet_2022(case: &Case) -> Result<Mapping, String> {
    let known = [
        "image_shape",
        "cin",
        "cout",
        "depth",
        "base",
        "growth",
        "hidden",
        "bn",
        "contract",
        "k",
        "dims",
    ];
    check_known(case, &known)?;
    let channels = [number(case, "cin")?, number(case, "cout")?];
    let flag = |key: &str, default| case.hyper(key).as_bool().unwrap_or(default);
    let options = json!({
        "depth": number(case, "depth")?,
        "base": number(case, "base")?,
        "growth": case.hyper("growth").as_f64().unwrap_or(2.0),
        "hidden": case.hyper("hidden").as_f64().unwrap_or(1.0),
        "pool_kernel": number_or(case, "k", 3)?,
        "pool_stride": 2,
        "contracting": flag("contract", false),
        "norm": if flag("bn", true) { "batch" } else { "none" },
    });
    Ok(Mapping::new("tunable_unet", channels, case, options))
}

pub fn msdnet(case: &Case) -> Result<Mapping, String> {
    let known = [
        "in_channels",
        "out_channels",
        "num_layers",
        "layer_width",
        "max_dilation",
        "custom_msdnet",
        "activation",
        "normalization",
        "final_layer",
        "convolution",
        "conv_kernel_size",
        "padding_mode",
        "dropout",
    ];
    check_known(case, &known)?;
    let channels = [number(case, "in_channels")?, number(case, "out_channels")?];
    let mut options = Map::new();
    let custom = case.hyper("custom_msdnet");
    match custom.as_array() {
        Some(rows) if rows.iter().any(Value::is_array) => {
            options.insert("dilation_table".to_owned(), custom.clone());
        }
        Some(_) => {
            options.insert("dilations".to_owned(), custom.clone());
        }
        None => {
            options.insert(
                "width".to_owned(),
                number_or(case, "layer_width", 1)?.into(),
            );
            let most = number_or(case, "max_dilation", 10)?;
            options.insert("max_dilation".to_owned(), most.into());
        }
    }
    options.insert(
        "layers".to_owned(),
        number_or(case, "num_layers", 1)?.into(),
    );
    options.insert(
        "kernel".to_owned(),
        number_or(case, "conv_kernel_size", 3)?.into(),
    );
    let norm = norm(case, "normalization", "batch")?;
    options.insert("norm".to_owned(), norm);
    let activations = [
        ("activation", "activation", "relu"),
        ("final_layer", "final_activation", "none"),
    ];
    for (theirs, ours, default) in activations {
        let name = activation(case, theirs, json!(default))?;
        options.insert(ours.to_owned(), name);
    }
    if let Some(mode) = case.hyper("padding_mode").as_str() {
        options.insert("padding".to_owned(), mode.into());
    }
    if !case.hyper("dropout").is_null() {
        options.insert("dropout".to_owned(), case.hyper("dropout").clone());
    }
    Ok(Mapping::new("msdnet", channels, case, options.into()))
}
