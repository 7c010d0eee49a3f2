//! Taking blocks in any order and appending them as strips or tiles.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView5, s};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::directories::write_directories;
use super::pack::Packer;
use super::plan::Plan;
use super::smaller::write_smaller;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::files::{begin, publish};
use crate::format::positioned::{read_exact_at, write_all_at};
use crate::format::tiff::sample::Sample;
use crate::image::{Pixels, tczyx};
use crate::sink::{Sink, Target};

/// So many chunks are packed before they are appended; bounds the memory of one call.
const BATCH_CHUNKS: usize = 64;

/// A TIFF file that is being written.
pub(super) struct TiffSink<T> {
    pub(super) path: PathBuf,
    pub(super) target: Target,
    pub(super) plan: Plan,
    file: NamedTempFile,
    block: Vec<usize>,
    state: Mutex<State<T>>,
    /// Encoders and buffers that no thread uses at the moment.
    packers: Mutex<Vec<Packer<T>>>,
}

struct State<T> {
    /// Where the next chunk goes.
    end: u64,
    /// For each level the place and length of each chunk; a length of 0 for one that is missing.
    levels: Vec<Vec<(u64, u64)>>,
    /// Chunks of which only a part has come.
    parts: HashMap<usize, Part<T>>,
}

struct Part<T> {
    samples: Vec<T>,
    /// How many samples have not come yet.
    missing: usize,
}

/// The part of a strip or tile that a block covers.
struct Cover {
    chunk: usize,
    page: [usize; 3],
    /// The first row and column of the chunk in the image, and how many rows it has in the file.
    corner: [usize; 2],
    rows: usize,
}

impl<T: Sample> TiffSink<T> {
    pub(super) fn new(path: &Path, target: Target, plan: Plan) -> Result<Self, ImageError> {
        let file = begin(path).map_err(|error| ImageError::io(path, "write", error))?;
        let chunks = plan.pages() * plan.chunks(0).iter().product::<usize>();
        let levels = (0..plan.levels.len())
            .map(|level| {
                let [down, across] = plan.chunks(level);
                vec![(0, 0); plan.pages() * down * across]
            })
            .collect();
        let lengths = [1, plan.samples, 1, plan.chunk[0], plan.chunk[1]];
        let block = target.axes.iter().zip(&target.shape);
        let block = block.map(|(axis, &whole)| lengths[axis as usize].min(whole));
        Ok(TiffSink {
            path: path.to_owned(),
            block: block.collect(),
            target,
            file,
            state: Mutex::new(State {
                end: plan
                    .fixed_place(chunks, size_of::<T>())
                    .unwrap_or(plan.header_bytes()),
                levels,
                parts: HashMap::new(),
            }),
            packers: Mutex::default(),
            plan,
        })
    }

    /// Lends encoders and buffers, as many as there are threads in all.
    pub(super) fn with_packer<R>(&self, step: impl FnOnce(&mut Packer<T>) -> R) -> R {
        let lock = || self.packers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let mut packer = idle.unwrap_or_default();
        let result = step(&mut packer);
        lock().push(packer);
        result
    }

    pub(super) fn refused(&self, error: std::io::Error) -> ImageError {
        ImageError::io(&self.path, "write", error)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunks of the full resolution that a block touches.
    fn covers(&self, origin: [usize; 5], lengths: [usize; 5]) -> Vec<Cover> {
        let plan = &self.plan;
        let [down, across] = plan.chunks(0);
        let span = |axis: usize, unit: usize| {
            origin[axis] / unit..(origin[axis] + lengths[axis]).div_ceil(unit)
        };
        let mut covers = Vec::new();
        for t in span(0, 1) {
            for c in span(1, plan.samples) {
                for z in span(2, 1) {
                    for row in span(3, plan.chunk[0]) {
                        for column in span(4, plan.chunk[1]) {
                            let page = plan.page([t, c, z]);
                            covers.push(Cover {
                                chunk: (page * down + row) * across + column,
                                page: [t, c, z],
                                corner: [row * plan.chunk[0], column * plan.chunk[1]],
                                rows: plan.rows_of(0, row),
                            });
                        }
                    }
                }
            }
        }
        covers
    }

    /// Packs a chunk if all of it is there now; writes it, if its place is known.
    fn take(
        &self,
        cover: &Cover,
        origin: [usize; 5],
        block: &ArrayView5<T>,
        packer: &mut Packer<T>,
    ) -> Result<Option<(usize, Vec<u8>)>, ImageError> {
        let plan = &self.plan;
        let mut samples = std::mem::take(&mut packer.samples);
        if !self.gather(cover, origin, block, &mut samples) {
            packer.samples = samples;
            return Ok(None);
        }
        let taken = if let Some(place) = plan.fixed_place(cover.chunk, size_of::<T>()) {
            packer.prepare(plan, &mut samples);
            let bytes: &[u8] = bytemuck::cast_slice(&samples);
            self.write_at(bytes, place)?;
            self.lock().levels[0][cover.chunk] = (place, bytes.len() as u64);
            None
        } else {
            let packed = packer.pack(plan, &mut samples);
            Some((cover.chunk, packed.map_err(|error| self.refused(error))?))
        };
        packer.samples = samples;
        Ok(taken)
    }

    /// Copies what a block has of a chunk; whether `samples` has all of the chunk now.
    fn gather(
        &self,
        cover: &Cover,
        origin: [usize; 5],
        block: &ArrayView5<T>,
        samples: &mut Vec<T>,
    ) -> bool {
        let count = cover.rows * self.plan.chunk[1] * self.plan.samples;
        let (wanted, whole) = self.wanted(cover, origin, block);
        if wanted == whole {
            if whole < count {
                samples.clear();
            }
            samples.resize(count, T::default());
            self.copy(cover, origin, block, samples);
            return true;
        }
        let mut state = self.lock();
        let part = state.parts.entry(cover.chunk).or_insert_with(|| Part {
            samples: vec![T::default(); count],
            missing: whole,
        });
        self.copy(cover, origin, block, &mut part.samples);
        part.missing = part.missing.saturating_sub(wanted);
        if part.missing > 0 {
            return false;
        }
        match state.parts.remove(&cover.chunk) {
            Some(part) => {
                *samples = part.samples;
                true
            }
            None => false,
        }
    }

    /// How many samples of a chunk a block has, and how many the chunk has inside the image.
    fn wanted(&self, cover: &Cover, origin: [usize; 5], block: &ArrayView5<T>) -> (usize, usize) {
        let (ranges, [rows, columns]) = self.overlap(cover, origin, block);
        let wanted = ranges.iter().map(ExactSizeIterator::len).product();
        (wanted, rows * columns * self.plan.samples)
    }

    /// The channels, rows and columns of the image that a block has of a chunk, and the rows and
    /// columns of the chunk that are inside the image.
    fn overlap(
        &self,
        cover: &Cover,
        origin: [usize; 5],
        block: &ArrayView5<T>,
    ) -> ([std::ops::Range<usize>; 3], [usize; 2]) {
        let plan = &self.plan;
        let (_, channels, _, height, width) = block.dim();
        let [rows, columns] = [0, 1].map(|side| {
            let chunk = if side == 0 { cover.rows } else { plan.chunk[1] };
            chunk.min(plan.levels[0][side] - cover.corner[side])
        });
        let within = |start: usize, length: usize, axis: usize, block: usize| {
            start.max(origin[axis])..(start + length).min(origin[axis] + block)
        };
        let first = cover.page[1] * plan.samples;
        let ranges = [
            within(first, plan.samples, 1, channels),
            within(cover.corner[0], rows, 3, height),
            within(cover.corner[1], columns, 4, width),
        ];
        (ranges, [rows, columns])
    }

    fn copy(&self, cover: &Cover, origin: [usize; 5], block: &ArrayView5<T>, samples: &mut [T]) {
        let plan = &self.plan;
        let ([channels, rows, columns], _) = self.overlap(cover, origin, block);
        let [t, c, z] = cover.page;
        for channel in channels {
            let plane = block.slice(s![
                t - origin[0],
                channel - origin[1],
                z - origin[2],
                ..,
                ..
            ]);
            let first = channel - c * plan.samples;
            for y in rows.clone() {
                let from = columns.start - origin[4]..columns.end - origin[4];
                let line = plane.slice(s![y - origin[3], from]);
                let start = (y - cover.corner[0]) * plan.chunk[1] + columns.start - cover.corner[1];
                let to = &mut samples[start * plan.samples + first..];
                match line.as_slice() {
                    Some(line) if plan.samples == 1 => to[..line.len()].copy_from_slice(line),
                    _ => {
                        let to = to.iter_mut().step_by(plan.samples);
                        to.zip(&line).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }

    /// Appends packed chunks of a level.
    pub(super) fn append(
        &self,
        level: usize,
        chunks: &[(usize, Vec<u8>)],
    ) -> Result<(), ImageError> {
        let fixed = |chunk| {
            let place = self.plan.fixed_place(chunk, size_of::<T>());
            place.filter(|_| level == 0)
        };
        let appended = chunks.iter().filter(|(chunk, _)| fixed(*chunk).is_none());
        let total: u64 = appended.map(|(_, packed)| even(packed.len())).sum();
        let mut end = {
            let mut state = self.lock();
            let start = state.end;
            state.end += total;
            start
        };
        let mut places = Vec::with_capacity(chunks.len());
        for (chunk, packed) in chunks {
            let offset = fixed(*chunk).unwrap_or(end);
            places.push((*chunk, (offset, packed.len() as u64)));
            end += even(packed.len());
        }
        let writes = chunks.par_iter().zip(&places);
        writes.try_for_each(|((_, packed), (_, (offset, _)))| self.write_at(packed, *offset))?;
        let mut state = self.lock();
        for (chunk, place) in places {
            state.levels[level][chunk] = place;
        }
        Ok(())
    }

    /// Unpacks a chunk that was appended.
    pub(super) fn read_back(
        &self,
        (offset, length): (u64, u64),
        samples: &mut [T],
        packer: &mut Packer<T>,
    ) -> Result<(), ImageError> {
        let mut packed = vec![0; length as usize];
        read_exact_at(self.file.as_file(), &mut packed, offset)
            .map_err(|error| self.refused(error))?;
        packer
            .unpack(&self.plan, &packed, samples)
            .map_err(|fault| self.refused(std::io::Error::other(format!("{fault:?}"))))
    }

    /// The places of the chunks of a level.
    pub(super) fn places(&self, level: usize) -> Vec<(u64, u64)> {
        self.lock().levels[level].clone()
    }

    /// Appends what is not there yet: parts as they are, and zeros for what never came.
    fn complete(&self) -> Result<(), ImageError> {
        let mut parts: Vec<(usize, Part<T>)> = self.lock().parts.drain().collect();
        parts.sort_by_key(|(chunk, _)| *chunk);
        let mut packer = Packer::default();
        for (chunk, mut part) in parts {
            let packed = packer.pack(&self.plan, &mut part.samples);
            let packed = packed.map_err(|error| self.refused(error))?;
            self.append(0, &[(chunk, packed)])?;
        }
        let [down, across] = self.plan.chunks(0);
        let mut zeros: HashMap<usize, (u64, u64)> = HashMap::new();
        for (chunk, place) in self.places(0).into_iter().enumerate() {
            if place.1 > 0 {
                continue;
            }
            let rows = self.plan.rows_of(0, chunk / across % down);
            let is_shared = self.plan.fixed_place(chunk, size_of::<T>()).is_none();
            let known = zeros.get(&rows).copied().filter(|_| is_shared);
            let place = if let Some(place) = known {
                place
            } else {
                let count = rows * self.plan.chunk[1] * self.plan.samples;
                let packed = packer.pack(&self.plan, &mut vec![T::default(); count]);
                let packed = packed.map_err(|error| self.refused(error))?;
                self.append(0, &[(chunk, packed)])?;
                self.lock().levels[0][chunk]
            };
            zeros.insert(rows, place);
            self.lock().levels[0][chunk] = place;
        }
        Ok(())
    }

    /// Appends bytes that are no chunk and says where they are.
    pub(super) fn end(&self) -> u64 {
        self.lock().end.next_multiple_of(8)
    }

    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), ImageError> {
        write_all_at(self.file.as_file(), bytes, offset).map_err(|error| self.refused(error))
    }
}

/// Chunks begin at even places.
fn even(length: usize) -> u64 {
    (length as u64).next_multiple_of(2)
}

impl<T: Sample> Sink for TiffSink<T> {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.block
    }

    fn write(&self, origin: &[usize], pixels: &Pixels) -> Result<(), ImageError> {
        let misfit = || self.target.misfit(&self.path, origin, pixels);
        let array = T::of(pixels).ok_or_else(misfit)?;
        let shape = &self.target.shape;
        let is_inside = origin.len() == shape.len()
            && array.ndim() == shape.len()
            && (origin.iter().zip(array.shape()).zip(shape))
                .all(|((&start, &length), &whole)| start <= whole && length <= whole - start);
        if !is_inside {
            return Err(misfit());
        }
        let block = tczyx(&self.target.axes, array);
        let axes = &self.target.axes;
        let origin = Axis::ALL.map(|axis| axes.position(axis).map_or(0, |place| origin[place]));
        let (t, c, z, y, x) = block.dim();
        if block.is_empty() {
            return Ok(());
        }
        for covers in self.covers(origin, [t, c, z, y, x]).chunks(BATCH_CHUNKS) {
            let packed = covers
                .par_iter()
                .map(|cover| self.with_packer(|packer| self.take(cover, origin, &block, packer)))
                .collect::<Result<Vec<_>, _>>()?;
            let packed: Vec<_> = packed.into_iter().flatten().collect();
            self.append(0, &packed)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        self.complete()?;
        for level in 1..self.plan.levels.len() {
            write_smaller(&self, level)?;
        }
        write_directories(&self)?;
        publish(self.file, &self.path).map_err(|error| ImageError::io(&self.path, "write", error))
    }
}
