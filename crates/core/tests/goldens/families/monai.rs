use serde_json::{Value, json};

use super::{
    Case, Mapping, Output, number, number_or,
    options::{activation, dropout, flag, list, norm, only, or, repeated, version},
};

fn channels(case: &Case) -> Result<[usize; 2], String> {
    Ok([number(case, "in_channels")?, number(case, "out_channels")?])
}

/// Takes `count` strides; MONAI ignores further ones.
fn strides(case: &Case, count: usize) -> Result<Value, String> {
    let strides = list(case.hyper("strides"))?;
    if strides.len() < count {
        return Err(format!("{} strides, {count} expected", strides.len()));
    }
    Ok(Value::from(strides[..count].to_vec()))
}

pub fn basic_unet(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "out_channels",
            "features",
            "act",
            "norm",
            "bias",
            "dropout",
            "upsample",
            "dimensions",
        ],
    )?;
    let upsampling = match case.hyper("upsample").as_str() {
        None | Some("deconv") => "transposed",
        Some("nontrainable") => "bilinear",
        Some("pixelshuffle") => "pixel_shuffle",
        Some(other) => return Err(format!("upsample {other}")),
    };
    let leaky = json!({ "leaky_relu": { "negative_slope": 0.1 } });
    let options = json!({
        "channels": or(case.hyper("features"), json!([32, 32, 64, 128, 256, 32])),
        "activation": activation(case, "act", leaky)?,
        "norm": norm(case, "norm", "instance_affine")?,
        "dropout": dropout(case.hyper("dropout"))?,
        "bias": flag(case, "bias", true)?,
        "upsampling": upsampling,
    });
    Ok(Mapping::new("basic_unet", channels(case)?, case, options))
}

pub fn unet(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "out_channels",
            "channels",
            "strides",
            "kernel_size",
            "up_kernel_size",
            "num_res_units",
            "act",
            "norm",
            "dropout",
            "bias",
            "adn_ordering",
            "dimensions",
        ],
    )?;
    let levels = list(case.hyper("channels"))?.len();
    let mut order = Vec::new();
    for letter in case.hyper("adn_ordering").as_str().unwrap_or("NDA").chars() {
        order.push(match letter.to_ascii_uppercase() {
            'N' => "norm",
            'D' => "dropout",
            'A' => "activation",
            _ => return Err(format!("adn_ordering with {letter}")),
        });
    }
    let options = json!({
        "channels": case.hyper("channels"),
        "strides": strides(case, levels - 1)?,
        "kernel": or(case.hyper("kernel_size"), 3),
        "up_kernel": or(case.hyper("up_kernel_size"), 3),
        "activation": activation(case, "act", json!("prelu"))?,
        "residual_units": number_or(case, "num_res_units", 0)?,
        "norm": norm(case, "norm", "instance")?,
        "dropout": dropout(case.hyper("dropout"))?,
        "bias": flag(case, "bias", true)?,
        "order": order,
    });
    Ok(Mapping::new("monai_unet", channels(case)?, case, options))
}

pub fn attention_unet(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "out_channels",
            "channels",
            "strides",
            "kernel_size",
            "up_kernel_size",
            "dropout",
        ],
    )?;
    let levels = list(case.hyper("channels"))?.len();
    // Older versions take no notice of it.
    let kernel = if version(case).is_ok_and(|version| version < [1, 3]) {
        json!(3)
    } else {
        or(case.hyper("kernel_size"), 3)
    };
    let options = json!({
        "channels": case.hyper("channels"),
        "strides": strides(case, levels - 1)?,
        "kernel": kernel,
        "up_kernel": or(case.hyper("up_kernel_size"), 3),
        "dropout": dropout(case.hyper("dropout"))?,
    });
    Ok(Mapping::new(
        "attention_unet",
        channels(case)?,
        case,
        options,
    ))
}

pub fn dynunet(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "out_channels",
            "kernel_size",
            "strides",
            "upsample_kernel_size",
            "filters",
            "dropout",
            "norm_name",
            "act_name",
            "deep_supervision",
            "deep_supr_num",
            "res_block",
            "trans_bias",
        ],
    )?;
    let strides = list(case.hyper("strides"))?;
    let ups = list(case.hyper("upsample_kernel_size"))?;
    let sizes = |value: &Value| repeated(value, case.dimensions());
    if strides[1..].iter().map(sizes).ne(ups.iter().map(sizes)) {
        return Err("upsample_kernel_size differs from the strides".to_owned());
    }
    let filters = match case.hyper("filters").as_array() {
        Some(filters) => Value::from(filters[..strides.len().min(filters.len())].to_vec()),
        None => Value::Null,
    };
    let heads = if flag(case, "deep_supervision", false)? {
        number_or(case, "deep_supr_num", 1)?
    } else {
        0
    };
    let options = json!({
        "strides": strides,
        "activation": activation(case, "act_name", json!("leaky_relu"))?,
        "kernels": case.hyper("kernel_size"),
        "channels": filters,
        "residual": flag(case, "res_block", false)?,
        "norm": norm(case, "norm_name", "instance_affine")?,
        "dropout": dropout(case.hyper("dropout"))?,
        "transposed_bias": flag(case, "trans_bias", false)?,
        "deep_supervision": heads,
    });
    let mut mapping = Mapping::new("dynunet", channels(case)?, case, options);
    if heads > 0 {
        let mut stack = Output::new("", "main");
        stack
            .ours
            .extend((1..=heads).map(|level| format!("deep_{level}")));
        mapping.train_outputs = Some(vec![stack]);
    }
    Ok(mapping)
}

pub fn highresnet(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "out_channels",
            "norm_type",
            "acti_type",
            "dropout_prob",
            "bias",
            "layer_params",
            "channel_matching",
        ],
    )?;
    let mut options = json!({
        "norm": norm(case, "norm_type", "batch")?,
        "dropout": dropout(case.hyper("dropout_prob"))?,
        "bias": flag(case, "bias", false)?,
        "channel_matching": or(case.hyper("channel_matching"), "pad"),
        "activation": activation(case, "acti_type", json!("relu"))?,
    });
    if !case.hyper("layer_params").is_null() {
        let layers = list(case.hyper("layer_params"))?;
        let [first, stages @ .., head, last] = layers.as_slice() else {
            return Err(format!("{} layers", layers.len()));
        };
        let layer = |layer: &Value| json!({ "channels": layer["n_features"], "kernel": layer["kernel_size"] });
        let stage = |stage: &Value| {
            json!({
                "channels": stage["n_features"],
                "kernels": stage["kernels"],
                "repeat": stage["repeat"],
            })
        };
        options["stem"] = layer(first);
        options["stages"] = stages.iter().map(stage).collect();
        options["head"] = layer(head);
        options["output_kernel"] = last["kernel_size"].clone();
    }
    Ok(Mapping::new("highresnet", channels(case)?, case, options))
}
