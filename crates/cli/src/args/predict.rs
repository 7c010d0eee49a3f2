//! Arguments of `coverslip predict`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;
use coverslip::{base::devices::DeviceKind, config::Blend, predict::OutputFormat};

use super::{OpenArguments, choice::choice, device, files::size};

/// Arguments of `coverslip predict`.
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The folder of a trained model
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Images (files, OME-Zarr folders, addresses), or folders of images
    #[arg(long, value_name = "FILE_OR_DIR", num_args = 1.., required = true)]
    pub input: Vec<PathBuf>,
    /// How images are opened.
    #[command(flatten)]
    pub open: OpenArguments,
    /// The folder for the predictions
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// What to predict on
    #[arg(long, value_name = "NAME", value_parser = device(), default_value = "cpu")]
    pub device: DeviceKind,
    /// Side of the tiles in pixels; left out, the model's own
    #[arg(long, value_name = "PIXELS", value_parser = side)]
    pub tile: Option<usize>,
    /// Share of a tile that the next one covers again, 0 to below 1; left out, the model's own
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub overlap: Option<f64>,
    /// How tiles are joined; left out, the model's own
    #[arg(long, value_parser = blends())]
    pub blend: Option<Blend>,
    /// Write one channel of probabilities a class instead of labels
    #[arg(long)]
    pub probabilities: bool,
    /// The format of the predictions; left out, OME-Zarr for OME-Zarr and TIFF for all others
    #[arg(long, value_parser = formats(), value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
    /// How much memory the program may take; larger images are predicted part by part
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "2GiB")]
    pub memory: u64,
}

/// The formats of predictions.
fn formats() -> impl TypedValueParser<Value = OutputFormat> {
    choice(
        OutputFormat::word,
        [
            (OutputFormat::Tiff, Some("TIFF as ImageJ and Fiji write it")),
            (
                OutputFormat::OmeTiff,
                Some("TIFF with OME-XML, tiles and smaller copies"),
            ),
            (OutputFormat::OmeZarr, Some("OME-Zarr 0.5")),
        ],
    )
}

/// How tiles are joined.
fn blends() -> impl TypedValueParser<Value = Blend> {
    let gaussian = "The middle of a tile counts most, by a Gaussian";
    let constant = "All pixels of a tile count the same";
    let hann = "The middle of a tile counts most, by a raised cosine";
    let crop =
        "Each pixel comes from one tile, away from its edges: equal to a prediction in one piece";
    choice(
        Blend::word,
        [
            (Blend::Gaussian, Some(gaussian)),
            (Blend::Constant, Some(constant)),
            (Blend::Hann, Some(hann)),
            (Blend::Crop, Some(crop)),
        ],
    )
}

/// Reads the side of a tile.
fn side(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(side @ 1..=65536) => Ok(side),
        _ => Err("expected a whole number from 1 to 65536".to_owned()),
    }
}

/// Reads a share from 0 to below 1.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to below 1".to_owned()),
    }
}
