//! What can be typed: the commands, their arguments and their help texts.

mod choice;
mod evaluate;
mod files;
mod networks;
mod predict;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use coverslip::base::devices::DeviceKind;

use choice::choice;
pub use evaluate::{Compared, EvaluateArguments};
pub use files::{
    CocoArguments, ConvertArguments, InfoArguments, OpArguments, OpenArguments, OutlineKind,
    OutlinesArguments,
};
pub use networks::{ExportArguments, FormatName, ImportArguments, NetworksArguments};
pub use predict::PredictArguments;

/// Train and apply image-to-image networks on microscopy images.
///
/// Segment, restore, predict: give a folder of images and a folder of targets, get a model, its
/// predictions and a report.
#[derive(Debug, Parser)]
#[command(name = "coverslip", version, arg_required_else_help = true, after_help = EXAMPLE)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
}

const EXAMPLE: &str = "\
Example: a first model of your own
  coverslip init nuclei-2d -o nuclei.yaml
  coverslip check nuclei.yaml --set data.train.source=IMAGES --set data.train.target=MASKS
  coverslip doctor";

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
pub struct GlobalArguments {
    /// Print results and errors only, no progress and no remarks
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print the result as one JSON object, the last line on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Threads for all parallel work; left out, every core is used
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "COVERSLIP_THREADS",
        hide_env_values = true,
        value_parser = threads,
    )]
    pub threads: Option<usize>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train on sample images, predict held-out ones, and write a report
    #[command(after_help = "Example:\n  coverslip demo --out demo")]
    Demo(DemoArguments),
    /// Train a network into a run folder
    #[command(after_help = "\
Example: instances of nuclei from a folder of images and a folder of label maps
  coverslip train nuclei-2d --set data.train.source=IMAGES --set data.train.target=MASKS --out run
  coverslip train run/config.yaml --out run --resume")]
    Train(TrainArguments),
    /// Predict images with a trained model
    #[command(
        after_help = "Example:\n  coverslip predict --model run/model --input IMAGES --output predictions"
    )]
    Predict(PredictArguments),
    /// Compare predictions with targets: table, summary with intervals, report
    #[command(after_help = "\
Example:
  coverslip evaluate --prediction predictions --target MASKS --task instance --input IMAGES --output report")]
    Evaluate(EvaluateArguments),
    /// List the presets: configs that come with coverslip
    #[command(after_help = "Example:\n  coverslip presets")]
    Presets,
    /// Write a preset as a commented config to start from
    #[command(after_help = "Example:\n  coverslip init nuclei-2d -o nuclei.yaml")]
    Init(InitArguments),
    /// Check a config and report everything that is wrong with it
    #[command(after_help = "Example:\n  coverslip check nuclei.yaml --set training.epochs=3")]
    Check(CheckArguments),
    /// Print the JSON Schema of configs, for editors
    #[command(after_help = "\
Example: completion and checks while you type
  coverslip schema > coverslip.schema.json
and as the first line of a config:
  # yaml-language-server: $schema=coverslip.schema.json")]
    Schema,
    /// Describe image files: axes, size, type, pixel size, channels, levels
    #[command(after_help = "\
Example:
  coverslip info stack.tif mask.png
  coverslip info image.ome.zarr --series labels/nuclei --json")]
    Info(InfoArguments),
    /// Convert an image into another format: all of it, a part, a projection, another type
    #[command(after_help = "\
Example:
  coverslip convert stack.tif stack.ome.zarr
  coverslip convert image.ome.zarr plane.png --crop t=0 --project z=max --channels 0 --dtype u8 --range 100,4000")]
    Convert(ConvertArguments),
    /// Do a classical operation on an image: filter, threshold, label, measure and more
    #[command(after_help = "\
Example:
  coverslip op
  coverslip op morphology
  coverslip op morphology cells.tif --set operation=gradient --set element.width=7 -o edges.tif
  coverslip op regions labels.tif -o regions.csv")]
    Op(OpArguments),
    /// Write the outlines of labelled objects for QuPath, ImageJ or tables
    #[command(after_help = "\
Example:
  coverslip outlines labels.tif nuclei.geojson --class Nucleus
  coverslip outlines labels.tif nuclei-rois.zip")]
    Outlines(OutlinesArguments),
    /// Make label images of COCO annotations, or COCO annotations of label images
    #[command(after_help = "\
Example:
  coverslip coco annotations.json labels
  coverslip coco labels annotations.json --category nucleus")]
    Coco(CocoArguments),
    /// Report what this machine offers: threads, CPU features, memory, devices
    #[command(after_help = "Example:\n  coverslip doctor --json")]
    Doctor,
    /// List the networks, or describe one: options, layers, parameters, memory
    #[command(after_help = "\
Example:
  coverslip networks
  coverslip networks fnet --summary --input 1,1,32,128,128
  coverslip networks unet --set base=64 --input 1,1,256,256 --diagram unet.svg")]
    Networks(NetworksArguments),
    /// Make a model package from weights that PyTorch trained
    #[command(after_help = "\
Example: the weights of a U-Net of milesial's, and of a 3D network of a config
  coverslip import unet.pth --network unet --target semantic -o model
  coverslip import last.ckpt --network '{fnet: {depth: 4}}' --set data.preprocess=[standard] -o model
  coverslip import checkpoint_final.pth --network config.yaml -o model
The file is only read: nothing that it asks for is run.")]
    Import(ImportArguments),
    /// Write the weights of a model for PyTorch or Keras
    #[command(after_help = "\
Example:
  coverslip export run/model --format safetensors --names torch -o weights.safetensors
and in Python:
  network.load_state_dict(safetensors.torch.load_file('weights.safetensors'))")]
    Export(ExportArguments),
    /// Measure how fast this machine trains and applies a U-Net
    #[command(after_help = "\
Example:
  coverslip bench
  coverslip bench --case training-3d --runs 9 --json")]
    Bench(BenchArguments),
}

/// Arguments of `coverslip bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// A case to measure; may be repeated. Left out: training and inference-512
    #[arg(long = "case", value_name = "NAME", value_parser = case_names())]
    pub cases: Vec<String>,
    /// The device to measure
    #[arg(long, value_name = "NAME", value_parser = device(), default_value = "cpu")]
    pub device: DeviceKind,
    /// Measured runs of each case
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub runs: u64,
}

/// The word for a device; whether it is there is found out when it is used.
fn device() -> impl TypedValueParser<Value = DeviceKind> {
    choice(DeviceKind::word, DeviceKind::ALL.map(|kind| (kind, None)))
}

fn case_names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        coverslip::inspect::speed::CASES
            .iter()
            .map(|case| clap::builder::PossibleValue::new(case.name).help(case.summary)),
    )
}

/// Arguments of `coverslip init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The preset to start from; `coverslip presets` lists them
    pub preset: String,
    /// The file to write; left out, the config is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// A config with changes.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// A config file, or the name of a preset
    #[arg(value_name = "CONFIG_OR_PRESET")]
    pub config: String,
    /// Changes of single settings, in the order given.
    #[arg(
        long = "set",
        value_name = "KEY=VALUE",
        help = "Change one setting, as in training.epochs=3 or loss[0].dice.weight=2; may be repeated"
    )]
    pub overrides: Vec<String>,
}

/// Arguments of `coverslip check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// What to check.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Print the config with every default written out
    #[arg(long)]
    pub resolved: bool,
}

/// Arguments of `coverslip demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The folder for everything that the demo makes
    #[arg(long, value_name = "DIR", default_value = "coverslip-demo")]
    pub out: PathBuf,
}

/// Arguments of `coverslip train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// What to train.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// The folder of the run: model, log, curves, pictures
    #[arg(long, value_name = "DIR", default_value = "run")]
    pub out: PathBuf,
    /// Go on with the run in that folder where it stopped
    #[arg(long)]
    pub resume: bool,
}

/// Reads a number of threads.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err("expected a whole number from 1 to 1024".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Arguments::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.starts_with("Example"), "{}", command.get_name());
        }
    }

    /// Parses the arguments of one command that is part of no `Command` here.
    fn parse<A: Args>(arguments: &[&str]) -> Result<A, clap::Error> {
        let command = A::augment_args(clap::Command::new("test").no_binary_name(true));
        A::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    #[test]
    fn train_takes_a_config_with_changes() {
        let train: TrainArguments = parse(&[
            "nuclei-2d",
            "--set",
            "seed=1",
            "--set",
            "training.epochs=3",
            "--resume",
        ])
        .unwrap();
        assert_eq!(train.config.config, "nuclei-2d");
        assert_eq!(train.config.overrides, ["seed=1", "training.epochs=3"]);
        assert_eq!(train.out, PathBuf::from("run"));
        assert!(train.resume);
    }

    #[test]
    fn predict_takes_several_inputs() {
        let predict: PredictArguments =
            parse(&["--model", "m", "--input", "a.tif", "b", "--output", "o"]).unwrap();
        assert_eq!(predict.input, [PathBuf::from("a.tif"), PathBuf::from("b")]);
        assert!(parse::<PredictArguments>(&["--model", "m", "--output", "o"]).is_err());
    }

    #[test]
    fn threads_are_a_small_whole_number() {
        assert_eq!(threads("8"), Ok(8));
        for text in ["0", "-1", "many", "1025", "1.5"] {
            assert!(threads(text).is_err(), "{text}");
        }
    }
}
