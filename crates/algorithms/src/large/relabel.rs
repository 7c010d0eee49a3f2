//! Labels replaced by others.

use rayon::prelude::*;

use super::objects::Object;
use super::{OutOfCoreError, Volume};
use coverslip_image::sink::Sink;

/// Bytes of working memory per voxel: the labels as read and converted, twice.
const BYTES_PER_VOXEL: usize = 20;

/// New numbers for labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renumbering {
    /// Old labels in ascending order with their new ones.
    pairs: Vec<(u32, u32)>,
    count: u32,
}

impl Renumbering {
    /// Drops labels with fewer than `min_size` pixels and numbers the others `1..=n` in their order:
    /// as [`remove_small_labels`](crate::measure::labels::remove_small_labels) and then
    /// [`relabel_sequential`](crate::measure::labels::relabel_sequential).
    pub fn without_small(objects: &[Object], min_size: u64) -> Renumbering {
        let mut count = 0;
        let pairs = (objects.iter())
            .map(|object| {
                let keeps = object.size >= min_size;
                count += u32::from(keeps);
                (object.label, if keeps { count } else { 0 })
            })
            .collect();
        Renumbering { pairs, count }
    }

    /// The number of labels that are left.
    pub fn count(&self) -> u32 {
        self.count
    }

    fn of(&self, label: u32) -> u32 {
        match label {
            0 => 0,
            label => match self.pairs.binary_search_by_key(&label, |&(old, _)| old) {
                Ok(index) => self.pairs[index].1,
                Err(_) => 0,
            },
        }
    }
}

/// Writes `volume` with new numbers into `sink`.
///
/// # Errors
///
/// Any fault of source and sink.
pub fn relabel(
    volume: Volume<'_>,
    numbers: &Renumbering,
    sink: &dyn Sink,
) -> Result<(), OutOfCoreError> {
    (volume.blocks_for(sink, BYTES_PER_VOXEL).into_par_iter()).try_for_each(|block| {
        let mut labels = volume.read(&block)?;
        let mut last = (0, 0);
        labels.mapv_inplace(|label| {
            if label != last.0 {
                last = (label, numbers.of(label));
            }
            last.1
        });
        Ok(Volume::write(sink, &block, labels)?)
    })
}
