//! The facts about one page.

use std::sync::{Arc, OnceLock};

use super::codec::Codec;
use super::directory::{Directory, Entry};
use super::document::Document;
use super::extents::Extents;
use super::file::TiffFile;
use super::tags;
use crate::dtype::DType;
use crate::error::ImageError;

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// Values without a colour.
    Plain,
    /// Red, green, blue and perhaps alpha.
    Rgb,
    /// Brightness and two colour differences.
    YCbCr,
}

/// What was done to the samples before they were packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Differences of neighbours in a row.
    Horizontal,
    /// Differences of the bytes of a row of floats, the most significant bytes first.
    Float,
}

/// One page: what is in its directory, without its pixels.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the file"
)]
pub(super) struct Page {
    /// What error messages call it.
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples a pixel, as far as they are read.
    pub(super) samples: usize,
    /// Samples a pixel in the file; the ones without a meaning come last and are not read.
    pub(super) stored_samples: usize,
    pub(super) bits: usize,
    pub(super) dtype: DType,
    pub(super) colour: Colour,
    /// Whether each sample has a plane of its own.
    pub(super) is_planar: bool,
    pub(super) is_tiled: bool,
    /// Rows and columns of a full strip or tile.
    pub(super) chunk: [usize; 2],
    pub(super) codec: Codec,
    pub(super) predictor: Predictor,
    /// Whether the bits of each byte come in the reverse order.
    pub(super) is_bit_reversed: bool,
    /// A smaller copy of another page.
    pub(super) is_reduced: bool,
    pub(super) description: Option<Entry>,
    pub(super) sub_directories: Option<Entry>,
    pub(super) jpeg_tables: Option<Entry>,
    pub(super) metamorph: Option<Entry>,
    /// Along x and y, in pixels per unit.
    pub(super) resolution: [Option<Entry>; 2],
    pub(super) resolution_unit: u64,
    /// The private fields of ImageJ: lengths and blocks.
    pub(super) imagej: [Option<Entry>; 2],
    offsets: Entry,
    counts: Option<Entry>,
    extents: OnceLock<Arc<Extents>>,
}

impl Page {
    /// Reads the facts about a page, without following to where its strips or tiles are.
    pub(super) fn read(file: &TiffFile, directory: &Directory) -> Result<Page, ImageError> {
        let name = &directory.name;
        let number =
            |tag, default| Ok::<u64, ImageError>(directory.number(file, tag)?.unwrap_or(default));
        let size = |tag| number(tag, 0).map(|value| value as usize);
        let (width, height) = (size(tags::IMAGE_WIDTH)?, size(tags::IMAGE_LENGTH)?);
        let largest = u32::MAX as usize;
        if width == 0 || height == 0 || width > largest || height > largest {
            return Err(file.malformed(format!("{name} says to have {width} x {height} pixels")));
        }
        let stored_samples = number(tags::SAMPLES_PER_PIXEL, 1)? as usize;
        if !(1..=usize::from(u16::MAX)).contains(&stored_samples) {
            return Err(file.malformed(format!(
                "{name} says to have {stored_samples} samples a pixel"
            )));
        }
        let codec = match Codec::of(number(tags::COMPRESSION, 1)?) {
            // Rows that are coded by their differences from the row before are not read.
            Codec::Fax3 if number(tags::T4_OPTIONS, 0)? & 1 == 1 => Codec::Other(3),
            codec => codec,
        };
        let (colour, samples) = meaning(file, directory, stored_samples)?;
        let (bits, dtype) = sample_type(file, directory)?;
        let is_tiled = directory.entry(tags::TILE_OFFSETS).is_some();
        let place = |strips, tiles| directory.entry(if is_tiled { tiles } else { strips });
        let offsets = place(tags::STRIP_OFFSETS, tags::TILE_OFFSETS)
            .ok_or_else(|| file.malformed(format!("{name} does not say where its pixels are")))?;
        let chunk = if is_tiled {
            [size(tags::TILE_LENGTH)?, size(tags::TILE_WIDTH)?]
        } else {
            let rows = number(tags::ROWS_PER_STRIP, u64::MAX)?;
            [rows.min(height as u64) as usize, width]
        };
        if chunk.iter().any(|&side| side == 0 || side > largest) {
            return Err(file.malformed(format!(
                "{name} says to have strips or tiles of {} x {} pixels",
                chunk[1], chunk[0]
            )));
        }
        let page = Page {
            name: name.clone(),
            width,
            height,
            samples,
            stored_samples,
            bits,
            dtype,
            colour,
            is_planar: stored_samples > 1 && number(tags::PLANAR_CONFIGURATION, 1)? == 2,
            is_tiled,
            chunk,
            codec,
            predictor: predictor(file, directory, codec)?,
            is_bit_reversed: number(tags::FILL_ORDER, 1)? == 2,
            is_reduced: number(tags::NEW_SUBFILE_TYPE, 0)? & 1 == 1,
            description: directory.entry(tags::IMAGE_DESCRIPTION),
            sub_directories: directory.entry(tags::SUB_IFDS),
            jpeg_tables: directory.entry(tags::JPEG_TABLES),
            metamorph: directory.entry(tags::METAMORPH_PLANES),
            resolution: [tags::X_RESOLUTION, tags::Y_RESOLUTION].map(|tag| directory.entry(tag)),
            resolution_unit: number(tags::RESOLUTION_UNIT, 2)?,
            imagej: [tags::IMAGEJ_COUNTS, tags::IMAGEJ_BLOCKS].map(|tag| directory.entry(tag)),
            offsets,
            counts: place(tags::STRIP_BYTE_COUNTS, tags::TILE_BYTE_COUNTS),
            extents: OnceLock::new(),
        };
        page.check_size(file)?;
        Ok(page)
    }

    /// Refuses pages that a file of this size cannot hold.
    ///
    /// Coarse, so that a truncated file gets the message that says what is missing.
    fn check_size(&self, file: &TiffFile) -> Result<(), ImageError> {
        let largest = u128::from(file.bytes()) * self.codec.largest_ratio().max(1000);
        let chunk = self.chunk_bytes(self.chunk[0]);
        if self.unpacked_bytes().max(chunk) > largest {
            return Err(file.malformed(format!(
                "{} says to have {} x {} pixels, which do not fit into its {} bytes",
                self.name,
                self.width,
                self.height,
                file.bytes()
            )));
        }
        Ok(())
    }

    /// Whether two pages can be planes of one stack.
    pub(super) fn stacks_with(&self, other: &Page) -> bool {
        self.kind() == other.kind()
    }

    /// What pages of one stack have in common.
    pub(super) fn kind(&self) -> (usize, usize, usize, DType) {
        (self.width, self.height, self.samples, self.dtype)
    }

    /// Its size and sample type in words.
    pub(super) fn describe(&self) -> String {
        format!(
            "{} x {} pixels of {} ({} a pixel)",
            self.width, self.height, self.dtype, self.samples
        )
    }

    /// Strips or tiles along y and x.
    pub(super) fn chunks(&self) -> [usize; 2] {
        [
            self.height.div_ceil(self.chunk[0]),
            self.width.div_ceil(self.chunk[1]),
        ]
    }

    /// The stored samples of a pixel that lie beside each other in a strip or tile.
    pub(super) fn interleaved(&self) -> usize {
        if self.is_planar {
            1
        } else {
            self.stored_samples
        }
    }

    /// The unpacked size of so many rows of a strip or tile in bytes.
    pub(super) fn chunk_bytes(&self, rows: usize) -> u128 {
        let row_bits = self.chunk[1] as u128 * (self.bits * self.interleaved()) as u128;
        row_bits.div_ceil(8) * rows as u128
    }

    /// The rows that a strip or tile of a row of chunks has in the file.
    pub(super) fn rows_of(&self, row: usize) -> usize {
        if self.is_tiled {
            self.chunk[0]
        } else {
            self.chunk[0].min(self.height - row * self.chunk[0])
        }
    }

    /// The unpacked size of the page in bytes, with the padding of its tiles.
    pub(super) fn unpacked_bytes(&self) -> u128 {
        let [down, across] = self.chunks();
        let planes = if self.is_planar {
            self.stored_samples
        } else {
            1
        };
        let rows = if self.is_tiled {
            down * self.chunk[0]
        } else {
            self.height
        };
        self.chunk_bytes(rows) * (across * planes) as u128
    }

    /// The resolution along x and y, where it makes sense.
    pub(super) fn pixels_per_unit(&self, document: &Document) -> [Option<f64>; 2] {
        let value = |entry: &Entry| document.file.fraction(entry, &self.name);
        self.resolution.map(|entry| entry.as_ref().and_then(value))
    }

    /// What error messages call a strip or tile.
    pub(super) fn chunk_kind(&self) -> &'static str {
        if self.is_tiled { "tile" } else { "strip" }
    }

    /// Where its strips or tiles are; read once and kept, if there is room.
    pub(super) fn extents(&self, file: &TiffFile) -> Result<Arc<Extents>, ImageError> {
        if let Some(extents) = self.extents.get() {
            return Ok(Arc::clone(extents));
        }
        let extents = Extents::read(file, self, &self.offsets, self.counts.as_ref())?;
        let bytes = extents.bytes();
        let extents = Arc::new(extents);
        if file.may_keep(bytes) {
            return Ok(Arc::clone(self.extents.get_or_init(|| extents)));
        }
        Ok(extents)
    }

    /// Checks cheaply that the last strip or tile lies inside the file, which tells whether the
    /// file was cut.
    pub(super) fn check_end(&self, file: &TiffFile) -> Result<(), ImageError> {
        let (Some(last), Some(counts)) = (self.offsets.count.checked_sub(1), self.counts) else {
            return Ok(());
        };
        let offset = file.number_at(&self.offsets, last, &self.name)?;
        let length = file.number_at(&counts, last.min(counts.count.max(1) - 1), &self.name)?;
        if file.holds(offset, length) {
            return Ok(());
        }
        Err(file.truncated(format!(
            "{} needs the bytes {offset}..{}, the file has {}",
            self.name,
            offset.saturating_add(length),
            file.bytes()
        )))
    }
}

/// The colour of the samples and how many of them mean something.
fn meaning(
    file: &TiffFile,
    directory: &Directory,
    stored: usize,
) -> Result<(Colour, usize), ImageError> {
    let extra = directory.numbers(file, tags::EXTRA_SAMPLES)?;
    let Some(coloured) = stored.checked_sub(extra.len()) else {
        return Err(file.malformed(format!(
            "{} says that {} of its {stored} samples a pixel are extra ones",
            directory.name,
            extra.len()
        )));
    };
    let has_alpha = matches!(extra.first(), Some(1 | 2));
    let photometric = directory.number(file, tags::PHOTOMETRIC)?;
    Ok(match (photometric, coloured) {
        (Some(2) | None, 3) if has_alpha => (Colour::Rgb, 4),
        (Some(2) | None, 3) => (Colour::Rgb, 3),
        (Some(2), 4) => (Colour::Rgb, 4),
        (Some(5), 4) => (Colour::Plain, if has_alpha { 5 } else { 4 }),
        (Some(6), 3) => (Colour::YCbCr, 3),
        _ => (Colour::Plain, stored),
    })
}

/// The bits of a sample in the file and its type after reading.
fn sample_type(file: &TiffFile, directory: &Directory) -> Result<(usize, DType), ImageError> {
    let same = |tag, default| {
        let values = directory.numbers(file, tag)?;
        let first = values.first().copied().unwrap_or(default);
        let Some(other) = values.iter().find(|&&value| value != first) else {
            return Ok(first);
        };
        Err(file.unsupported(
            format!(
                "{} has samples of different kinds: {first} and {other}",
                directory.name
            ),
            "open it in Fiji, split its channels and save them on their own",
        ))
    };
    let bits = same(tags::BITS_PER_SAMPLE, 1)?;
    let format = same(tags::SAMPLE_FORMAT, 1)?;
    let dtype = match (format, bits) {
        (1 | 4, 1..=8) => DType::UInt8,
        (1 | 4, 9..=16) => DType::UInt16,
        (1 | 4, 17..=32) => DType::UInt32,
        (1 | 4, 33..=64) => DType::UInt64,
        (2, 2..=8) => DType::Int8,
        (2, 9..=16) => DType::Int16,
        (2, 17..=32) => DType::Int32,
        (2, 33..=64) => DType::Int64,
        (3, 16 | 32) => DType::Float32,
        (3, 64) => DType::Float64,
        _ => {
            let kind = match format {
                3 => "floating-point samples",
                5 | 6 => "complex samples",
                _ => "samples",
            };
            return Err(file.unsupported(
                format!("{} has {kind} of {bits} bits", directory.name),
                "open it in Fiji and save it with 8, 16 or 32 bits",
            ));
        }
    };
    Ok((bits as usize, dtype))
}

fn predictor(
    file: &TiffFile,
    directory: &Directory,
    codec: Codec,
) -> Result<Predictor, ImageError> {
    let number = directory.number(file, tags::PREDICTOR)?.unwrap_or(1);
    let is_used = matches!(codec, Codec::Lzw | Codec::Deflate | Codec::Zstd)
        || matches!(codec, Codec::None) && number == 2;
    Ok(match number {
        _ if !is_used => Predictor::None,
        0 | 1 => Predictor::None,
        2 => Predictor::Horizontal,
        3 => Predictor::Float,
        _ => {
            return Err(file.malformed(format!("{} has the predictor {number}", directory.name)));
        }
    })
}
