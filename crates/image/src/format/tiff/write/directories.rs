//! The directories of all pages and the header that points to them.

use sha2::{Digest, Sha256};

use super::description::{imagej, imagej_blocks, resolution};
use super::directory::{Directories, Fields};
use super::plan::Plan;
use super::sink::TiffSink;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::Flavour;
use crate::format::tiff::ome::{self, Content};
use crate::format::tiff::page::Predictor;
use crate::format::tiff::sample::Sample;
use crate::format::tiff::tags;
use crate::sink::Target;

/// Writes directories behind the pixels and the header before them.
pub(super) fn write_directories<T: Sample>(sink: &TiffSink<T>) -> Result<(), ImageError> {
    let plan = &sink.plan;
    let levels: Vec<Vec<(u64, u64)>> = (0..plan.levels.len())
        .map(|level| sink.places(level))
        .collect();
    let description = match plan.flavour {
        Flavour::OmeTiff => ome::write(&Content {
            path: &sink.path,
            target: &sink.target,
            samples: plan.samples,
            pages: plan.pages(),
            digest: digest(&levels),
        }),
        _ => imagej(&sink.target, plan),
    };
    let start = sink.end();
    let mut directories = Directories::new(start, plan.is_big);
    for page in 0..plan.pages() {
        let smaller: Vec<u64> = (1..plan.levels.len())
            .map(|level| directories.add(fields(plan, &sink.target, &levels, level, page)))
            .collect();
        let mut fields = fields(plan, &sink.target, &levels, 0, page);
        if !smaller.is_empty() {
            fields.offsets(tags::SUB_IFDS, &smaller, plan.is_big);
        }
        if page == 0 {
            fields.text(tags::IMAGE_DESCRIPTION, &description);
            fields.text(
                tags::SOFTWARE,
                concat!("coverslip ", env!("CARGO_PKG_VERSION")),
            );
            let blocks = imagej_blocks(&sink.target, plan);
            if let Some((lengths, blocks)) = blocks.filter(|_| !plan.is_tiled()) {
                fields.longs(tags::IMAGEJ_COUNTS, &lengths);
                fields.bytes(tags::IMAGEJ_BLOCKS, blocks);
            }
        }
        directories.add_page(fields);
    }
    let end = start + directories.bytes.len() as u64;
    if !plan.is_big && end > u64::from(u32::MAX) {
        let message = "the file has become larger than its kind of TIFF can be";
        return Err(sink.refused(std::io::Error::other(message)));
    }
    sink.write_at(&directories.bytes, start)?;
    sink.write_at(&header(plan.is_big, directories.first), 0)
}

fn header(is_big: bool, first: u64) -> Vec<u8> {
    if is_big {
        let mut header = b"II+\0\x08\0\0\0".to_vec();
        header.extend(first.to_le_bytes());
        header
    } else {
        let mut header = b"II*\0".to_vec();
        header.extend((first as u32).to_le_bytes());
        header
    }
}

/// What differs between files of other pixels: the packed lengths, whatever the order in which
/// threads appended.
fn digest(levels: &[Vec<(u64, u64)>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (_, length) in levels.iter().flatten() {
        hash.update(length.to_le_bytes());
    }
    hash.finalize().into()
}

/// The fields that every directory has.
fn fields(
    plan: &Plan,
    target: &Target,
    levels: &[Vec<(u64, u64)>],
    level: usize,
    page: usize,
) -> Fields {
    let mut fields = Fields::default();
    let [height, width] = plan.levels[level];
    let samples = plan.samples;
    fields.long(tags::NEW_SUBFILE_TYPE, usize::from(level > 0));
    fields.long(tags::IMAGE_WIDTH, width);
    fields.long(tags::IMAGE_LENGTH, height);
    fields.shorts(
        tags::BITS_PER_SAMPLE,
        &vec![8 * target.dtype.bytes() as u16; samples],
    );
    fields.shorts(tags::COMPRESSION, &[plan.codec.number() as u16]);
    fields.shorts(tags::PHOTOMETRIC, &[if samples == 3 { 2 } else { 1 }]);
    fields.shorts(tags::SAMPLES_PER_PIXEL, &[samples as u16]);
    fields.shorts(tags::PLANAR_CONFIGURATION, &[1]);
    fields.shorts(tags::SAMPLE_FORMAT, &vec![format(target.dtype); samples]);
    match plan.predictor {
        Predictor::None => {}
        Predictor::Horizontal => fields.shorts(tags::PREDICTOR, &[2]),
        Predictor::Float => fields.shorts(tags::PREDICTOR, &[3]),
    }
    let chunks: usize = plan.chunks(level).iter().product();
    let places = &levels[level][page * chunks..(page + 1) * chunks];
    let (offsets, lengths): (Vec<u64>, Vec<u64>) = places.iter().copied().unzip();
    let [rows, columns] = plan.chunk;
    let [offsets_tag, lengths_tag] = if plan.is_tiled() {
        fields.long(tags::TILE_WIDTH, columns);
        fields.long(tags::TILE_LENGTH, rows);
        [tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS]
    } else {
        fields.long(tags::ROWS_PER_STRIP, rows);
        [tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS]
    };
    fields.offsets(offsets_tag, &offsets, plan.is_big);
    fields.offsets(lengths_tag, &lengths, plan.is_big);
    size_fields(&mut fields, plan, target, level);
    fields
}

/// The number of a kind of samples.
fn format(dtype: DType) -> u16 {
    match dtype {
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 1,
        DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => 2,
        DType::Float32 | DType::Float64 => 3,
    }
}

/// The pixel size: per centimetre, or for ImageJ per micrometre without a unit.
fn size_fields(fields: &mut Fields, plan: &Plan, target: &Target, level: usize) {
    let size = target.metadata.pixel_size.plausible();
    let (Some(x), Some(y)) = (size.x, size.y) else {
        return;
    };
    let (per_unit, unit) = if plan.is_tiled() { (1e-4, 3) } else { (1.0, 1) };
    let [height, width] = plan.levels[level];
    let [full_height, full_width] = plan.levels[0];
    let scaled = |size: f64, full: usize, length: usize| {
        resolution(size * (full as f64 / length as f64) * per_unit)
    };
    fields.fraction(tags::X_RESOLUTION, scaled(x, full_width, width));
    fields.fraction(tags::Y_RESOLUTION, scaled(y, full_height, height));
    fields.shorts(tags::RESOLUTION_UNIT, &[unit]);
}
