//! Arguments of the commands on networks and their weights.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, ValueEnum};
use coverslip::{model::export::Naming, names::TargetKind};

use super::choice::choice;

/// Arguments of `coverslip import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The weights: .pt, .pth, .ckpt or .safetensors
    pub file: PathBuf,
    /// The network they belong to: a config file, a preset, or a network of `coverslip networks`,
    /// alone or with options: unet, or '{fnet: {depth: 4}}'
    #[arg(long, value_name = "CONFIG")]
    pub network: String,
    /// The folder of the model package
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Changes of single settings, in the order given.
    #[arg(
        long = "set",
        value_name = "KEY=VALUE",
        help = "Change one setting, as in data.preprocess=[standard] or data.classes=3; may be repeated"
    )]
    pub overrides: Vec<String>,
    /// For a network by name: what its output means
    #[arg(long, value_parser = targets(), default_value = "image")]
    pub target: TargetKind,
    /// For a network by name: 2 or 3 spatial axes; left out, the kernels tell
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=3))]
    pub dimensions: Option<u8>,
    /// Channels of the input; left out, the config or the weights tell
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub in_channels: Option<u16>,
    /// Channels of the output; left out, the config or the weights tell
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub out_channels: Option<u16>,
    /// The entry of the file that holds the state dict, keys with dots between; left out, the only one
    #[arg(long)]
    pub key: Option<String>,
    /// Use the tensors whose names begin with this, without it; left out, what wrappers such as
    /// `DataParallel` put before all names is taken off
    #[arg(long, value_name = "PREFIX")]
    pub strip: Option<String>,
    /// Take what fits: tensors that are missing or of another shape keep first values, those left
    /// over are not used
    #[arg(long)]
    pub partial: bool,
    /// Replace the model package if there is one
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `coverslip export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The folder of the model
    pub model: PathBuf,
    /// The format of the file
    #[arg(long, value_enum, default_value_t = FormatName::Safetensors)]
    pub format: FormatName,
    /// Whose names and axes the tensors have; left out, those of the network's reference
    #[arg(long, value_parser = namings())]
    pub names: Option<Naming>,
    /// The file to write
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "weights.safetensors"
    )]
    pub output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// The formats that `coverslip export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// One file of tensors by name
    Safetensors,
}

/// Arguments of `coverslip networks`.
#[derive(Debug, Args)]
pub struct NetworksArguments {
    /// The network to describe; left out, all are listed
    pub name: Option<String>,
    /// Print the table of its layers
    #[arg(long, requires = "name")]
    pub summary: bool,
    /// The input, batch and channels first: 1,1,256,256 or, for a stack, 1,1,32,128,128
    #[arg(long, value_name = "SIZES")]
    pub input: Option<InputSizes>,
    /// Channels of the output
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub out_channels: u16,
    /// Change an option: base=64
    #[arg(long = "set", value_name = "OPTION=VALUE", requires = "name")]
    pub overrides: Vec<String>,
    /// Draw the network into an SVG file; without a name all networks, into a folder
    #[arg(long, value_name = "PATH", conflicts_with = "time")]
    pub diagram: Option<PathBuf>,
    /// Measure training steps on the input
    #[arg(long, requires = "name", requires = "input")]
    pub time: bool,
    /// Measured steps
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub runs: u64,
    /// Print tables in Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// Sizes `[N, C, Z, Y, X]` of an input, written with commas between them, Z left out for planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSizes(pub [usize; 5]);

impl std::str::FromStr for InputSizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sizes: Result<Vec<usize>, _> =
            text.split(',').map(|size| size.trim().parse()).collect();
        match sizes.as_deref() {
            Ok(sizes) if sizes.iter().any(|size| !(1..=1 << 16).contains(size)) => {
                Err("every size is from 1 to 65536".to_owned())
            }
            Ok(&[n, c, y, x]) => Ok(Self([n, c, 1, y, x])),
            Ok(&[n, c, z, y, x]) => Ok(Self([n, c, z, y, x])),
            _ => {
                Err("expected 4 or 5 sizes, such as 1,1,256,256 (batch, channels, y, x)".to_owned())
            }
        }
    }
}

/// What the output of an imported network means.
fn targets() -> impl TypedValueParser<Value = TargetKind> {
    let image = "Intensities: predictions are the values that the network gives";
    let semantic = "A score for each class: predictions are classes";
    let instance = "Scores of background, inside and border: predictions are objects";
    choice(
        TargetKind::word,
        [
            (TargetKind::Image, Some(image)),
            (TargetKind::Semantic, Some(semantic)),
            (TargetKind::Instance, Some(instance)),
        ],
    )
}

/// Whose names exported tensors have.
fn namings() -> impl TypedValueParser<Value = Naming> {
    let torch = "`PyTorch`: layer.weight, kernels `[out, in, y, x]`";
    let keras = "Keras: layer/kernel, kernels `[y, x, in, out]`";
    choice(
        Naming::word,
        [(Naming::Torch, Some(torch)), (Naming::Keras, Some(keras))],
    )
}
