use serde_json::{Map, Value, json};

use super::{
    Case, Mapping, number,
    options::{norm_of, version},
};

pub fn unetr(case: &Case) -> Result<Mapping, String> {
    let mut options = options(case, |key, value| {
        Ok(match key {
            "img_size" => Some(("image_size", value.clone())),
            "feature_size" | "hidden_size" | "conv_block" | "res_block" | "qkv_bias" => {
                Some((key, value.clone()))
            }
            "mlp_dim" => Some(("mlp_size", value.clone())),
            "num_heads" => Some(("heads", value.clone())),
            // Its older name first.
            "pos_embed" | "proj_type" => Some(("projection", value.clone())),
            "norm_name" => Some(("norm", norm_of(value)?)),
            "dropout_rate" => Some(("dropout", value.clone())),
            "in_channels" | "out_channels" | "spatial_dims" | "save_attn" => None,
            _ => return Err(unknown(key)),
        })
    })?;
    options.insert("unused_norms".to_owned(), json!(version(case)? >= [1, 4]));
    let mut mapping = Mapping::new("unetr", channels(case)?, case, Value::Object(options));
    if version(case)? == [1, 4] {
        mapping.unused = Some(".cross_attn.");
    }
    Ok(mapping)
}

pub fn swin_unetr(case: &Case) -> Result<Mapping, String> {
    let mut options = options(case, |key, value| {
        Ok(match key {
            "feature_size" | "depths" | "qkv_bias" | "mlp_ratio" | "normalize" | "patch_norm" => {
                Some((key, value.clone()))
            }
            "num_heads" => Some(("heads", value.clone())),
            "window_size" => Some(("window", value.clone())),
            "downsample" => Some(("merging", value.clone())),
            "use_v2" => Some(("residual_stages", value.clone())),
            "norm_name" => Some(("norm", norm_of(value)?)),
            "drop_rate" => Some(("dropout", value.clone())),
            "attn_drop_rate" => Some(("attention_dropout", value.clone())),
            "dropout_path_rate" => Some(("path_dropout", value.clone())),
            "patch_size" if *value == 2 => None,
            // Memory and speed only; `img_size` is not used since any size can be computed.
            "in_channels"
            | "out_channels"
            | "spatial_dims"
            | "img_size"
            | "use_checkpoint"
            | "use_flash_attention" => None,
            _ => return Err(unknown(key)),
        })
    })?;
    let is_default = options
        .get("merging")
        .is_none_or(|merging| merging == "merging");
    if is_default && version(case)? < [1, 5] {
        options.insert("merging".to_owned(), json!("legacy"));
    }
    Ok(Mapping::new(
        "swin_unetr",
        channels(case)?,
        case,
        Value::Object(options),
    ))
}

/// Our options for the hyper-parameters of the case; those that are null are left out.
fn options<'a>(
    case: &'a Case,
    ours: impl Fn(&'a str, &'a Value) -> Result<Option<(&'a str, Value)>, String>,
) -> Result<Map<String, Value>, String> {
    let hyper = case.config["hyper"]
        .as_object()
        .ok_or("no hyper-parameters")?;
    let mut options = Map::new();
    for (key, value) in hyper.iter().filter(|(_, value)| !value.is_null()) {
        if let Some((ours, value)) = ours(key, value)? {
            options.insert(ours.to_owned(), value);
        }
    }
    Ok(options)
}

fn unknown(key: &str) -> String {
    format!("hyper-parameter {key} is not known here")
}

fn channels(case: &Case) -> Result<[usize; 2], String> {
    Ok([number(case, "in_channels")?, number(case, "out_channels")?])
}
