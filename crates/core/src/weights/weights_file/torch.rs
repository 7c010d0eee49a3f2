//! PyTorch's checkpoints.
//!
//! The crate `pytorch-reader` reads them without Python. Before it gets a file, the container and the
//! instructions of its pickles are inspected here: the crate limits single tensors and copies, but not
//! what many small instructions add up to, and it passes over calls that no honest file makes.

mod container;
mod pickle;

use std::path::Path;

use pytorch_reader::{DType, PickleError, PickleValue, PytorchError, PytorchReader, Tensor};
use safetensors::Dtype;

use super::{
    WeightsFileError,
    contents::{Contents, StoredTensor},
    numbers::to_f32,
};

/// Opens a checkpoint that begins with the bytes `head`.
pub(super) fn open(path: &Path, head: &[u8]) -> Result<Contents, WeightsFileError> {
    let bytes = container::inspect(path, head)?;
    let damaged = |error| WeightsFileError::Damaged {
        path: path.to_owned(),
        problem: problem(error),
    };
    let tree = PytorchReader::read_pickle_data(path, None).map_err(damaged)?;
    let PickleValue::Dict(entries) = &tree else {
        return Err(WeightsFileError::NoTensors {
            path: path.to_owned(),
            key: None,
            found: vec![type_name(&tree)],
        });
    };
    let mut groups = Vec::new();
    let mut others = Vec::new();
    for (name, value) in entries {
        match value {
            PickleValue::Dict(_) if holds_tensor(value) => groups.push(name.clone()),
            value if holds_tensor(value) => {}
            value => others.push(format!("{name} ({})", type_name(value))),
        }
    }
    groups.sort();
    others.sort();
    // Tensors at the top: the file is a state dict, whatever dictionaries lie beside them.
    if entries.values().any(is_tensor) {
        groups.clear();
    }
    let tensors = PytorchReader::new(path).map_err(damaged)?.into_tensors();
    Ok(Contents {
        tensors: tensors
            .into_iter()
            .map(|(name, tensor)| (name, stored(tensor)))
            .collect(),
        groups,
        others,
        bytes,
    })
}

/// The crate's words without what they are nested in.
fn problem(error: PytorchError) -> String {
    match error {
        PytorchError::Pickle(PickleError::InvalidData(problem)) => problem,
        PytorchError::Pickle(error) => error.to_string(),
        PytorchError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

fn is_tensor(value: &PickleValue) -> bool {
    matches!(value, PickleValue::Unsupported(name) if name == "torch.Tensor")
}

fn holds_tensor(value: &PickleValue) -> bool {
    match value {
        PickleValue::Dict(entries) => entries.values().any(holds_tensor),
        PickleValue::List(items) => items.iter().any(holds_tensor),
        value => is_tensor(value),
    }
}

/// A value's type as Python calls it.
fn type_name(value: &PickleValue) -> String {
    match value {
        PickleValue::None => "None",
        PickleValue::Bool(_) => "bool",
        PickleValue::Int(_) => "int",
        PickleValue::Float(_) => "float",
        PickleValue::String(_) => "str",
        PickleValue::List(_) => "list",
        PickleValue::Dict(_) => "dict",
        PickleValue::Bytes(_) => "bytes",
        PickleValue::Unsupported(name) => name,
    }
    .to_owned()
}

fn stored(mut tensor: Tensor) -> StoredTensor {
    // Its errors would name it once more.
    tensor.name.clear();
    let kind = match tensor.dtype() {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    };
    StoredTensor {
        shape: tensor.shape().to_vec(),
        read: Box::new(move || {
            let bytes = tensor.read().map_err(|error| error.to_string())?;
            to_f32(kind, &bytes).ok_or_else(|| format!("its numbers are of the type {kind:?}"))
        }),
    }
}
