//! Stored arrays, and arrays to compare with them.
#![allow(
    clippy::cast_lossless,
    reason = "one macro covers types with and without a lossless form"
)]

use ndarray::{Array, ArrayD, ArrayView, Dimension, IxDyn};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// An array whose element type is erased, with whether it was a float.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) is_float: bool,
    pub(crate) dtype: Option<Dtype>,
    pub(crate) values: Vec<f64>,
}

/// What arrays of algorithms hold.
pub(crate) trait Element: Copy {
    const IS_FLOAT: bool;
    fn to_f64(self) -> f64;
    fn from_f64(value: f64) -> Self;
}

macro_rules! element {
    ($($kind:ty: $float:literal),*) => {$(
        impl Element for $kind {
            const IS_FLOAT: bool = $float;
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(value: f64) -> Self {
                value as Self
            }
        }
    )*};
}

element!(u8: false, i8: false, u16: false, i16: false, i32: false, u32: false, i64: false, u64: false, usize: false, f32: true, f64: true);

impl Element for bool {
    const IS_FLOAT: bool = false;
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
}

impl Tensor {
    pub(crate) fn read(view: &TensorView<'_>) -> Result<Self, String> {
        let bytes = view.data();
        macro_rules! decode {
            ($kind:ty) => {
                bytes
                    .chunks_exact(size_of::<$kind>())
                    .map(|chunk| {
                        <$kind>::from_le_bytes(chunk.try_into().unwrap_or_default()) as f64
                    })
                    .collect()
            };
        }
        let (is_float, values) = match view.dtype() {
            Dtype::BOOL | Dtype::U8 => (false, decode!(u8)),
            Dtype::I8 => (false, decode!(i8)),
            Dtype::U16 => (false, decode!(u16)),
            Dtype::I16 => (false, decode!(i16)),
            Dtype::U32 => (false, decode!(u32)),
            Dtype::I32 => (false, decode!(i32)),
            Dtype::U64 => (false, decode!(u64)),
            Dtype::I64 => (false, decode!(i64)),
            Dtype::F32 => (true, decode!(f32)),
            Dtype::F64 => (true, decode!(f64)),
            other => return Err(format!("unexpected element type {other:?}")),
        };
        Ok(Self {
            shape: view.shape().to_vec(),
            is_float,
            dtype: Some(view.dtype()),
            values,
        })
    }

    /// The array in the element type an algorithm takes.
    pub(crate) fn array<T: Element>(&self) -> ArrayD<T> {
        ArrayD::from_shape_fn(IxDyn(&self.shape), {
            let mut values = self.values.iter();
            move |_| T::from_f64(values.next().copied().unwrap_or(f64::NAN))
        })
    }

    pub(crate) fn vector<T: Element>(values: &[T]) -> Self {
        Self::of(&ArrayView::from(values))
    }

    pub(crate) fn scalar<T: Element>(value: T) -> Self {
        Self::vector(&[value])
    }

    pub(crate) fn of<T: Element, D: Dimension>(array: &ArrayView<'_, T, D>) -> Self {
        Self {
            shape: array.shape().to_vec(),
            is_float: T::IS_FLOAT,
            dtype: None,
            values: array.iter().map(|value| value.to_f64()).collect(),
        }
    }
}

impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor {
    fn from(array: Array<T, D>) -> Self {
        Self::of(&array.view())
    }
}

/// Runs `$body` with `$array` bound to the tensor in the element type it was stored in.
macro_rules! with_stored_type {
    ($tensor:expr, |$array:ident| $body:expr) => {
        match $tensor.dtype {
            Some(safetensors::Dtype::U8) => {
                let $array = $tensor.array::<u8>();
                $body
            }
            Some(safetensors::Dtype::U16) => {
                let $array = $tensor.array::<u16>();
                $body
            }
            Some(safetensors::Dtype::I16) => {
                let $array = $tensor.array::<i16>();
                $body
            }
            Some(safetensors::Dtype::F32) => {
                let $array = $tensor.array::<f32>();
                $body
            }
            _ => {
                let $array = $tensor.array::<f64>();
                $body
            }
        }
    };
}
pub(crate) use with_stored_type;
