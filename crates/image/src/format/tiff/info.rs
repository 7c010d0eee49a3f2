//! The description of an image that readers of any format see.

use super::page::{Colour, Page};
use super::source::{Level, Stack};
use crate::axes::{Axes, Axis};
use crate::format::png::colour_names;
use crate::image::{Channel, Metadata, PixelSize};
use crate::source::ImageInfo;

/// Resolution tags that make pixels larger than this (in micrometres) are settings for printing.
const LARGEST_PIXEL_MICROMETRES: f64 = 25.0;

/// Describes one resolution.
pub(super) fn describe(stack: &Stack, level: usize, levels: &[Level]) -> ImageInfo {
    let page = &*levels[level].page;
    let [times, groups, sections] = stack.arrangement.lengths;
    let channels = groups * page.samples;
    let axes = Axes::canonical(|axis| match axis {
        Axis::T => times > 1,
        Axis::C => channels > 1,
        Axis::Z => sections > 1,
        Axis::Y | Axis::X => true,
    });
    let pick = |lengths: [usize; 5]| axes.iter().map(|axis| lengths[axis as usize]).collect();
    let shape_of = |page: &Page| pick([times, channels, sections, page.height, page.width]);
    let path = stack.document.file.path();
    let shape: Vec<usize> = shape_of(page);
    let block_samples = if page.is_planar { 1 } else { page.samples };
    let [rows, columns] = page.chunk;
    let block = pick([
        1,
        block_samples,
        1,
        rows.min(page.height),
        columns.min(page.width),
    ]);
    let full = &*levels[0].page;
    let mut info = ImageInfo::new(path, "TIFF", axes.clone(), shape, page.dtype);
    info.metadata = metadata(stack, full, channels);
    info.metadata.pixel_size.y = scaled(info.metadata.pixel_size.y, full.height, page.height);
    info.metadata.pixel_size.x = scaled(info.metadata.pixel_size.x, full.width, page.width);
    info.compression = page.codec.name();
    info.block = block;
    info.levels = levels.iter().map(|level| shape_of(&level.page)).collect();
    info.pages = stack.document.pages.len();
    info
}

fn scaled(size: Option<f64>, full: usize, smaller: usize) -> Option<f64> {
    size.map(|size| size * (full as f64 / smaller as f64))
}

fn metadata(stack: &Stack, page: &Page, channels: usize) -> Metadata {
    let mut metadata = stack.arrangement.metadata.clone();
    let by_tags = size_by_tags(stack, page);
    metadata.pixel_size = metadata.pixel_size.plausible().or(by_tags).plausible();
    if metadata.channels.len() != channels {
        let is_coloured = matches!(page.colour, Colour::Rgb | Colour::YCbCr);
        let names = if is_coloured && channels == page.samples {
            colour_names(page.samples)
        } else {
            Vec::new()
        };
        metadata.channels = names.into_iter().map(Channel::named).collect();
    }
    metadata
}

/// The pixel size by the resolution tags alone.
fn size_by_tags(stack: &Stack, page: &Page) -> PixelSize {
    let micrometres = match page.resolution_unit {
        2 => 25_400.0,
        3 => 10_000.0,
        _ => return PixelSize::default(),
    };
    let [x, y] = page.pixels_per_unit(&stack.document).map(|resolution| {
        resolution
            .map(|per_unit| micrometres / per_unit)
            .filter(|um| *um <= LARGEST_PIXEL_MICROMETRES)
    });
    PixelSize { z: None, y, x }
}
