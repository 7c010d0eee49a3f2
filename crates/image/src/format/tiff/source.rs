//! Reading TIFF files by the description that is known after opening.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndarray::{ArrayD, ArrayViewMut3, ArrayViewMut4, ArrayViewMut5, Axis as Dimension, Ix5};
use rayon::prelude::*;

use super::arrangement::{Arrangement, Plane};
use super::chunk::{Piece, Scratch};
use super::codec::Codec;
use super::document::Document;
use super::info::describe;
use super::page::Page;
use super::pieces::Wanted;
use super::sample::Sample;
use super::series::{self, is_smaller};
use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::OpenOptions;
use crate::image::{Image, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// More than the JPEG tables of a page take, which all its strips or tiles share.
const MOST_TABLE_BYTES: u64 = 1 << 14;
/// Strips or tiles that are read at the same time; each needs some memory to describe it.
const MOST_PIECES: usize = 1 << 18;

/// One resolution of an image in a TIFF file.
pub(super) struct TiffSource {
    stack: Arc<Stack>,
    info: ImageInfo,
    level: usize,
    /// The pages of a resolution that has directories of its own, as far as they were read.
    copies: Vec<OnceLock<Arc<Page>>>,
}

/// What all resolutions of an image share.
pub(super) struct Stack {
    pub(super) document: Arc<Document>,
    members: Vec<PathBuf>,
    /// The other files, as far as they were opened.
    opened: Mutex<Vec<Option<Arc<Document>>>>,
    pub(super) arrangement: Arrangement,
    levels: Vec<Level>,
    options: OpenOptions,
    full: ImageInfo,
}

/// Where the pages of a resolution are.
pub(super) struct Level {
    /// The first page, which all others agree with.
    pub(super) page: Arc<Page>,
    pages: Pages,
}

enum Pages {
    Full,
    /// In the directories of each full page, at this place.
    Copies(usize),
    /// In the main chain: which one for each full page.
    Chain(HashMap<usize, usize>),
}

/// A plane whose page is known.
struct Located {
    document: Arc<Document>,
    page: Arc<Page>,
    tables: Option<Vec<u8>>,
    /// Its place among the planes that are read.
    position: [usize; 3],
    plane: Plane,
}

impl TiffSource {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<TiffSource, ImageError> {
        let document = Arc::new(Document::open(path)?);
        let series = series::find(&document, options.series.as_deref())?;
        let mut opened = vec![None; series.members.len()];
        opened[0] = Some(Arc::clone(&document));
        let mut stack = Stack {
            full: ImageInfo::new(
                path,
                "TIFF",
                Axes::canonical(|_| false),
                Vec::new(),
                DType::UInt8,
            ),
            document,
            members: series.members,
            opened: Mutex::new(opened),
            arrangement: series.stack,
            levels: Vec::new(),
            options: options.clone(),
        };
        stack.levels = stack.find_levels(series.smaller)?;
        stack.check_pages()?;
        stack.full = describe(&stack, 0, &stack.levels);
        stack.full.series = series.names;
        stack.full.warnings = series.warnings;
        Ok(TiffSource::at(Arc::new(stack), 0))
    }

    fn at(stack: Arc<Stack>, level: usize) -> TiffSource {
        let mut info = stack.full.clone();
        if level > 0 {
            let described = describe(&stack, level, &stack.levels);
            info = ImageInfo {
                series: info.series,
                warnings: info.warnings,
                ..described
            };
        }
        let copies = match stack.levels[level].pages {
            Pages::Copies(_) => stack.arrangement.planes.len(),
            _ => 0,
        };
        TiffSource {
            stack,
            info,
            level,
            copies: std::iter::repeat_with(OnceLock::new).take(copies).collect(),
        }
    }

    /// Finds the page of a plane.
    fn locate(
        &self,
        index: [usize; 3],
        position: [usize; 3],
    ) -> Result<Option<Located>, ImageError> {
        let stack = &*self.stack;
        let number = stack.arrangement.position(index);
        let Some(plane) = stack.arrangement.planes[number] else {
            return Ok(None);
        };
        let document = stack.member(plane.member)?;
        let missing = || {
            let pages = document.pages.len();
            let wanted = plane.page + 1;
            document.file.malformed(format!(
                "it has {pages} pages, its image needs page {wanted}"
            ))
        };
        let full = document.pages.get(plane.page).ok_or_else(missing)?;
        let level = &stack.levels[self.level];
        let page = match &level.pages {
            Pages::Full => Arc::clone(full),
            Pages::Chain(pages) => {
                let page = pages
                    .get(&plane.page)
                    .and_then(|&page| document.pages.get(page));
                Arc::clone(page.ok_or_else(missing)?)
            }
            Pages::Copies(copy) => {
                if let Some(page) = self.copies[number].get() {
                    Arc::clone(page)
                } else {
                    let page = Arc::new(document.copy(full, *copy)?);
                    Arc::clone(self.copies[number].get_or_init(|| page))
                }
            }
        };
        if !page.stacks_with(&level.page) {
            return Err(differ(&document, &level.page, &page));
        }
        let tables = match &page.jpeg_tables {
            Some(entry) if page.codec == Codec::Jpeg => {
                document
                    .file
                    .value_bytes(entry, MOST_TABLE_BYTES, &page.name)?
            }
            _ => None,
        };
        Ok(Some(Located {
            document,
            page,
            tables,
            position,
            plane,
        }))
    }

    fn read_typed<T: Sample>(&self, region: &Region) -> Result<Pixels, ImageError> {
        let ranges = Axis::ALL.map(|axis| region.range(axis, self.info.len_of(axis)));
        let shape = ranges.each_ref().map(ExactSizeIterator::len);
        let mut out = ArrayD::from_elem(shape.to_vec(), T::default());
        if !out.is_empty() {
            let view = out.view_mut().into_dimensionality::<Ix5>();
            self.fill(&ranges, view.expect("the shape has five axes"))?;
        }
        for (position, axis) in Axis::ALL.into_iter().enumerate().rev() {
            if !self.info.axes.contains(axis) {
                out.index_axis_inplace(Dimension(position), 0);
            }
        }
        Ok(T::into_pixels(out))
    }

    /// Reads planes, all strips or tiles at the same time.
    fn fill<T: Sample>(
        &self,
        [t, c, z, y, x]: &[Range<usize>; 5],
        mut out: ArrayViewMut5<T>,
    ) -> Result<(), ImageError> {
        let samples = self.stack.levels[self.level].page.samples;
        let channels = c.start / samples..c.end.div_ceil(samples);
        let mut planes = Vec::new();
        for (to_t, t) in t.clone().enumerate() {
            for (to_c, c) in channels.clone().enumerate() {
                for (to_z, z) in z.clone().enumerate() {
                    planes.extend(self.locate([t, c, z], [to_t, to_c, to_z])?);
                }
            }
        }
        let mut planes = planes.iter().peekable();
        let mut pieces = Vec::new();
        for (to_t, volume) in out.axis_iter_mut(Dimension(0)).enumerate() {
            let mut rest = volume;
            for (to_c, plane) in channels.clone().enumerate() {
                let wanted = c.start.max(plane * samples)..c.end.min((plane + 1) * samples);
                let (group, others) = rest.split_at(Dimension(0), wanted.len());
                rest = others;
                for (to_z, section) in sections(group).into_iter().enumerate() {
                    let Some(found) = planes.next_if(|found| found.position == [to_t, to_c, to_z])
                    else {
                        continue;
                    };
                    let wanted = Wanted {
                        file: &found.document.file,
                        page: &found.page,
                        shift: found.plane.shift,
                        tables: found.tables.as_deref(),
                        samples: wanted.start - plane * samples..wanted.end - plane * samples,
                        y: y.clone(),
                        x: x.clone(),
                    };
                    wanted.cut(section, &mut pieces)?;
                    if pieces.len() > MOST_PIECES {
                        read_all(std::mem::take(&mut pieces))?;
                    }
                }
            }
        }
        read_all(pieces)
    }
}

impl Source for TiffSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let limit = self.stack.options.limits.bytes;
        self.info.check_limit(&shape, limit)?;
        // What is unpacked at once is held too.
        self.info
            .check_limit(&self.info.block, limit.max(1 << 20))?;
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
        if level >= self.info.levels.len() {
            return Err(self.info.no_such_level(level));
        }
        Ok(Box::new(TiffSource::at(Arc::clone(&self.stack), level)))
    }
}

impl Stack {
    /// A file of the image, opened when it is first needed.
    fn member(&self, member: usize) -> Result<Arc<Document>, ImageError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = &opened[member] {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(Document::open_member(&self.members[member])?);
        opened[member] = Some(Arc::clone(&document));
        Ok(document)
    }

    /// The resolutions of the first plane that has a page, and where those of the others are.
    fn find_levels(&self, smaller: Vec<HashMap<usize, usize>>) -> Result<Vec<Level>, ImageError> {
        let mut planes = self.arrangement.planes.iter().flatten();
        let no_pages = || {
            self.document
                .file
                .malformed("no plane has a page".to_owned())
        };
        let first = planes.next().ok_or_else(no_pages)?;
        let document = self.member(first.member)?;
        let page = document.pages.get(first.page).ok_or_else(no_pages)?;
        let mut levels = vec![Level {
            page: Arc::clone(page),
            pages: Pages::Full,
        }];
        for number in 0..Document::copies(page) {
            // What cannot be read as a smaller copy may be something else.
            let Ok(copy) = document.copy(page, number) else {
                break;
            };
            if is_smaller(&copy, &levels[levels.len() - 1].page) {
                levels.push(Level {
                    page: Arc::new(copy),
                    pages: Pages::Copies(number),
                });
            }
        }
        if levels.len() == 1 {
            levels.extend(smaller.into_iter().map(|pages| Level {
                page: Arc::clone(&document.pages[pages[&first.page]]),
                pages: Pages::Chain(pages),
            }));
        }
        Ok(levels)
    }

    /// Checks that the pages of the opened file agree.
    fn check_pages(&self) -> Result<(), ImageError> {
        let page = &self.levels[0].page;
        let own = self.arrangement.planes.iter().flatten();
        for plane in own.filter(|plane| plane.member == 0) {
            let other = self.document.pages.get(plane.page);
            if let Some(other) = other.filter(|other| !other.stacks_with(page)) {
                return Err(differ(&self.document, page, other));
            }
        }
        Ok(())
    }
}

fn read_all<T: Sample>(pieces: Vec<Piece<T>>) -> Result<(), ImageError> {
    // As many decoders and buffers as threads, however the pieces are shared out.
    let idle: Mutex<Vec<Scratch<T>>> = Mutex::default();
    let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    pieces.into_par_iter().try_for_each(|piece| {
        let scratch = lock().pop();
        let mut scratch = scratch.unwrap_or_default();
        piece.read(&mut scratch)?;
        lock().push(scratch);
        Ok(())
    })
}

/// The error of pages that cannot be planes of one image.
fn differ(document: &Document, page: &Page, other: &Page) -> ImageError {
    document.file.unsupported(
        format!(
            "its pages differ: {} has {}, {} has {}",
            page.name,
            page.describe(),
            other.name,
            other.describe()
        ),
        "save pages of different size or type as files of their own",
    )
}

/// The sections of channels, sections, rows and columns.
fn sections<T>(volume: ArrayViewMut4<T>) -> Vec<ArrayViewMut3<T>> {
    let count = volume.len_of(Dimension(1));
    let mut sections = Vec::with_capacity(count);
    let mut rest = volume;
    for _ in 0..count {
        let (section, others) = rest.split_at(Dimension(1), 1);
        sections.push(section.index_axis_move(Dimension(1), 0));
        rest = others;
    }
    sections
}
