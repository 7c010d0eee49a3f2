//! Arguments of the commands on image files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use coverslip::tools::convert::Span;
use coverslip_algorithms::measure::coco::OverlapRule;
use coverslip_image::format::{Compression, Flavour, Limits, OpenOptions};
use coverslip_image::source::view::Projection;
use coverslip_image::{Axes, Axis, DType};

/// How image files are opened.
#[derive(Clone, Debug, Args)]
pub struct OpenArguments {
    /// Which image of a file with several: its name or number, as `coverslip info` lists them
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// The largest size of pixels read at once, such as 16GiB
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "8GiB")]
    pub limit: u64,
}

impl OpenArguments {
    /// The library's options.
    pub fn options(&self) -> OpenOptions {
        OpenOptions {
            limits: Limits { bytes: self.limit },
            series: self.series.clone(),
        }
    }
}

/// Arguments of `coverslip info`.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// Image files, OME-Zarr folders, or their addresses (https://..., s3://...)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How they are opened.
    #[command(flatten)]
    pub open: OpenArguments,
}

/// Arguments of `coverslip convert`.
#[derive(Clone, Debug, Args)]
pub struct ConvertArguments {
    /// The image: a file, an OME-Zarr folder, or an address (https://..., s3://...)
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The file or folder to write; its extension names the format: .ome.tif, .tif, .ome.zarr, .png
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How the input is opened.
    #[command(flatten)]
    pub open: OpenArguments,
    /// The resolution level of the input; 0 is the full one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub level: usize,
    /// What the input's axes are, where the file does not say so rightly, such as tyx
    #[arg(long, value_name = "AXES")]
    pub input_axes: Option<Axes>,
    /// A part along an axis, such as z=10:50, y=:512 or t=3; may be repeated
    #[arg(long, value_name = "AXIS=START:END", value_parser = crop)]
    pub crop: Vec<(Axis, Span)>,
    /// The channels to keep, counted from 0, in this order
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub channels: Option<Vec<usize>>,
    /// An axis to project away, such as z=max; may be repeated
    #[arg(long, value_name = "AXIS=HOW", value_parser = project, help = "An axis to project away by max, min, mean, sum or middle, such as z=max; may be repeated")]
    pub project: Vec<(Axis, Projection)>,
    /// The sample type of the output: u8, u16, u32, u64, i8 to i64, f32, f64
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DType>,
    /// The intensities that become the lowest and highest value of the type (0 and 1 for floats);
    /// left out, values stay what they are
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true)]
    pub range: Option<[f64; 2]>,
    /// The order of the output's axes, such as tczyx
    #[arg(long, value_name = "AXES")]
    pub axes: Option<Axes>,
    /// The samples are labels: smaller copies take pixels and never average them
    #[arg(long)]
    pub labels: bool,
    /// The layout of the output; left out, its extension tells
    #[arg(long = "as", value_enum, value_name = "LAYOUT")]
    pub flavour: Option<FlavourName>,
    /// How the pixels of the output are packed
    #[arg(long, value_enum, value_name = "CODEC")]
    pub compression: Option<CompressionName>,
    /// The edge of the output's tiles or chunks in pixels
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(16..))]
    pub tile: Option<u16>,
    /// Whether smaller copies are written; left out, for large images
    #[arg(long, value_name = "BOOL")]
    pub pyramid: Option<bool>,
    /// Go on where an interrupted conversion into an OME-Zarr stopped
    #[arg(long)]
    pub resume: bool,
    /// How much memory the conversion may take
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "2GiB")]
    pub memory: u64,
}

/// Arguments of `coverslip op`.
#[derive(Debug, Args)]
pub struct OpArguments {
    /// The operation; left out, all are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The images that it works on; left out, the operation is described
    #[arg(value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// The image to write, or for an operation that measures the table (.csv)
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Changes of single options.
    #[arg(
        long = "set",
        value_name = "KEY=VALUE",
        help = "Change one option, as in sigma=2 or element.width=7; may be repeated"
    )]
    pub overrides: Vec<String>,
    /// How the images are opened.
    #[command(flatten)]
    pub open: OpenArguments,
}

/// Arguments of `coverslip coco`.
#[derive(Debug, Args)]
pub struct CocoArguments {
    /// Annotations (.json), or a label image or a folder of them
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The folder for label images, one for each image of the annotations; or the annotations (.json)
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// To label images: which of several objects gets a pixel that they share
    #[arg(long, value_enum, default_value_t = OverlapName::Last)]
    pub overlap: OverlapName,
    /// To label images: write the class of each pixel, from 1 in the order of the categories' numbers, and not its
    /// object
    #[arg(long)]
    pub classes: bool,
    /// To annotations: write compressed run lengths and no polygons
    #[arg(long)]
    pub runs: bool,
    /// To annotations: the category of the objects
    #[arg(long, value_name = "NAME", default_value = "object")]
    pub category: String,
}

/// Which of several objects gets a pixel that they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OverlapName {
    /// The last one of the file
    Last,
    /// The first one of the file
    First,
    /// The smallest one
    Smallest,
}

impl From<OverlapName> for OverlapRule {
    fn from(name: OverlapName) -> Self {
        match name {
            OverlapName::Last => Self::LastWins,
            OverlapName::First => Self::FirstWins,
            OverlapName::Smallest => Self::SmallOnTop,
        }
    }
}

/// Arguments of `coverslip outlines`.
#[derive(Debug, Args)]
pub struct OutlinesArguments {
    /// The label image
    #[arg(value_name = "LABELS")]
    pub labels: PathBuf,
    /// The file to write: .geojson (QuPath), .zip (ImageJ regions), .csv, or .txt (Cellpose)
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How the image is opened.
    #[command(flatten)]
    pub open: OpenArguments,
    /// GeoJSON: what QuPath makes of the objects
    #[arg(long, value_enum, default_value_t = OutlineKind::Detection)]
    pub kind: OutlineKind,
    /// GeoJSON: the class of the objects
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,
}

/// Objects of QuPath.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutlineKind {
    /// Many small ones, such as nuclei
    Detection,
    /// A few that people edit
    Annotation,
}

/// Layouts of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FlavourName {
    /// TIFF with OME-XML, tiles and smaller copies
    OmeTiff,
    /// TIFF as ImageJ and Fiji write it
    Imagej,
    /// OME-Zarr 0.4 on Zarr version 2
    #[value(name = "ome-zarr-0.4")]
    OmeZarr04,
    /// OME-Zarr 0.5 on Zarr version 3
    #[value(name = "ome-zarr-0.5")]
    OmeZarr05,
}

impl From<FlavourName> for Flavour {
    fn from(name: FlavourName) -> Flavour {
        match name {
            FlavourName::OmeTiff => Flavour::OmeTiff,
            FlavourName::Imagej => Flavour::ImagejTiff,
            FlavourName::OmeZarr04 => Flavour::OmeZarr04,
            FlavourName::OmeZarr05 => Flavour::OmeZarr05,
        }
    }
}

/// How pixels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompressionName {
    /// Not at all
    None,
    /// LZW: TIFF
    Lzw,
    /// Deflate: TIFF, PNG, Zarr (gzip)
    Deflate,
    /// Zstandard: TIFF, Zarr
    Zstd,
    /// Zstandard after a shuffle of bits: Zarr
    Blosc,
}

impl From<CompressionName> for Compression {
    fn from(name: CompressionName) -> Compression {
        match name {
            CompressionName::None => Compression::None,
            CompressionName::Lzw => Compression::Lzw,
            CompressionName::Deflate => Compression::Deflate,
            CompressionName::Zstd => Compression::Zstd,
            CompressionName::Blosc => Compression::Blosc,
        }
    }
}

fn axis(text: &str) -> Result<Axis, String> {
    let mut letters = text.chars();
    match (letters.next().and_then(Axis::from_letter), letters.next()) {
        (Some(axis), None) => Ok(axis),
        _ => Err(format!(
            "`{text}` is no axis; expected one of t, c, z, y and x"
        )),
    }
}

fn crop(text: &str) -> Result<(Axis, Span), String> {
    let expected = || "expected AXIS=START:END, such as z=10:50".to_owned();
    let (name, bounds) = text.split_once('=').ok_or_else(expected)?;
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| expected());
    let bounds = match bounds.split_once(':') {
        None => {
            let start = number(bounds)?;
            Span {
                start,
                end: Some(start.saturating_add(1)),
            }
        }
        Some((start, end)) => Span {
            start: if start.trim().is_empty() {
                0
            } else {
                number(start)?
            },
            end: if end.trim().is_empty() {
                None
            } else {
                Some(number(end)?)
            },
        },
    };
    Ok((axis(name.trim())?, bounds))
}

fn project(text: &str) -> Result<(Axis, Projection), String> {
    let expected = || "expected AXIS=HOW, such as z=max (max, min, mean, sum, middle)".to_owned();
    let (name, how) = text.split_once('=').ok_or_else(expected)?;
    let projection = match how.trim() {
        "max" => Projection::Max,
        "min" => Projection::Min,
        "mean" => Projection::Mean,
        "sum" => Projection::Sum,
        "middle" => Projection::Middle,
        _ => return Err(expected()),
    };
    Ok((axis(name.trim())?, projection))
}

fn range(text: &str) -> Result<[f64; 2], String> {
    let expected = || "expected two numbers, such as 100,4000".to_owned();
    let (low, high) = text.split_once(',').ok_or_else(expected)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| expected());
    Ok([number(low)?, number(high)?])
}

/// Reads a size in bytes: `2GiB`, `500MB`, `1073741824`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let expected = || "expected a size such as 2GiB, 500MB or a number of bytes".to_owned();
    let text = text.trim();
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    let bytes = number * factor as f64;
    if (1.0..=1e18).contains(&bytes) {
        Ok(bytes as u64)
    } else {
        Err(expected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("1.5 G"), Ok(3 << 29));
        assert_eq!(size("500MB"), Ok(500_000_000));
        assert_eq!(size("77"), Ok(77));
        for text in ["", "GiB", "2 pounds", "-1", "0", "1e400"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ends_of_a_crop_may_be_left_out() {
        let on = |text| crop(text).map(|(axis, bounds)| (axis, bounds.on(20)));
        assert_eq!(on("z=3:7"), Ok((Axis::Z, 3..7)));
        assert_eq!(on("y=:7"), Ok((Axis::Y, 0..7)));
        assert_eq!(on("x=7:"), Ok((Axis::X, 7..20)));
        assert_eq!(on("t=7"), Ok((Axis::T, 7..8)));
        for text in ["z", "q=1:2", "z=a:b", "z=-1:2", "zz=1"] {
            assert!(crop(text).is_err(), "{text}");
        }
    }
}
