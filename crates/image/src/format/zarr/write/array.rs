//! Writing one array: blocks in any order, from any thread.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytemuck::Pod;
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn, Slice};
use rayon::prelude::*;

use super::journal::{Journal, Record};
use crate::error::ImageError;
use crate::format::zarr::array::{ArrayMetadata, ShardIndex, cells_of, overlap};

/// The most bytes of chunks that wait in memory for the rest of their samples.
const MOST_WAITING_BYTES: usize = 256 << 20;

/// An array that is being written.
pub(super) struct ArrayWriter {
    /// The image that errors are about.
    path: PathBuf,
    folder: PathBuf,
    metadata: ArrayMetadata,
    /// The directories of the shards.
    shards: Mutex<HashMap<Vec<usize>, Arc<Mutex<ShardIndex>>>>,
    /// Chunks of which a part was written.
    waiting: Mutex<HashMap<Vec<usize>, Arc<Mutex<Waiting>>>>,
    journal: Option<Journal>,
    /// The chunks that the journal knew at the beginning.
    written: HashSet<u64>,
}

/// A chunk that is not complete.
struct Waiting {
    /// Its samples as bytes; `None` while they are on the disk.
    samples: Option<Vec<u8>>,
    /// How many samples have not been written.
    missing: usize,
}

impl ArrayWriter {
    /// Writes into a folder, and goes on with what the journal says is there.
    pub(super) fn new(
        path: &Path,
        folder: PathBuf,
        metadata: ArrayMetadata,
        journal: Option<Journal>,
    ) -> ArrayWriter {
        let mut writer = ArrayWriter {
            path: path.to_owned(),
            folder,
            metadata,
            shards: Mutex::default(),
            waiting: Mutex::default(),
            journal,
            written: HashSet::new(),
        };
        let records = writer
            .journal
            .as_ref()
            .map(|journal| journal.records.clone());
        for record in records.unwrap_or_default() {
            if writer.restore(record) {
                writer.written.insert(record.chunk);
            }
        }
        writer
    }

    /// Whether all chunks of a box were complete before an interruption.
    pub(super) fn is_written(&self, ranges: &[Range<usize>]) -> bool {
        !self.written.is_empty()
            && every(&cells_of(&self.metadata.chunk, ranges))
                .iter()
                .all(|cell| self.written.contains(&self.number(cell)))
    }

    /// Writes a box of samples that lies inside the array.
    pub(super) fn write<T: Pod + Send + Sync>(
        &self,
        origin: &[usize],
        samples: &ArrayViewD<T>,
    ) -> Result<(), ImageError> {
        let ranges: Vec<Range<usize>> = origin
            .iter()
            .zip(samples.shape())
            .map(|(&start, &length)| start..start + length)
            .collect();
        if samples.is_empty() {
            return Ok(());
        }
        let cells = every(&cells_of(&self.metadata.chunk, &ranges));
        cells.par_iter().try_for_each(|cell| {
            let inside = overlap(&self.metadata.chunk, cell, &ranges);
            let part = samples.slice_each_axis(|axis| {
                let axis = axis.axis.index();
                Slice::from(inside[axis].start - origin[axis]..inside[axis].end - origin[axis])
            });
            let start: Vec<usize> = (inside.iter().zip(cell).zip(&self.metadata.chunk))
                .map(|((range, cell), side)| range.start - cell * side)
                .collect();
            if part.len() == self.samples_in(cell) {
                let mut whole = vec![T::zeroed(); self.metadata.chunk.iter().product()];
                self.paste(&mut whole, &start, &part)?;
                self.store(cell, bytemuck::cast_slice(&whole), true)
            } else {
                self.add(cell, &start, &part)
            }
        })
    }

    /// Writes what waits, and the directories of shards.
    pub(super) fn finish(&self) -> Result<(), ImageError> {
        let waiting: Vec<_> = lock(&self.waiting).drain().collect();
        waiting
            .into_par_iter()
            .try_for_each(|(cell, part)| match lock(&part).samples.take() {
                Some(samples) => self.store(&cell, &samples, true),
                None => Ok(()),
            })?;
        let shards: Vec<_> = lock(&self.shards).drain().collect();
        shards.into_par_iter().try_for_each(|(shard, index)| {
            let index = lock(&index);
            if index.is_empty() {
                return Ok(());
            }
            let append = || {
                let mut file = OpenOptions::new().append(true).open(self.file(&shard))?;
                file.write_all(&index.encode())?;
                file.sync_all()
            };
            append().map_err(|error| self.refused(error))
        })?;
        let describe = || {
            fs::create_dir_all(&self.folder)?;
            let text = serde_json::to_vec_pretty(&self.metadata.to_json())?;
            fs::write(self.folder.join(self.metadata.file()), text)
        };
        describe().map_err(|error| self.refused(error))
    }

    /// Adds a part of a chunk, and stores the chunk once it is complete.
    fn add<T: Pod>(
        &self,
        cell: &[usize],
        start: &[usize],
        part: &ArrayViewD<T>,
    ) -> Result<(), ImageError> {
        let (entry, is_crowded) = {
            let mut waiting = lock(&self.waiting);
            let entry = waiting.entry(cell.to_vec()).or_insert_with(|| {
                let missing = self.samples_in(cell);
                Arc::new(Mutex::new(Waiting {
                    samples: None,
                    missing,
                }))
            });
            let entry = entry.clone();
            (
                entry,
                waiting.len().saturating_mul(self.metadata.chunk_bytes()) > MOST_WAITING_BYTES,
            )
        };
        let mut chunk = lock(&entry);
        let mut bytes = match chunk.samples.take() {
            Some(bytes) => bytes,
            None => self
                .load(cell)?
                .unwrap_or_else(|| vec![0; self.metadata.chunk_bytes()]),
        };
        chunk.missing = chunk.missing.saturating_sub(part.len());
        // The bytes of a `Vec` begin at an address that suits all samples on common systems.
        if let Ok(samples) = bytemuck::try_cast_slice_mut(&mut bytes) {
            self.paste(samples, start, part)?;
        } else {
            let mut samples = vec![T::zeroed(); bytes.len() / size_of::<T>()];
            bytemuck::cast_slice_mut(&mut samples).copy_from_slice(&bytes);
            self.paste(&mut samples, start, part)?;
            bytes.copy_from_slice(bytemuck::cast_slice(&samples));
        }
        if chunk.missing == 0 {
            self.store(cell, &bytes, true)?;
            lock(&self.waiting).remove(cell);
        } else if is_crowded {
            self.store(cell, &bytes, false)?;
        } else {
            chunk.samples = Some(bytes);
        }
        Ok(())
    }

    /// Copies a part of a chunk to its place.
    fn paste<T: Pod>(
        &self,
        whole: &mut [T],
        start: &[usize],
        part: &ArrayViewD<T>,
    ) -> Result<(), ImageError> {
        let shape = IxDyn(&self.metadata.chunk);
        let mut whole = ArrayViewMutD::from_shape(shape, whole)
            .map_err(|error| self.refused(io::Error::other(error)))?;
        let mut place = whole.slice_each_axis_mut(|axis| {
            let axis = axis.axis.index();
            Slice::from(start[axis]..start[axis] + part.shape()[axis])
        });
        place.assign(part);
        Ok(())
    }

    /// Packs a chunk and puts it on the disk.
    fn store(&self, cell: &[usize], samples: &[u8], is_complete: bool) -> Result<(), ImageError> {
        let is_blank = samples.iter().all(|&byte| byte == 0);
        let packed = if is_blank {
            None
        } else {
            let packed = self.metadata.encode(samples);
            Some(packed.map_err(|problem| self.refused(io::Error::other(problem)))?)
        };
        let place = match &self.metadata.shards {
            None => self.store_alone(cell, packed.as_deref()),
            Some(_) => self.store_in_shard(cell, packed.as_deref()),
        };
        let place = place.map_err(|error| self.refused(error))?;
        match &self.journal {
            Some(journal) if is_complete => journal.note(Record {
                chunk: self.number(cell),
                place,
            }),
            _ => Ok(()),
        }
    }

    fn store_alone(&self, cell: &[usize], packed: Option<&[u8]>) -> io::Result<Option<(u64, u64)>> {
        let file = self.file(cell);
        let Some(packed) = packed else {
            return match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        };
        create(&file, || File::create(&file))?.write_all(packed)?;
        Ok(Some((0, packed.len() as u64)))
    }

    /// Appends a chunk to its shard; one that it replaces stays in the file, unused.
    fn store_in_shard(
        &self,
        cell: &[usize],
        packed: Option<&[u8]>,
    ) -> io::Result<Option<(u64, u64)>> {
        let (shard, number) = self.metadata.file_of(cell);
        let index = self.index(&shard);
        let mut index = lock(&index);
        let place = match packed {
            None => None,
            Some(packed) => {
                let path = self.file(&shard);
                let mut file = create(&path, || {
                    OpenOptions::new().append(true).create(true).open(&path)
                })?;
                let offset = file.seek(SeekFrom::End(0))?;
                file.write_all(packed)?;
                Some((offset, packed.len() as u64))
            }
        };
        index.set(number, place);
        Ok(place)
    }

    /// The samples of a chunk that is on the disk.
    fn load(&self, cell: &[usize]) -> Result<Option<Vec<u8>>, ImageError> {
        let packed = if self.metadata.shards.is_some() {
            let (shard, number) = self.metadata.file_of(cell);
            let place = lock(&self.index(&shard)).place(number);
            place
                .map(|place| read_at(&self.file(&shard), place))
                .transpose()
        } else {
            read_if_there(&self.file(cell))
        };
        let packed = packed.map_err(|error| self.refused(error))?;
        let samples = packed
            .map(|packed| self.metadata.decode(packed))
            .transpose();
        samples.map_err(|problem| self.refused(io::Error::other(problem)))
    }

    /// Takes over a chunk of an earlier run; whether it is really there.
    fn restore(&mut self, record: Record) -> bool {
        let Some(cell) = self.cell(record.chunk) else {
            return false;
        };
        let (file, number) = self.metadata.file_of(&cell);
        let length = || fs::metadata(self.file(&file)).map_or(0, |metadata| metadata.len());
        let is_there = record
            .place
            .is_none_or(|(offset, bytes)| length() >= offset.saturating_add(bytes));
        if is_there && self.metadata.shards.is_some() {
            lock(&self.index(&file)).set(number, record.place);
        }
        is_there
    }

    fn index(&self, shard: &[usize]) -> Arc<Mutex<ShardIndex>> {
        let chunks = || self.metadata.chunks_per_file().iter().product();
        let mut shards = lock(&self.shards);
        let index = shards.entry(shard.to_vec());
        index
            .or_insert_with(|| Arc::new(Mutex::new(ShardIndex::empty(chunks()))))
            .clone()
    }

    fn file(&self, cell: &[usize]) -> PathBuf {
        self.folder.join(self.metadata.keys.key(cell))
    }

    /// How many of the array's samples a chunk has; fewer than its size at the far ends.
    fn samples_in(&self, cell: &[usize]) -> usize {
        let whole: Vec<Range<usize>> = self
            .metadata
            .shape
            .iter()
            .map(|&length| 0..length)
            .collect();
        overlap(&self.metadata.chunk, cell, &whole)
            .iter()
            .map(ExactSizeIterator::len)
            .product()
    }

    /// How many chunks there are along each axis.
    fn grid(&self) -> Vec<usize> {
        let sides = self.metadata.shape.iter().zip(&self.metadata.chunk);
        sides.map(|(length, side)| length.div_ceil(*side)).collect()
    }

    fn number(&self, cell: &[usize]) -> u64 {
        let counts = self.grid();
        cell.iter()
            .zip(&counts)
            .fold(0, |number, (&index, &count)| {
                number * count as u64 + index as u64
            })
    }

    fn cell(&self, mut number: u64) -> Option<Vec<usize>> {
        let mut cell = Vec::new();
        for count in self.grid().into_iter().rev() {
            cell.push((number % count as u64) as usize);
            number /= count as u64;
        }
        cell.reverse();
        (number == 0).then_some(cell)
    }

    fn refused(&self, error: io::Error) -> ImageError {
        ImageError::io(&self.path, "write", error)
    }
}

/// All index lists within ranges, the last index fastest.
pub(super) fn every(ranges: &[Range<usize>]) -> Vec<Vec<usize>> {
    ranges.iter().fold(vec![Vec::new()], |lists, range| {
        let longer = |list: &Vec<usize>| {
            let list = list.clone();
            range
                .clone()
                .map(move |index| [list.clone(), vec![index]].concat())
        };
        lists.iter().flat_map(longer).collect()
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a file, after making its folder if that is missing.
fn create(path: &Path, open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    match (open(), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            open()
        }
        (opened, _) => opened,
    }
}

fn read_at(path: &Path, (offset, length): (u64, u64)) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length as usize];
    io::Read::read_exact(&mut file, &mut bytes)?;
    Ok(bytes)
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}
