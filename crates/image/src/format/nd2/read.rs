//! Opening ND2 files and reading regions of them.

use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use ndarray::{ArrayD, s};

use super::chunks::{Chunk, Map, map};
use super::metadata::{Attributes, Loop, LoopKind, channels, loops, metadata};
use super::variant::Value;
use crate::axes::Axis;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::png::colour_names;
use crate::format::raw::{FileBytes, Layout, Stored, axes_of, keep_axes, series, unpack};
use crate::format::{Limits, OpenOptions};
use crate::image::{Channel, Image, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// A file that lacks so many times more frames than it has is taken for damaged.
const LARGEST_GAPS: usize = 4096;

/// Every frame begins with the time of its exposure.
const TIME_BYTES: u64 = 8;

#[derive(Clone)]
pub(super) struct Nd2Source {
    file: Arc<FileBytes>,
    chunks: Arc<Map>,
    info: ImageInfo,
    limits: Limits,
    attributes: Attributes,
    loops: Vec<Loop>,
    /// Which stage position is read.
    position: usize,
}

impl Nd2Source {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Nd2Source, ImageError> {
        let file = FileBytes::open(path)?;
        let chunks = map(&file)?;
        let value = |name: &str| match chunks.get(name) {
            Some(&place) => Ok(Value::parse(&Chunk::find(&file, place)?.read(&file)?)),
            None => Ok(Value::Level(Vec::new())),
        };
        if !chunks.contains_key("ImageAttributesLV!") {
            return Err(file.unsupported("it is ND2 of a version before 3"));
        }
        let attributes = Attributes::new(&file, &value("ImageAttributesLV!")?)?;
        let mut warnings = Vec::new();
        check_frames(&file, &chunks, attributes.frames, &mut warnings)?;
        let loops = frame_loops(
            &value("ImageMetadataLV!")?,
            attributes.frames,
            &mut warnings,
        );
        let one_of = |kind| loops.iter().find(|one| one.kind == kind);
        let length = |kind| one_of(kind).map_or(1, |one| one.count);
        let positions = length(LoopKind::Position);
        let names: Vec<String> = (0..positions).map(|number| number.to_string()).collect();
        let position = series(path, &names, options.series.as_deref())?;
        let lengths = [
            length(LoopKind::Time),
            attributes.components,
            length(LoopKind::Section),
            attributes.height,
            attributes.width,
        ];
        let (axes, shape) = axes_of(lengths);
        let mut info = ImageInfo::new(path, "ND2", axes, shape, attributes.dtype);
        let picture = value("ImageMetadataSeqLV|0!")?;
        info.metadata = metadata(&picture, &value("ImageCalibrationLV|0!")?, &loops);
        info.metadata.channels = describe(channels(&picture), attributes.components);
        packing(&mut info, &attributes);
        info.pages = attributes.frames;
        info.series = names;
        info.warnings = warnings;
        Ok(Nd2Source {
            file: Arc::new(file),
            chunks: Arc::new(chunks),
            info,
            limits: options.limits,
            attributes,
            loops,
            position,
        })
    }

    /// The number of a frame in the order of acquisition.
    fn frame(&self, t: usize, z: usize) -> usize {
        self.loops.iter().fold(0, |frame, one| {
            let at = match one.kind {
                LoopKind::Time => t,
                LoopKind::Section => z,
                LoopKind::Position => self.position,
            };
            frame * one.count + at
        })
    }

    fn read_typed<T: Stored>(&self, region: &Region) -> Result<Pixels, ImageError> {
        let ranges = Axis::ALL.map(|axis| region.range(axis, self.info.len_of(axis)));
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let mut out = ArrayD::from_elem(shape, T::default());
        let [times, channels, sections, y, x] = ranges;
        for (to_t, t) in times.enumerate() {
            for (to_z, z) in sections.clone().enumerate() {
                let Some(rows) = self.rows(self.frame(t, z), y.clone())? else {
                    continue;
                };
                for (to_c, c) in channels.clone().enumerate() {
                    let layout = Layout {
                        row_bytes: self.attributes.row_bytes,
                        pixel_bytes: self.attributes.pixel_bytes(),
                        sample: c * self.attributes.dtype.bytes(),
                    };
                    let place = s![to_t, to_c, to_z, .., ..];
                    unpack(&rows, layout, x.clone(), out.slice_mut(place));
                }
            }
        }
        Ok(keep_axes(out, &self.info.axes))
    }

    /// The rows of a frame as they lie in memory; `None` if the file does not have it.
    fn rows(&self, frame: usize, y: Range<usize>) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(&place) = self.chunks.get(&frame_name(frame)) else {
            return Ok(None);
        };
        let chunk = Chunk::find(&self.file, place)?;
        let row_bytes = self.attributes.row_bytes as u64;
        let (start, length) = (y.start as u64 * row_bytes, y.len() as u64 * row_bytes);
        let short = || {
            self.file
                .malformed(format!("frame {frame} ends before its last pixel"))
        };
        let data = chunk.length.checked_sub(TIME_BYTES).ok_or_else(short)?;
        if self.attributes.is_packed {
            self.check_memory(start + length)?;
            let packed = self.file.read(chunk.start + TIME_BYTES, data)?;
            let mut rows = Vec::new();
            let taken = ZlibDecoder::new(&packed[..])
                .take(start + length)
                .read_to_end(&mut rows)
                .map_err(|_| self.file.malformed(format!("frame {frame} is damaged")))?;
            if (taken as u64) < start + length {
                return Err(short());
            }
            return Ok(Some(rows.split_off(start as usize)));
        }
        if start + length > data {
            return Err(short());
        }
        self.file
            .read(chunk.start + TIME_BYTES + start, length)
            .map(Some)
    }

    fn check_memory(&self, needed: u64) -> Result<(), ImageError> {
        if needed > self.limits.bytes {
            return Err(ImageError::OverLimit {
                path: self.info.path.clone(),
                needed: needed.into(),
                limit: self.limits.bytes,
            });
        }
        Ok(())
    }
}

impl Source for Nd2Source {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        self.info.check_limit(&shape, self.limits.bytes)?;
        let pixels = match self.info.dtype {
            DType::UInt8 => self.read_typed::<u8>(region),
            DType::UInt16 => self.read_typed::<u16>(region),
            DType::UInt32 => self.read_typed::<u32>(region),
            _ => self.read_typed::<f32>(region),
        }?;
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

fn frame_name(frame: usize) -> String {
    format!("ImageDataSeq|{frame}!")
}

/// What is unpacked at once, and how it is packed.
fn packing(info: &mut ImageInfo, attributes: &Attributes) {
    let length = |axis| match axis {
        Axis::T | Axis::Z => 1,
        Axis::Y if !attributes.is_packed => 1,
        axis => info.len_of(axis),
    };
    info.block = info.axes.iter().map(length).collect();
    if attributes.is_packed {
        "deflate".clone_into(&mut info.compression);
    }
}

/// Tells of missing frames.
fn check_frames(
    file: &FileBytes,
    chunks: &Map,
    frames: usize,
    warnings: &mut Vec<String>,
) -> Result<(), ImageError> {
    let number = |name: &String| -> Option<usize> {
        name.strip_prefix("ImageDataSeq|")?
            .strip_suffix('!')?
            .parse()
            .ok()
    };
    let present = chunks
        .keys()
        .filter_map(number)
        .filter(|&number| number < frames)
        .count();
    if frames / LARGEST_GAPS > present {
        return Err(file.malformed(format!("it has {present} of {frames} frames")));
    }
    if present < frames {
        let missing = frames - present;
        warnings.push(format!(
            "{missing} of its {frames} frames are missing and read as 0"
        ));
    }
    Ok(())
}

/// The loops that order the frames; if they do not account for all of them, the frames are time
/// points.
fn frame_loops(experiment: &Value, frames: usize, warnings: &mut Vec<String>) -> Vec<Loop> {
    let found = loops(experiment).unwrap_or_default();
    let product = found
        .iter()
        .try_fold(1_usize, |n, one| n.checked_mul(one.count));
    let kinds = [LoopKind::Time, LoopKind::Position, LoopKind::Section];
    let is_once = |kind: &LoopKind| found.iter().filter(|one| one.kind == *kind).count() <= 1;
    if product == Some(frames) && kinds.iter().all(is_once) {
        return found;
    }
    if frames > 1 {
        let warning = "its loops do not explain its frames, which are read as time points";
        warnings.push(warning.to_owned());
    }
    vec![Loop {
        kind: LoopKind::Time,
        count: frames,
        step: None,
    }]
}

/// What is known about each sample of a pixel; nothing if it is about another number of them.
fn describe(described: Vec<(Channel, usize)>, components: usize) -> Vec<Channel> {
    let known = described
        .iter()
        .fold(0_usize, |n, (_, samples)| n.saturating_add(*samples));
    if known != components {
        return Vec::new();
    }
    let channels = described.into_iter().flat_map(|(channel, samples)| {
        if samples == 3 {
            colour_names(3).into_iter().map(Channel::named).collect()
        } else {
            vec![channel; samples]
        }
    });
    channels.collect()
}
