//! What a file of weights holds.

use std::{collections::BTreeMap, path::Path};

use super::{NUMBERS_PER_BYTE, WeightsFileError};

/// What a file of weights holds, before a tensor is read.
pub(super) struct Contents {
    /// The tensors by the path to them, keys with dots between.
    pub(super) tensors: BTreeMap<String, StoredTensor>,
    /// The dictionaries at the top that hold tensors; empty when tensors lie at the top themselves.
    pub(super) groups: Vec<String>,
    /// What lies at the top that is not used, as `name (type)`.
    pub(super) others: Vec<String>,
    /// Bytes of the file.
    pub(super) bytes: u64,
}

/// A tensor that has not been read.
pub(super) struct StoredTensor {
    /// Its shape.
    pub(super) shape: Vec<usize>,
    /// Reads its numbers in the order of its axes.
    pub(super) read: ReadTensor,
}

/// Reads numbers, or says why that is not possible.
pub(super) type ReadTensor = Box<dyn Fn() -> Result<Vec<f32>, String>>;

impl Contents {
    /// Refuses a small file that unpacks to large tensors.
    pub(super) fn check_size(&self, path: &Path) -> Result<(), WeightsFileError> {
        let count = |shape: &[usize]| -> u64 {
            let sizes = shape.iter().map(|&size| size as u64);
            sizes.fold(1, u64::saturating_mul)
        };
        let numbers = self.tensors.values().map(|tensor| count(&tensor.shape));
        let numbers = numbers.fold(0, u64::saturating_add);
        if numbers <= self.bytes.saturating_mul(NUMBERS_PER_BYTE) {
            return Ok(());
        }
        Err(WeightsFileError::Damaged {
            path: path.to_owned(),
            problem: format!(
                "its tensors are said to hold {numbers} numbers together, and it has {} bytes",
                self.bytes
            ),
        })
    }
}
