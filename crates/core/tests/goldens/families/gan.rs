use serde_json::{Value, json};

use super::{Case, Mapping, Output, known_hypers, number, number_or, options};

/// Our name of a normalisation.
fn norm(case: &Case, key: &str) -> Result<Value, String> {
    let value = case.hyper(key);
    match value.as_str().map(str::to_lowercase).as_deref() {
        Some(name @ ("batch" | "instance" | "none")) => Ok(json!(name)),
        _ => Err(format!("hyper-parameter {key} is {value}")),
    }
}

fn flag(case: &Case, key: &str, default: bool) -> Result<bool, String> {
    let value = case.hyper(key);
    if value.is_null() {
        return Ok(default);
    }
    value
        .as_bool()
        .ok_or_else(|| format!("hyper-parameter {key} is {value}"))
}

/// Options beside the known ones.
fn with(mut options: Value, key: &str, value: Value) -> Value {
    options[key] = value;
    options
}

/// pix2pix's discriminator.
pub fn patch_gan(case: &Case) -> Result<Mapping, String> {
    known_hypers(case, &["input_nc", "ndf", "n_layers", "norm"])?;
    let options = json!({
        "base": number_or(case, "ndf", 64)?,
        "layers": number_or(case, "n_layers", 3)?,
        "norm": norm(case, "norm")?,
    });
    Ok(Mapping::new(
        "patch_gan",
        [number(case, "input_nc")?, 1],
        case,
        options,
    ))
}

/// The options of `MMV_Im2Im`'s discriminators.
fn mmv_options(case: &Case) -> Result<Value, String> {
    Ok(json!({
        "base": number(case, "nf")?,
        "layers": number(case, "n_layers")?,
        "norm": options::norm(case, "norm_layer", "instance")?,
    }))
}

pub fn mmv_patch_discriminator(case: &Case) -> Result<Mapping, String> {
    known_hypers(
        case,
        &[
            "spatial_dims",
            "in_channels",
            "nf",
            "n_layers",
            "norm_layer",
            "return_features",
        ],
    )?;
    // The reference cannot compute them.
    if flag(case, "return_features", false)? {
        return Err("return_features".to_owned());
    }
    let channels = [number(case, "in_channels")?, 1];
    Ok(Mapping::new(
        "mmv_patch_discriminator",
        channels,
        case,
        mmv_options(case)?,
    ))
}

pub fn multiscale_discriminator(case: &Case) -> Result<Mapping, String> {
    known_hypers(
        case,
        &[
            "num_discriminator",
            "spatial_dims",
            "in_channels",
            "nf",
            "n_layers",
            "norm_layer",
        ],
    )?;
    let scales = number(case, "num_discriminator")?;
    let options = with(mmv_options(case)?, "scales", json!(scales));
    let channels = [number(case, "in_channels")?, 1];
    let mapping = Mapping::new("multiscale_discriminator", channels, case, options);
    let output = |scale| Output::new(format!("/{scale}"), format!("scale{scale}"));
    Ok(mapping.with_outputs((0..scales).map(output).collect()))
}

/// pix2pixHD's discriminator.
pub fn hd_discriminator(case: &Case) -> Result<Mapping, String> {
    known_hypers(
        case,
        &["input_nc", "ndf", "n_layers", "norm", "num_D", "feats"],
    )?;
    let scales = number_or(case, "num_D", 3)?;
    let layers = number_or(case, "n_layers", 3)?;
    let features = flag(case, "feats", false)?;
    let options = json!({
        "scales": scales,
        "base": number_or(case, "ndf", 64)?,
        "layers": layers,
        "norm": norm(case, "norm")?,
        "features": features,
    });
    let channels = [number(case, "input_nc")?, 1];
    let mapping = Mapping::new("hd_multiscale_discriminator", channels, case, options);
    let mut outputs = Vec::new();
    for scale in 0..scales {
        let below = if features { layers + 1 } else { 0 };
        for layer in 0..below {
            let ours = format!("scale{scale}_layer{layer}");
            outputs.push(Output::new(format!("/{scale}/{layer}"), ours));
        }
        // Scores alone are in a list of one, or in none.
        let listed = format!("/{scale}/{below}");
        let is_listed = case.tensors.contains_key(&format!("probe{listed}"));
        let suffix = if is_listed {
            listed
        } else {
            format!("/{scale}")
        };
        outputs.push(Output::new(suffix, format!("scale{scale}")));
    }
    Ok(mapping.with_outputs(outputs))
}

/// The generator of CycleGAN and pix2pixHD.
pub fn resnet_generator(case: &Case) -> Result<Mapping, String> {
    let keys = [
        "input_nc",
        "output_nc",
        "ngf",
        "norm",
        "n_blocks",
        "n_down",
        "always_bias",
    ];
    known_hypers(case, &[&keys[..], &["use_dropout", "dropout"]].concat())?;
    let options = json!({
        "base": number_or(case, "ngf", 64)?,
        "downs": number_or(case, "n_down", 2)?,
        "blocks": number_or(case, "n_blocks", 9)?,
        "norm": norm(case, "norm")?,
        "always_bias": flag(case, "always_bias", false)?,
        "dropout": dropout(case)?,
    });
    let channels = [number(case, "input_nc")?, number(case, "output_nc")?];
    Ok(Mapping::new("resnet_generator", channels, case, options))
}

/// The share that is dropped: the reference drops half or nothing.
fn dropout(case: &Case) -> Result<f64, String> {
    let value = case.hyper("dropout");
    if let Some(rate) = value.as_f64() {
        return Ok(rate);
    }
    let is_on = flag(case, "use_dropout", false)? || flag(case, "dropout", false)?;
    Ok(if is_on { 0.5 } else { 0.0 })
}

pub fn predefined_resnet(case: &Case) -> Result<Mapping, String> {
    let keys = [
        "spatial_dims",
        "in_channels",
        "out_channels",
        "n_down_blocks",
        "n_res_blocks",
    ];
    known_hypers(
        case,
        &[&keys[..], &["nf", "norm_layer", "use_dropout"]].concat(),
    )?;
    let options = json!({
        "base": number_or(case, "nf", 64)?,
        "downs": number(case, "n_down_blocks")?,
        "blocks": number(case, "n_res_blocks")?,
        "norm": options::norm(case, "norm_layer", "instance")?,
        "dropout": options::dropout(case.hyper("use_dropout"))?,
    });
    let channels = [number(case, "in_channels")?, number(case, "out_channels")?];
    Ok(Mapping::new("predefined_resnet", channels, case, options))
}

pub fn pix2pix_unet(case: &Case) -> Result<Mapping, String> {
    let keys = ["input_nc", "output_nc", "num_downs", "ngf", "norm"];
    known_hypers(case, &[&keys[..], &["use_dropout", "dropout"]].concat())?;
    let options = json!({
        "base": number_or(case, "ngf", 64)?,
        "downs": number(case, "num_downs")?,
        "norm": norm(case, "norm")?,
        "dropout": dropout(case)?,
    });
    let channels = [number(case, "input_nc")?, number(case, "output_nc")?];
    Ok(Mapping::new("pix2pix_unet", channels, case, options))
}
