//! Arrays of any type of number.

use std::{collections::BTreeMap, path::Path};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// An array as it lies in a file.
pub struct Numbers {
    pub values: Vec<f64>,
    pub shape: Vec<usize>,
}

impl Numbers {
    /// The parts along the first axis.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        let length = self.shape.iter().skip(1).product::<usize>().max(1);
        self.values.chunks(length)
    }

    pub fn floats(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }
}

/// All arrays of a file by name.
pub fn read(path: &Path) -> Result<BTreeMap<String, Numbers>, String> {
    let fault = |error: String| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| fault(error.to_string()))?;
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let numbers = decode(&view).map_err(|error| fault(format!("{name} {error}")))?;
        Ok((name, numbers))
    });
    tensors.collect()
}

fn decode(view: &TensorView<'_>) -> Result<Numbers, String> {
    macro_rules! each {
        ($number:ty, $widen:expr) => {{
            let chunks = view.data().as_chunks().0.iter();
            chunks
                .map(|bytes| $widen(<$number>::from_le_bytes(*bytes)))
                .collect()
        }};
    }
    let values = match view.dtype() {
        Dtype::F32 => each!(f32, f64::from),
        Dtype::F64 => each!(f64, f64::from),
        Dtype::I64 => each!(i64, |number| number as f64),
        Dtype::I32 => each!(i32, f64::from),
        Dtype::U8 | Dtype::BOOL => each!(u8, f64::from),
        other => return Err(format!("has the type {other:?}")),
    };
    Ok(Numbers {
        values,
        shape: view.shape().to_vec(),
    })
}
