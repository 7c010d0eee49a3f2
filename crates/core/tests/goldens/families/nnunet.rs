use serde_json::{Value, json};

use super::{
    Case, Mapping, Output, number,
    options::{activation_of, flag, norm_of, only},
};

const SHARED: [&str; 17] = [
    "input_channels",
    "n_stages",
    "features_per_stage",
    "kernel_sizes",
    "strides",
    "num_classes",
    "n_conv_per_stage_decoder",
    "conv_op",
    "conv_bias",
    "norm_op",
    "norm_op_kwargs",
    "dropout_op",
    "dropout_op_kwargs",
    "nonlin",
    "nonlin_kwargs",
    "deep_supervision",
    "spatial_dims",
];

/// A value for each of `count` stages.
fn each(value: &Value, count: usize) -> Value {
    if value.is_number() {
        Value::from(vec![value.clone(); count])
    } else {
        value.clone()
    }
}

/// `[name, options]` of a layer whose options stand beside its name.
fn layer(case: &Case, name: &str, options: &str) -> Value {
    let name = match case.hyper(name) {
        Value::Null => json!("none"),
        name => name.clone(),
    };
    match case.hyper(options) {
        Value::Null => name,
        options => json!([name, options]),
    }
}

fn dropout(case: &Case) -> Result<f64, String> {
    if case.hyper("dropout_op").is_null() {
        return Ok(0.0);
    }
    case.hyper("dropout_op_kwargs")["p"]
        .as_f64()
        .ok_or_else(|| "dropout without p".to_owned())
}

fn shared(case: &Case) -> Result<Value, String> {
    let stages = number(case, "n_stages")?;
    let options = json!({
        "channels": each(case.hyper("features_per_stage"), stages),
        "kernels": each(case.hyper("kernel_sizes"), stages),
        "strides": each(case.hyper("strides"), stages),
        "decoder_convolutions": case.hyper("n_conv_per_stage_decoder"),
        "bias": flag(case, "conv_bias", false)?,
        "norm": norm_of(&layer(case, "norm_op", "norm_op_kwargs"))?,
        "activation": activation_of(&layer(case, "nonlin", "nonlin_kwargs"))?,
        "dropout": dropout(case)?,
        "deep_supervision": flag(case, "deep_supervision", false)?,
    });
    Ok(options)
}

fn mapping(case: &Case, network: &'static str, options: Value) -> Result<Mapping, String> {
    let channels = [
        number(case, "input_channels")?,
        number(case, "num_classes")?,
    ];
    let is_deep = flag(case, "deep_supervision", false)?;
    let mapping = Mapping::new(network, channels, case, options);
    if !is_deep {
        return Ok(mapping);
    }
    let coarser = (1..number(case, "n_stages")? - 1)
        .map(|level| Output::new(format!("/{level}"), format!("deep_{level}")));
    let outputs = std::iter::once(Output::new("/0", "main")).chain(coarser);
    Ok(mapping.with_outputs(outputs.collect()))
}

pub fn plain(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[&SHARED[..], &["n_conv_per_stage", "nonlin_first"]].concat(),
    )?;
    let mut options = shared(case)?;
    options["activation_first"] = flag(case, "nonlin_first", false)?.into();
    options["convolutions"] = case.hyper("n_conv_per_stage").clone();
    mapping(case, "nnunet_plain", options)
}

pub fn residual_encoder(case: &Case) -> Result<Mapping, String> {
    only(
        case,
        &[
            &SHARED[..],
            &[
                "n_blocks_per_stage",
                "stem_channels",
                "block",
                "bottleneck_channels",
            ],
        ]
        .concat(),
    )?;
    let mut options = shared(case)?;
    match case.hyper("block") {
        Value::Null => {}
        block if block == "BasicBlockD" => {}
        block if block == "BottleneckD" => {
            options["bottleneck_channels"] = case.hyper("bottleneck_channels").clone();
        }
        block => return Err(format!("the block {block} is not known")),
    }
    options["blocks"] = case.hyper("n_blocks_per_stage").clone();
    options["stem_channels"] = case.hyper("stem_channels").clone();
    mapping(case, "nnunet_resenc", options)
}
