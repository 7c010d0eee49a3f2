//! Opening TIFF files and reading regions of them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayD, Axis as Dimension, s};
use tiff::decoder::ifd::Value;
use tiff::tags::Tag;

use super::arrangement::Arrangement;
use super::chunk::{Decoded, Rectangle, check_extents, read_rectangle};
use super::decode::{Doing, TiffFile};
use super::imagej::Hyperstack;
use super::ome::{Ome, OmeFault};
use super::page::{Colour, Page};
use super::tifffile;
use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::Limits;
use crate::format::png::colour_names;
use crate::image::{Image, Metadata, PixelSize, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// Resolution tags that make pixels larger than this (in micrometres) are settings for printing.
const LARGEST_PIXEL: f64 = 25.0;

/// An open TIFF file.
pub(super) struct TiffSource {
    info: ImageInfo,
    file: Mutex<TiffFile>,
    /// The first page of the stack, which all others agree with.
    page: Page,
    pages: Vec<Page>,
    stack: Arrangement,
    limits: Limits,
}

impl TiffSource {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<TiffSource, ImageError> {
        let mut file = TiffFile::open(path, limits)?;
        let mut header = Header::read(&mut file)?;
        let pages = read_pages(&mut file)?;
        let stack = header.arrange(path, &pages)?;
        let page = check_stack(path, &pages, &stack, file.bytes())?;
        for &index in stack.pages.iter().flatten() {
            check_extents(&mut file, index, &pages[index])?;
        }
        let samples = page.samples;
        let channels = stack.lengths[1] * samples;
        let lengths = [
            stack.lengths[0],
            channels,
            stack.lengths[2],
            page.height,
            page.width,
        ];
        let axes = Axes::canonical(|axis| match axis {
            Axis::T => lengths[0] > 1,
            Axis::C => channels > 1,
            Axis::Z => lengths[2] > 1,
            Axis::Y | Axis::X => true,
        });
        let shape = axes.iter().map(|axis| lengths[axis as usize]).collect();
        let mut info = ImageInfo::new(path, "TIFF", axes, shape, page.dtype);
        info.metadata =
            Metadata::default().with_channel_names(channel_names(&stack, &page, channels));
        info.metadata.pixel_size = stack.pixel_size.or(header.pixel_size()).plausible();
        info.compression = page.compression_name();
        info.pages = pages.len();
        Ok(TiffSource {
            info,
            file: Mutex::new(file),
            page,
            pages,
            stack,
            limits,
        })
    }

    fn read_typed<T: Decoded>(&self, region: &Region) -> Result<Pixels, ImageError> {
        let ranges = Axis::ALL.map(|axis| region.range(axis, self.info.len_of(axis)));
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let mut out = ArrayD::from_elem(shape, T::default());
        let [t, c, z, y, x] = ranges;
        let samples = self.page.samples;
        // A panic cannot have happened while the lock was held; if it did, the file is still fine.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for (to_t, t) in t.enumerate() {
            for (to_z, z) in z.clone().enumerate() {
                for plane in c.start / samples..c.end.div_ceil(samples) {
                    let Some(index) = self.stack.page([t, plane, z]) else {
                        continue;
                    };
                    let first = c.start.max(plane * samples);
                    let last = c.end.min((plane + 1) * samples);
                    let wanted = Rectangle {
                        samples: first - plane * samples..last - plane * samples,
                        y: y.clone(),
                        x: x.clone(),
                    };
                    let place = s![to_t, first - c.start..last - c.start, to_z, .., ..];
                    let page = &self.pages[index];
                    read_rectangle(&mut file, index, page, &wanted, out.slice_mut(place))?;
                }
            }
        }
        for (position, axis) in Axis::ALL.into_iter().enumerate().rev() {
            if !self.info.axes.contains(axis) {
                out.index_axis_inplace(Dimension(position), 0);
            }
        }
        Ok(T::into_pixels(out))
    }
}

impl Source for TiffSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let needed = crate::source::bytes(self.info.dtype, &shape);
        if needed > u128::from(self.limits.bytes) {
            let (path, limit) = (self.info.path.clone(), self.limits.bytes);
            return Err(ImageError::OverLimit {
                path,
                needed,
                limit,
            });
        }
        let pixels = match self.info.dtype {
            DType::UInt8 => self.read_typed::<u8>(region),
            DType::Int8 => self.read_typed::<i8>(region),
            DType::UInt16 => self.read_typed::<u16>(region),
            DType::Int16 => self.read_typed::<i16>(region),
            DType::UInt32 => self.read_typed::<u32>(region),
            DType::Int32 => self.read_typed::<i32>(region),
            DType::UInt64 => self.read_typed::<u64>(region),
            DType::Int64 => self.read_typed::<i64>(region),
            DType::Float32 => self.read_typed::<f32>(region),
            DType::Float64 => self.read_typed::<f64>(region),
        }?;
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        if level > 0 {
            return Err(self.info.no_such_level(level));
        }
        Ok(Box::new(TiffSource::open(&self.info.path, self.limits)?))
    }
}

/// What the first page says about the whole file.
struct Header {
    description: String,
    /// Pixels per unit along x and y.
    resolution: [Option<f64>; 2],
    resolution_unit: u64,
    /// The number of planes in a MetaMorph stack, which has them all in one page.
    metamorph_planes: u64,
}

/// MetaMorph's second private tag, with one value a plane.
const METAMORPH_PLANES: Tag = Tag::Unknown(33629);

impl Header {
    fn read(file: &mut TiffFile) -> Result<Header, ImageError> {
        let description = file.text(0, Tag::ImageDescription)?.unwrap_or_default();
        let mut resolution = [None; 2];
        for (value, tag) in resolution
            .iter_mut()
            .zip([Tag::XResolution, Tag::YResolution])
        {
            let found = file.run(0, Doing::Directory, |decoder| decoder.find_tag(tag));
            // Some programs write nonsense here; no pixel size is better than no image.
            *value = match found.ok().flatten() {
                Some(Value::Rational(n, d)) if n > 0 && d > 0 => Some(f64::from(n) / f64::from(d)),
                _ => None,
            };
        }
        let metamorph_planes = file.run(0, Doing::Directory, |decoder| {
            Ok(decoder
                .image_ifd()
                .find_entry(METAMORPH_PLANES)
                .map_or(0, |entry| entry.count()))
        })?;
        Ok(Header {
            description,
            resolution,
            resolution_unit: file.number(0, Tag::ResolutionUnit)?.unwrap_or(2),
            metamorph_planes,
        })
    }

    fn arrange(&mut self, path: &Path, pages: &[Page]) -> Result<Arrangement, ImageError> {
        let planes: Vec<usize> = (0..pages.len())
            .filter(|&page| !pages[page].is_reduced)
            .collect();
        if self.metamorph_planes > 1 && pages.len() == 1 {
            return Err(unsupported(
                path,
                "a MetaMorph stack with all planes in one page",
            ));
        }
        if Ome::is_ome(&self.description) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return Ome::parse(&self.description)
                .and_then(|ome| ome.arrange(pages.len(), pages[0].samples, &name))
                .map_err(|fault| match fault {
                    OmeFault::Malformed(problem) => ImageError::Malformed {
                        path: path.to_owned(),
                        problem,
                    },
                    OmeFault::SeveralFiles(other) => unsupported(
                        path,
                        &format!(
                            "an OME image that is spread over several files, such as `{other}`"
                        ),
                    ),
                });
        }
        if let Some(hyperstack) = Hyperstack::parse(&self.description) {
            if pages.len() == 1 && hyperstack.images > 1 {
                return Err(unsupported(
                    path,
                    "an ImageJ stack with all planes in one page",
                ));
            }
            if let Some(stack) = hyperstack.arrange(&planes, self.resolution) {
                return Ok(stack);
            }
        }
        tifffile::arrange(&self.description, &planes)
            .or_else(|| Arrangement::filled(&[(Axis::Z, planes.len())], &planes))
            .ok_or_else(|| ImageError::Malformed {
                path: path.to_owned(),
                problem: "all of its pages are reduced copies".to_owned(),
            })
    }

    /// The pixel size by the resolution tags alone.
    fn pixel_size(&self) -> PixelSize {
        let micrometres = match self.resolution_unit {
            2 => 25_400.0,
            3 => 10_000.0,
            _ => return PixelSize::default(),
        };
        let [x, y] = self.resolution.map(|resolution| {
            resolution
                .map(|per_unit| micrometres / per_unit)
                .filter(|um| *um <= LARGEST_PIXEL)
        });
        PixelSize { z: None, y, x }
    }
}

fn unsupported(path: &Path, feature: &str) -> ImageError {
    ImageError::Unsupported {
        path: path.to_owned(),
        feature: feature.to_owned(),
        remedy: "open it in Fiji and save it as a TIFF stack".to_owned(),
    }
}

fn read_pages(file: &mut TiffFile) -> Result<Vec<Page>, ImageError> {
    let mut pages = vec![Page::read(file, 0)?];
    while file.has_more_pages() {
        let index = pages.len();
        file.run(index, Doing::Directory, |decoder| {
            decoder.seek_to_image(index)
        })?;
        pages.push(Page::read(file, index)?);
    }
    Ok(pages)
}

/// Checks that the pages agree and can be in a file of this size; returns the first.
fn check_stack(
    path: &Path,
    pages: &[Page],
    stack: &Arrangement,
    file_bytes: u64,
) -> Result<Page, ImageError> {
    let mut used = stack.pages.iter().flatten().copied();
    let malformed = |problem| ImageError::Malformed {
        path: path.to_owned(),
        problem,
    };
    let first = used
        .next()
        .ok_or_else(|| malformed("no plane has a page".to_owned()))?;
    let page = &pages[first];
    if let Some(other) = used.find(|&other| !pages[other].stacks_with(page)) {
        let describe = |page: &Page| {
            format!(
                "{} x {} pixels of {} ({} a pixel)",
                page.width, page.height, page.dtype, page.samples
            )
        };
        return Err(ImageError::Unsupported {
            path: path.to_owned(),
            feature: format!(
                "its pages differ: page {} has {}, page {} has {}",
                first + 1,
                describe(page),
                other + 1,
                describe(&pages[other])
            ),
            remedy: "save pages of different size or type as files of their own".to_owned(),
        });
    }
    for (index, page) in pages.iter().enumerate() {
        // Coarse, so that a truncated file gets the message that says what is missing.
        let largest = u128::from(file_bytes) * page.largest_ratio().max(1000);
        let chunk = page.chunk_bytes(page.chunk[0]);
        if page.unpacked_bytes().max(chunk) > largest {
            return Err(malformed(format!(
                "page {} says to have {} x {} pixels, which do not fit into its {file_bytes} bytes",
                index + 1,
                page.width,
                page.height
            )));
        }
    }
    Ok(page.clone())
}

fn channel_names(stack: &Arrangement, page: &Page, channels: usize) -> Vec<String> {
    if stack.channel_names.len() == channels {
        return stack.channel_names.clone();
    }
    let is_coloured = matches!(page.colour, Colour::Rgb | Colour::YCbCr);
    if is_coloured && stack.lengths[1] == 1 {
        colour_names(page.samples)
    } else {
        Vec::new()
    }
}
