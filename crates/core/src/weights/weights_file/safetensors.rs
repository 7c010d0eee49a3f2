//! Safetensors files of other programs: numbers of any of 13 types, each tensor converted when it is
//! asked for. `state_dict` reads this program's own, which are 32-bit, finite and carry metadata, and
//! refuses others. Both leave the format to the crate `safetensors`.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use safetensors::SafeTensors;

use super::{
    WeightsFileError,
    contents::{Contents, StoredTensor},
    numbers::to_f32,
};

/// Whether a file begins like one: the length of its header, and the brace that the header opens with.
pub(super) fn is_this(head: &[u8]) -> bool {
    head.get(8) == Some(&b'{')
}

/// Opens a file; its header must agree with its bytes.
pub(super) fn open(path: &Path) -> Result<Contents, WeightsFileError> {
    let bytes = fs::read(path).map_err(|source| WeightsFileError::Io {
        path: path.to_owned(),
        source,
    })?;
    let damaged = |problem: String| WeightsFileError::Damaged {
        path: path.to_owned(),
        problem,
    };
    let bytes = Arc::new(bytes);
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| damaged(format!("its header and its bytes disagree ({error})")))?;
    let mut stored = BTreeMap::new();
    for (name, view) in tensors.iter() {
        let start = view.data().as_ptr() as usize - bytes.as_ptr() as usize;
        let range = start..start + view.data().len();
        let (kind, bytes) = (view.dtype(), Arc::clone(&bytes));
        let read = move || {
            to_f32(kind, &bytes[range.clone()])
                .ok_or_else(|| format!("its numbers are of the type {kind:?}"))
        };
        stored.insert(
            name.to_owned(),
            StoredTensor {
                shape: view.shape().to_vec(),
                read: Box::new(read),
            },
        );
    }
    Ok(Contents {
        tensors: stored,
        groups: Vec::new(),
        others: Vec::new(),
        bytes: bytes.len() as u64,
    })
}
