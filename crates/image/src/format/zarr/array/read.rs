//! Reading parts of an array: only the chunks that they touch, several at once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytemuck::Pod;
use ndarray::{ArrayViewD, ArrayViewMutD, Slice, Zip};

use super::{ArrayMetadata, ShardIndex, Shards, cells_of, for_each_cell};
use crate::error::ImageError;
use crate::format::positioned::read_exact_at;
use crate::format::zarr::store::{Location, Part};
use crate::image::{Pixels, match_pixels};

/// The most chunks of one read: to look for so many files takes seconds, even if there are none.
const MOST_CHUNKS: u128 = 1 << 20;
/// The most bytes of shard directories that are kept.
const MOST_KEPT_BYTES: usize = 64 << 20;

/// An array that is read.
pub(in crate::format::zarr) struct ZarrArray {
    pub(in crate::format::zarr) at: Location,
    pub(in crate::format::zarr) metadata: ArrayMetadata,
    /// The directories of shards that were read, by their key; `None` for absent shards.
    indices: Mutex<HashMap<String, Option<Arc<ShardIndex>>>>,
}

impl ZarrArray {
    pub(in crate::format::zarr) fn new(at: Location, metadata: ArrayMetadata) -> ZarrArray {
        ZarrArray {
            at,
            metadata,
            indices: Mutex::default(),
        }
    }

    /// The array in a folder, if there is one.
    pub(in crate::format::zarr) fn open(at: Location) -> Result<Option<ZarrArray>, ImageError> {
        let metadata = ArrayMetadata::read(&at)?;
        Ok(metadata.map(|metadata| ZarrArray::new(at, metadata)))
    }

    /// The samples of a box inside the array.
    pub(in crate::format::zarr) fn read(
        &self,
        ranges: &[Range<usize>],
    ) -> Result<Pixels, ImageError> {
        let chunks = cells_of(&self.metadata.chunk, ranges)
            .iter()
            .fold(1u128, |count, cells| {
                count.saturating_mul(cells.len() as u128)
            });
        if chunks > MOST_CHUNKS {
            let feature = format!(
                "has chunks of {:?}: the part is in {chunks}",
                self.metadata.chunk
            );
            let remedy = "read a smaller part, or write the array again with larger chunks";
            return Err(self.at.unsupported(self.metadata.file(), feature, remedy));
        }
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        let mut pixels = Pixels::zeros(self.metadata.stored.dtype(), &shape);
        let origin = ranges.iter().map(|range| range.start).collect();
        let run = || match_pixels!(&mut pixels, array => self.fill(origin, array.view_mut()));
        match self.at.store.threads() {
            Some(threads) => threads.install(run),
            None => run(),
        }?;
        Ok(pixels)
    }

    fn fill<T: Pod + Send + Sync>(
        &self,
        origin: Vec<usize>,
        view: ArrayViewMutD<T>,
    ) -> Result<(), ImageError> {
        let job = Job {
            array: self,
            has_failed: AtomicBool::new(false),
        };
        for_each_cell(
            self.metadata.file_shape(),
            origin,
            view,
            &|file, origin, view| match &self.metadata.shards {
                None => job.run(|| job.read_chunk_file(file, origin, view)),
                Some(shards) => job.read_shard(shards, file, origin, view),
            },
        )
    }

    /// The directory of a shard; `None` if there is no such shard.
    fn index(&self, shards: &Shards, key: &str) -> Result<Option<Arc<ShardIndex>>, ImageError> {
        let lock = || self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(key) {
            return Ok(known.clone());
        }
        let chunks = self.metadata.chunks_per_file().iter().product::<usize>();
        let length = chunks as u64 * 16 + if shards.has_checksum { 4 } else { 0 };
        let part = if shards.index_first {
            Part::At(0, length)
        } else {
            Part::Last(length)
        };
        let bytes = self
            .at
            .read(self.at.store.get_part(&self.at.key(key), part), key)?;
        let index = bytes
            .map(|bytes| ShardIndex::decode(&bytes, chunks, shards.has_checksum).map(Arc::new))
            .transpose()
            .map_err(|problem| self.at.malformed(key, problem))?;
        let mut known = lock();
        if known.len() * chunks * 16 > MOST_KEPT_BYTES {
            known.clear();
        }
        known.insert(key.to_owned(), index.clone());
        Ok(index)
    }
}

/// One call for a part of an array.
struct Job<'a> {
    array: &'a ZarrArray,
    /// Set at the first error, so that other threads stop.
    has_failed: AtomicBool,
}

impl Job<'_> {
    /// Does one step, unless another one has failed.
    fn run(&self, step: impl FnOnce() -> Result<(), ImageError>) -> Result<(), ImageError> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        step().inspect_err(|_| self.has_failed.store(true, Ordering::Relaxed))
    }

    fn read_chunk_file<T: Pod>(
        &self,
        chunk: &[usize],
        origin: &[usize],
        view: ArrayViewMutD<T>,
    ) -> Result<(), ImageError> {
        let (at, metadata) = (&self.array.at, &self.array.metadata);
        let key = metadata.keys.key(chunk);
        let bytes = at.store.get(&at.key(&key), metadata.most_packed());
        if let Some(bytes) = at.read(bytes, &key)? {
            return self.place(&key, bytes, chunk, origin, view);
        }
        self.blank(view);
        Ok(())
    }

    fn read_shard<T: Pod + Send + Sync>(
        &self,
        shards: &Shards,
        shard: &[usize],
        origin: &[usize],
        mut view: ArrayViewMutD<T>,
    ) -> Result<(), ImageError> {
        let (at, metadata) = (&self.array.at, &self.array.metadata);
        let key = metadata.keys.key(shard);
        let mut index = None;
        self.run(|| {
            index = self.array.index(shards, &key)?;
            Ok(())
        })?;
        let Some(index) = index else {
            self.blank(view.view_mut());
            return Ok(());
        };
        let file = at.read(at.store.open(&at.key(&key)), &key)?;
        for_each_cell(
            &metadata.chunk,
            origin.to_vec(),
            view,
            &|chunk, origin, view| {
                self.run(|| {
                    let Some((offset, length)) = index.place(metadata.file_of(chunk).1) else {
                        self.blank(view);
                        return Ok(());
                    };
                    let bytes = self.part(&key, file.as_ref(), offset, length)?;
                    self.place(&key, bytes, chunk, origin, view)
                })
            },
        )
    }

    /// The packed bytes of a chunk in a shard.
    fn part(
        &self,
        key: &str,
        file: Option<&File>,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, ImageError> {
        let at = &self.array.at;
        if length > self.array.metadata.most_packed() {
            return Err(at.malformed(key, format!("has a chunk of {length} bytes")));
        }
        let ends_early = || at.malformed(key, "ends before a chunk of its directory");
        let Some(file) = file else {
            let part = at.store.get_part(&at.key(key), Part::At(offset, length));
            let bytes = at.read(part, key)?.unwrap_or_default();
            return if bytes.len() as u64 == length {
                Ok(bytes)
            } else {
                Err(ends_early())
            };
        };
        let end = at.read(file.metadata(), key)?.len();
        if offset.checked_add(length).is_none_or(|last| last > end) {
            return Err(ends_early());
        }
        let mut bytes = vec![0; length as usize];
        match read_exact_at(file, &mut bytes, offset) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(ends_early()),
            read => at.read(read.map(|()| bytes), key),
        }
    }

    /// Unpacks a chunk and copies what is wanted of it.
    fn place<T: Pod>(
        &self,
        key: &str,
        bytes: Vec<u8>,
        chunk: &[usize],
        origin: &[usize],
        mut view: ArrayViewMutD<T>,
    ) -> Result<(), ImageError> {
        let (at, metadata) = (&self.array.at, &self.array.metadata);
        let bytes = metadata
            .decode(bytes)
            .map_err(|problem| at.malformed(key, problem))?;
        let samples = aligned::<T>(&bytes);
        let order = &metadata.order.axes;
        let stored: Vec<usize> = order.iter().map(|&axis| metadata.chunk[axis]).collect();
        let back: Vec<usize> = (0..order.len())
            .filter_map(|axis| order.iter().position(|&other| other == axis))
            .collect();
        let whole = ArrayViewD::from_shape(stored, &samples)
            .map_err(|error| at.malformed(key, error.to_string()))?
            .permuted_axes(back);
        let lengths = view.shape().to_vec();
        let wanted = whole.slice_each_axis(|axis| {
            let axis = axis.axis.index();
            let start = origin[axis] - chunk[axis] * metadata.chunk[axis];
            Slice::from(start..start + lengths[axis])
        });
        copy(&mut view, &wanted);
        Ok(())
    }

    /// Gives samples that are not stored their value; memory of zeros is not even touched.
    fn blank<T: Pod>(&self, mut view: ArrayViewMutD<T>) {
        let fill = &self.array.metadata.fill;
        if fill.iter().any(|&byte| byte != 0) {
            view.fill(bytemuck::pod_read_unaligned(fill));
        }
    }
}

/// Copies row by row where rows lie in memory as they are.
fn copy<T: Copy>(to: &mut ArrayViewMutD<T>, from: &ArrayViewD<T>) {
    Zip::from(to.rows_mut())
        .and(from.rows())
        .for_each(|mut to, from| match (to.as_slice_mut(), from.as_slice()) {
            (Some(to), Some(from)) => to.copy_from_slice(from),
            _ => to.assign(&from),
        });
}

/// Bytes as samples; copied in the rare case that they begin at an odd address.
fn aligned<T: Pod>(bytes: &[u8]) -> Cow<'_, [T]> {
    if let Ok(samples) = bytemuck::try_cast_slice(bytes) {
        return Cow::Borrowed(samples);
    }
    let mut samples = vec![T::zeroed(); bytes.len() / size_of::<T>()];
    bytemuck::cast_slice_mut(&mut samples).copy_from_slice(bytes);
    Cow::Owned(samples)
}
