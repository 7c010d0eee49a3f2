//! What the metadata of an ND2 file say about its frames.

use super::variant::Value;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::raw::FileBytes;
use crate::image::{Channel, Metadata, PixelSize};

/// Nested loops of real files are at most four.
const MOST_LOOPS: usize = 8;

/// More samples a pixel than any spectral detector has.
const MOST_COMPONENTS: usize = 4096;

/// Deflate packs at most 1032 to 1.
const LARGEST_RATIO: u64 = 1032;

/// The size and packing of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples a pixel, all channels together.
    pub(super) components: usize,
    pub(super) row_bytes: usize,
    pub(super) frames: usize,
    pub(super) dtype: DType,
    pub(super) is_packed: bool,
}

impl Attributes {
    pub(super) fn new(file: &FileBytes, value: &Value) -> Result<Attributes, ImageError> {
        let value = value.get("SLxImageAttributes").unwrap_or(value);
        let count = |name: &str| {
            let missing = || file.malformed(format!("its attributes have no valid {name}"));
            let count = value
                .count(&[name])
                .filter(|&n| n > 0 && u32::try_from(n).is_ok());
            count.ok_or_else(missing)
        };
        let dtype = match (count("BpcInMemory")?, value.count(&["PixelType"])) {
            (8, _) => DType::UInt8,
            (16, _) => DType::UInt16,
            (32, Some(2)) => DType::Float32,
            (32, _) => DType::UInt32,
            (bits, _) => return Err(file.unsupported(format!("it has samples of {bits} bits"))),
        };
        let attributes = Attributes {
            width: count("Width")?,
            height: count("Height")?,
            components: count("Comp")?,
            row_bytes: count("WidthBytes")?,
            frames: count("SequenceCount")?,
            dtype,
            is_packed: match value.count(&["Compression"]) {
                Some(0) => true,
                Some(1) => return Err(file.unsupported("its frames are packed with loss")),
                _ => false,
            },
        };
        if attributes.components > MOST_COMPONENTS {
            return Err(file.malformed(format!(
                "it says to have {} channels",
                attributes.components
            )));
        }
        let least = (attributes.width as u128)
            .saturating_mul(attributes.components as u128)
            .saturating_mul(dtype.bytes() as u128);
        if least > attributes.row_bytes as u128 {
            return Err(file.malformed("its rows are longer than it says"));
        }
        let ratio = if attributes.is_packed {
            LARGEST_RATIO
        } else {
            1
        };
        let frame = attributes.row_bytes as u64 * attributes.height as u64;
        if frame / ratio > file.length() {
            return Err(file.malformed(format!(
                "a frame of {frame} bytes does not fit into its {} bytes",
                file.length()
            )));
        }
        Ok(attributes)
    }

    /// The bytes of a pixel.
    pub(super) fn pixel_bytes(&self) -> usize {
        self.components * self.dtype.bytes()
    }
}

/// What a loop of the acquisition goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopKind {
    Time,
    Position,
    Section,
}

/// A loop of the acquisition: how often it runs, and its step in seconds or micrometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) count: usize,
    pub(super) step: Option<f64>,
}

/// The loops from the outermost to the innermost. `None` if one is of an unknown kind.
pub(super) fn loops(value: &Value) -> Option<Vec<Loop>> {
    let mut loops = Vec::new();
    let mut level = value.get("SLxExperiment");
    while let Some(experiment) = level.filter(|_| loops.len() < MOST_LOOPS) {
        let parameters = experiment.get("LoopPars").unwrap_or(experiment);
        // Some versions wrap the parameters.
        let parameters = match parameters.items() {
            [(_, inner @ Value::Level(_))] => inner,
            _ => parameters,
        };
        let count = parameters.count(&["Count"]).filter(|&count| count > 0);
        let (kind, step) = match experiment.count(&["Type"]) {
            Some(1) => (LoopKind::Time, milliseconds(parameters)),
            Some(8) => (LoopKind::Time, periods(parameters)),
            Some(2) => (LoopKind::Position, None),
            Some(4) => (LoopKind::Section, parameters.number(&["ZStep"])),
            _ => return None,
        };
        let count = match (kind, experiment.get("ItemValid")) {
            // Positions may be switched off.
            (LoopKind::Position, Some(Value::Bytes(valid))) => {
                valid.iter().filter(|&&flag| flag != 0).count().max(1)
            }
            _ => count?,
        };
        let step = step.filter(|step| step.is_finite() && *step > 0.0);
        loops.push(Loop { kind, count, step });
        level = experiment
            .get("NextLevelEx")
            .and_then(|next| Some(&next.items().first()?.1));
    }
    Some(loops)
}

fn milliseconds(parameters: &Value) -> Option<f64> {
    Some(parameters.number(&["Period"])? / 1000.0)
}

/// The step of a time loop of several phases, if it has one.
fn periods(parameters: &Value) -> Option<f64> {
    match parameters.get("Period")?.items() {
        [(_, period)] => milliseconds(period),
        _ => None,
    }
}

/// Names, colours and wavelengths of channels, and how many samples each has.
pub(super) fn channels(value: &Value) -> Vec<(Channel, usize)> {
    let planes = value.path(&["SLxPictureMetadata", "PicturePlanes"]);
    let list = planes.and_then(|planes| planes.get("PlaneNew").or_else(|| planes.get("Plane")));
    let Some(list) = list else {
        return Vec::new();
    };
    let channel = |plane: &Value| {
        let filters = plane.path(&["FilterPath", "Filter"]);
        let filter = filters.and_then(|filters| Some(&filters.items().first()?.1));
        Channel {
            name: plane.text(&["Description"]).unwrap_or_default().to_owned(),
            color: plane.count(&["Color"]).map(|colour| {
                let [red, green, blue, _] = (colour as u32).to_le_bytes();
                [red, green, blue]
            }),
            window: None,
            excitation: filter.and_then(|filter| wavelength(filter.get("ExcitationSpectrum")?)),
            emission: filter.and_then(|filter| wavelength(filter.get("EmissionSpectrum")?)),
        }
    };
    let planes = list.items().iter();
    planes
        .map(|(_, plane)| (channel(plane), plane.count(&["CompCount"]).unwrap_or(1)))
        .collect()
}

/// The wavelength of a spectrum of one point.
fn wavelength(spectrum: &Value) -> Option<f64> {
    match spectrum.get("Point")?.items() {
        [(_, point)] => point.number(&["Wavelength"]).filter(|nm| *nm > 0.0),
        _ => None,
    }
}

/// Sizes, times and the objective, without the channels.
pub(super) fn metadata(picture: &Value, calibration: &Value, loops: &[Loop]) -> Metadata {
    let step = |kind| {
        loops
            .iter()
            .find(|one| one.kind == kind)
            .and_then(|one| one.step)
    };
    let picture = picture.get("SLxPictureMetadata").unwrap_or(picture);
    let side = picture
        .number(&["Calibration"])
        .or_else(|| calibration.number(&["SLxCalibration", "Calibration"]));
    let size = PixelSize {
        z: step(LoopKind::Section),
        y: side,
        x: side,
    };
    Metadata {
        pixel_size: size.plausible(),
        time_step: step(LoopKind::Time),
        numerical_aperture: picture.number(&["ObjectiveNA"]).filter(|na| *na > 0.0),
        ..Metadata::default()
    }
}
