//! Opening CZI files and reading regions of them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, s};

use super::block;
use super::directory::{Entry, Header, Packing, PixelKind, entries, segment};
use super::metadata::parse;
use crate::axes::Axis;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::png::colour_names;
use crate::format::raw::{FileBytes, Layout, Number, Stored, axes_of, keep_axes, series, unpack};
use crate::format::{Limits, OpenOptions};
use crate::image::{Channel, Image, Metadata, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// An image that is so many times larger than its blocks is taken for damaged.
const LARGEST_GAPS: u128 = 4096;

/// Blocks that cover an image so many times are taken for damaged: each of them is unpacked.
const MOST_COVERS: u128 = 64;

#[derive(Clone)]
pub(super) struct CziSource {
    file: Arc<FileBytes>,
    info: ImageInfo,
    limits: Limits,
    kind: PixelKind,
    /// The blocks of the image, those that lie over others last.
    blocks: Arc<Vec<Entry>>,
    /// The first position along T, C, Z, Y and X.
    first: [i64; 5],
}

impl CziSource {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<CziSource, ImageError> {
        let file = FileBytes::open(path)?;
        let header = Header::read(&file)?;
        let mut blocks = entries(&file, header.directory)?;
        let names = names(&blocks);
        if names.is_empty() {
            return Err(file.malformed("it has no pixels"));
        }
        let labels: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
        let wanted = series(path, &labels, options.series.as_deref())?;
        blocks.retain(|block| block.image == names[wanted].0);
        blocks.sort_by_key(|block| block.mosaic);
        let kind = blocks[0].kind;
        if blocks.iter().any(|block| block.kind != kind) {
            return Err(file.unsupported("its channels have samples of different types"));
        }
        let (first, lengths) = extent(&file, &blocks)?;
        let mut info = describe(path, lengths, kind);
        info.metadata = metadata(&file, header.metadata, lengths[1], kind);
        compression(&blocks).clone_into(&mut info.compression);
        info.block = block_shape(&info, &blocks[0]);
        info.pages = blocks.len();
        info.series = labels;
        Ok(CziSource {
            file: Arc::new(file),
            info,
            limits: options.limits,
            kind,
            blocks: Arc::new(blocks),
            first,
        })
    }

    fn read_typed<T: Stored>(&self, region: &Region) -> Result<Pixels, ImageError> {
        let ranges = Axis::ALL.map(|axis| region.range(axis, self.info.len_of(axis)));
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let mut out = ArrayD::from_elem(shape, T::default());
        for block in self.blocks.iter() {
            self.copy(block, &ranges, &mut out)?;
        }
        Ok(keep_axes(out, &self.info.axes))
    }

    /// Copies what a block and a region have in common.
    fn copy<T: Stored>(
        &self,
        block: &Entry,
        ranges: &[Range<usize>; 5],
        out: &mut ArrayD<T>,
    ) -> Result<(), ImageError> {
        // `extent` has checked that blocks begin at or behind the first position.
        let at = |axis: usize, start: i64| (start - self.first[axis]) as usize;
        let [t, z] = [(0, 0), (2, 2)].map(|(axis, tcz)| at(axis, block.tcz[tcz]));
        let channel = at(1, block.tcz[1]) * self.kind.channels();
        let y = at(3, block.y.start)..at(3, block.y.end);
        let x = at(4, block.x.start)..at(4, block.x.end);
        let [common_y, common_x] = [(&y, &ranges[3]), (&x, &ranges[4])]
            .map(|(a, b)| a.start.max(b.start)..a.end.min(b.end));
        let channels: Vec<usize> = (0..self.kind.channels())
            .filter(|sample| ranges[1].contains(&(channel + sample)))
            .collect();
        let is_outside = !ranges[0].contains(&t) || !ranges[2].contains(&z);
        if is_outside || channels.is_empty() || common_y.is_empty() || common_x.is_empty() {
            return Ok(());
        }
        let rows = common_y.start - y.start..common_y.end - y.start;
        let bytes = block::rows(&self.file, block, rows, self.limits)?;
        let [from_y, from_x] = [
            common_y.start - ranges[3].start,
            common_x.start - ranges[4].start,
        ];
        for sample in channels {
            // Colours are stored with blue first.
            let stored = self.kind.channels() - 1 - sample;
            let layout = Layout {
                row_bytes: x.len() * self.kind.bytes(),
                pixel_bytes: self.kind.bytes(),
                sample: stored * self.kind.dtype.bytes(),
            };
            let place = s![
                t - ranges[0].start,
                channel + sample - ranges[1].start,
                z - ranges[2].start,
                from_y..from_y + common_y.len(),
                from_x..from_x + common_x.len()
            ];
            let columns = common_x.start - x.start..common_x.end - x.start;
            unpack(&bytes, layout, columns, out.slice_mut(place));
        }
        Ok(())
    }
}

impl Source for CziSource {
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
            DType::Float32 => self.read_typed::<f32>(region),
            _ => self.read_typed::<f64>(region),
        }?;
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

/// The images of the file: their positions along dimensions beyond `T C Z Y X`, and their names,
/// which show the dimensions that differ.
fn names(blocks: &[Entry]) -> Vec<(Vec<(u8, i64)>, String)> {
    let mut images: Vec<&Vec<(u8, i64)>> = blocks.iter().map(|block| &block.image).collect();
    images.sort_unstable();
    images.dedup();
    let differs = |position: &(u8, i64)| images.iter().any(|image| !image.contains(position));
    let name = |(number, image): (usize, &Vec<(u8, i64)>)| {
        let parts = image.iter().filter(|position| differs(position));
        let name: Vec<String> = parts
            .map(|(letter, start)| format!("{}{start}", char::from(*letter)))
            .collect();
        if name.is_empty() {
            number.to_string()
        } else {
            name.join("-")
        }
    };
    let named = images.iter().enumerate();
    named
        .map(|(number, image)| ((*image).clone(), name((number, image))))
        .collect()
}

/// The first position and the length along T, C, Z, Y and X.
fn extent(file: &FileBytes, blocks: &[Entry]) -> Result<([i64; 5], [usize; 5]), ImageError> {
    let ranges = |block: &Entry| {
        let [t, c, z] = block.tcz.map(|start| start..start + 1);
        [t, c, z, block.y.clone(), block.x.clone()]
    };
    let mut whole = ranges(&blocks[0]);
    let mut covered = 0_u128;
    for block in blocks {
        let pixels = ranges(block).map(|range| (range.end - range.start) as u128);
        covered += pixels.iter().product::<u128>();
        for (whole, range) in whole.iter_mut().zip(ranges(block)) {
            *whole = whole.start.min(range.start)..whole.end.max(range.end);
        }
    }
    let lengths = whole
        .clone()
        .map(|range| (range.end - range.start) as usize);
    let pixels = lengths
        .iter()
        .fold(1_u128, |n, &length| n.saturating_mul(length as u128));
    let positions = lengths[..3].iter().max();
    if pixels / LARGEST_GAPS > covered || positions > Some(&(blocks.len() + 4096)) {
        return Err(file.malformed("its blocks are scattered over far too large an image"));
    }
    if covered / MOST_COVERS > pixels {
        return Err(file.malformed("far too many of its blocks lie over each other"));
    }
    Ok((whole.map(|range| range.start), lengths))
}

fn describe(path: &Path, lengths: [usize; 5], kind: PixelKind) -> ImageInfo {
    let [t, c, z, y, x] = lengths;
    let (axes, shape) = axes_of([t, c * kind.channels(), z, y, x]);
    ImageInfo::new(path, "CZI", axes, shape, kind.dtype)
}

/// What the XML says; nothing if it is missing or damaged.
fn metadata(file: &FileBytes, place: u64, channels: usize, kind: PixelKind) -> Metadata {
    let xml = || {
        let head = segment(file, place, "ZISRAWMETADATA", 8).ok()?;
        let length = u64::try_from(i32::at(&head, 0)?).ok()?;
        file.read(place + 32 + 256, length).ok()
    };
    let mut found = xml().map_or_else(Metadata::default, |xml| {
        parse(&String::from_utf8_lossy(&xml))
    });
    found.channels.resize(channels, Channel::default());
    if kind.channels() == 3 {
        let colours = colour_names(3);
        let names = found.channels.iter().flat_map(|channel| {
            let prefix = if channels > 1 {
                format!("{} ", channel.name)
            } else {
                String::new()
            };
            colours
                .iter()
                .map(move |colour| format!("{prefix}{colour}"))
        });
        let names = names.collect();
        found = found.with_channel_names(names);
    }
    found
}

fn compression(blocks: &[Entry]) -> &'static str {
    match blocks[0].packing {
        Packing::None => "none",
        Packing::Jpeg => "jpeg",
        Packing::Lzw => "lzw",
        Packing::Zstd0 | Packing::Zstd1 => "zstd",
    }
}

fn block_shape(info: &ImageInfo, block: &Entry) -> Vec<usize> {
    let length = |axis| match axis {
        Axis::Y if block.packing == Packing::None => 1,
        Axis::Y => block.y.clone().count(),
        Axis::X => block.x.clone().count(),
        _ => 1,
    };
    info.axes.iter().map(length).collect()
}
