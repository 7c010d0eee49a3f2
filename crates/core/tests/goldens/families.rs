//! Which of our networks a reference class is, and how its hyper-parameters are called here.

#[path = "families/dlsia.rs"]
mod dlsia;
#[path = "families/gan.rs"]
mod gan;
#[path = "families/keras.rs"]
mod keras;
#[path = "families/mmv.rs"]
mod mmv;
#[path = "families/monai.rs"]
mod monai;
#[path = "families/nnunet.rs"]
mod nnunet;
#[path = "families/options.rs"]
mod options;
#[path = "families/transformers.rs"]
mod transformers;
#[path = "families/unet.rs"]
mod unet;

use coverslip_nets::NetworkIo;
use serde_json::Value;

use super::case::Case;

/// A reference's network as ours.
pub struct Mapping {
    /// The name in the registry.
    pub network: &'static str,
    /// Our options.
    pub options: Value,
    pub io: NetworkIo,
    /// What precedes every name in the case's files.
    pub prefix: &'static str,
    /// The inputs beside the main one: our name and the case's.
    pub inputs: Vec<(String, String)>,
    /// Tensors of the case that are joined along the channels to make the main input.
    pub main_input: Vec<String>,
    /// Whether the reference was run a second time without its target, which counts in the running
    /// statistics.
    pub runs_again: bool,
    /// A part of the names of parameters that the reference has and computes nothing with.
    pub unused: Option<&'static str>,
    /// The outputs with running statistics.
    pub outputs: Vec<Output>,
    /// The outputs with batch statistics, where they differ.
    pub train_outputs: Option<Vec<Output>>,
}

/// One output of a case.
pub struct Output {
    /// What follows `output` in the name of the case's tensor: empty, or `/0`.
    pub suffix: String,
    /// Our maps: `main` or a name; several are stacked along a new second axis.
    pub ours: Vec<String>,
}

impl Output {
    pub fn new(suffix: impl Into<String>, ours: impl Into<String>) -> Self {
        let (suffix, ours) = (suffix.into(), vec![ours.into()]);
        Self { suffix, ours }
    }
}

impl Mapping {
    /// A network from the input `input` to one output.
    pub fn new(network: &'static str, channels: [usize; 2], case: &Case, options: Value) -> Self {
        Self {
            network,
            options,
            io: NetworkIo {
                in_channels: channels[0],
                out_channels: channels[1],
                dimensions: case.dimensions(),
            },
            prefix: "",
            inputs: Vec::new(),
            runs_again: false,
            unused: None,
            main_input: vec!["input".to_owned()],
            outputs: vec![Output::new("", "main")],
            train_outputs: None,
        }
    }

    /// The same with other outputs.
    pub fn with_outputs(self, outputs: Vec<Output>) -> Self {
        Self { outputs, ..self }
    }
}

/// Refuses hyper-parameters that a mapping does not know.
pub fn check_known(case: &Case, known: &[&str]) -> Result<(), String> {
    let keys = case.config["hyper"]
        .as_object()
        .into_iter()
        .flat_map(|hyper| hyper.keys());
    match keys.into_iter().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("the hyper-parameter {key} is not known")),
        None => Ok(()),
    }
}

/// A hyper-parameter that is a whole number.
pub fn number(case: &Case, key: &str) -> Result<usize, String> {
    let value = case.hyper(key);
    let fault = || format!("hyper-parameter {key} is {value}");
    value
        .as_u64()
        .map(|number| number as usize)
        .ok_or_else(fault)
}

/// A hyper-parameter that may be left out.
pub fn number_or(case: &Case, key: &str, default: usize) -> Result<usize, String> {
    if case.hyper(key).is_null() {
        Ok(default)
    } else {
        number(case, key)
    }
}

/// Refuses hyper-parameters beside the `known` ones.
pub fn known_hypers(case: &Case, known: &[&str]) -> Result<(), String> {
    let hypers = case.config["hyper"].as_object();
    let unknown = hypers.and_then(|all| all.keys().find(|key| !known.contains(&key.as_str())));
    match unknown {
        Some(key) => Err(format!("unknown hyper-parameter {key}")),
        None => Ok(()),
    }
}

/// The network of a case.
pub fn mapping(case: &Case) -> Result<Mapping, String> {
    match case.kind() {
        "MilesialUNet" => unet::milesial(case),
        "TUNet" => dlsia::tunet(case),
        "TUNet2022" => dlsia::tunet_2022(case),
        "MixedScaleDenseNetwork" => dlsia::msdnet(case),
        "Net" => mmv::fnet(case),
        "AicsUNet3D" => mmv::aics(case),
        "BranchedERFNet" | "BranchedERFNet_2d" | "BranchedERFNet_3d" => mmv::erfnet(case),
        "ProbabilisticUNet" => mmv::probabilistic(case),
        "BasicUNet" => monai::basic_unet(case),
        "UNet" => monai::unet(case),
        "AttentionUnet" => monai::attention_unet(case),
        "DynUNet" => monai::dynunet(case),
        "HighResNet" => monai::highresnet(case),
        "PlainConvUNet" => nnunet::plain(case),
        "ResidualEncoderUNet" => nnunet::residual_encoder(case),
        "SwinUNETR" => transformers::swin_unetr(case),
        "UNETR" => transformers::unetr(case),
        "NLayerDiscriminator" => gan::patch_gan(case),
        "patch_discriminator" => gan::mmv_patch_discriminator(case),
        "multiscale_discriminator" => gan::multiscale_discriminator(case),
        "HDDiscriminator" => gan::hd_discriminator(case),
        "ResnetGenerator" => gan::resnet_generator(case),
        "preset_generator_resent" => gan::predefined_resnet(case),
        "UnetGenerator" => gan::pix2pix_unet(case),
        name if name.starts_with("seed004_unet") => keras::chained_unet(case),
        name if name.starts_with("seed004_discriminator") => keras::patch_discriminator(case),
        name if name.starts_with("mask_gan_generator") => keras::mask_generator(case),
        name if name.starts_with("mask_gan_discriminator") => keras::mask_discriminator(case),
        kind => Err(format!("no network here is known to be a {kind}")),
    }
}
