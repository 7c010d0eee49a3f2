//! Arrays of any supported sample type.

use ndarray::{Array, ArrayD, Dimension, Slice};

use crate::dtype::DType;

/// The samples of an image, in the type they have in the file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pixels {
    /// Unsigned, 8 bits.
    U8(ArrayD<u8>),
    /// Signed, 8 bits.
    I8(ArrayD<i8>),
    /// Unsigned, 16 bits.
    U16(ArrayD<u16>),
    /// Signed, 16 bits.
    I16(ArrayD<i16>),
    /// Unsigned, 32 bits.
    U32(ArrayD<u32>),
    /// Signed, 32 bits.
    I32(ArrayD<i32>),
    /// Unsigned, 64 bits.
    U64(ArrayD<u64>),
    /// Signed, 64 bits.
    I64(ArrayD<i64>),
    /// Single precision.
    F32(ArrayD<f32>),
    /// Double precision.
    F64(ArrayD<f64>),
}

/// Evaluates one expression for the array of any sample type.
macro_rules! match_pixels {
    ($pixels:expr, $array:ident => $body:expr) => {
        match $pixels {
            $crate::image::Pixels::U8($array) => $body,
            $crate::image::Pixels::I8($array) => $body,
            $crate::image::Pixels::U16($array) => $body,
            $crate::image::Pixels::I16($array) => $body,
            $crate::image::Pixels::U32($array) => $body,
            $crate::image::Pixels::I32($array) => $body,
            $crate::image::Pixels::U64($array) => $body,
            $crate::image::Pixels::I64($array) => $body,
            $crate::image::Pixels::F32($array) => $body,
            $crate::image::Pixels::F64($array) => $body,
        }
    };
}
pub(crate) use match_pixels;

/// A type that image samples can have.
pub trait PixelType: Copy + Default + PartialEq + Send + Sync + 'static {
    /// Its name.
    const DTYPE: DType;

    /// The nearest `f32`. Integers beyond 2^24 are rounded.
    fn to_f32(self) -> f32;

    /// The nearest `f64`. Integers beyond 2^53 are rounded.
    fn to_f64(self) -> f64;

    /// Wraps an array of this type.
    fn into_pixels(array: ArrayD<Self>) -> Pixels;
}

macro_rules! pixel_types {
    ($($sample:ty, $variant:ident, $dtype:ident;)*) => {
        $(#[allow(clippy::cast_lossless, reason = "one text for types with and without rounding")]
        impl PixelType for $sample {
            const DTYPE: DType = DType::$dtype;

            fn to_f32(self) -> f32 {
                self as f32
            }

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn into_pixels(array: ArrayD<Self>) -> Pixels {
                Pixels::$variant(array)
            }
        })*

        impl Pixels {
            /// Zeros of a shape.
            pub fn zeros(dtype: DType, shape: &[usize]) -> Pixels {
                match dtype {
                    $(DType::$dtype => Pixels::$variant(ArrayD::zeros(shape)),)*
                }
            }
        }
    };
}

pixel_types! {
    u8, U8, UInt8;
    i8, I8, Int8;
    u16, U16, UInt16;
    i16, I16, Int16;
    u32, U32, UInt32;
    i32, I32, Int32;
    u64, U64, UInt64;
    i64, I64, Int64;
    f32, F32, Float32;
    f64, F64, Float64;
}

impl Pixels {
    /// The sample type.
    pub fn dtype(&self) -> DType {
        fn of<T: PixelType>(_: &ArrayD<T>) -> DType {
            T::DTYPE
        }
        match_pixels!(self, array => of(array))
    }

    /// The lengths of the dimensions, slowest first.
    pub fn shape(&self) -> &[usize] {
        match_pixels!(self, array => array.shape())
    }

    /// Copies `block` to where its first sample is at `origin`. `None`, and nothing is copied, if the
    /// type is another or the block does not lie inside.
    pub fn paste(&mut self, origin: &[usize], block: &Pixels) -> Option<()> {
        let fits = origin.len() == block.shape().len()
            && origin.len() == self.shape().len()
            && (origin.iter().zip(block.shape()).zip(self.shape()))
                .all(|((&start, &length), &whole)| start <= whole && length <= whole - start);
        if !fits {
            return None;
        }
        let end: Vec<usize> = origin
            .iter()
            .zip(block.shape())
            .map(|(a, b)| a + b)
            .collect();
        macro_rules! paste {
            ($($variant:ident)*) => {
                match (self, block) {
                    $((Pixels::$variant(to), Pixels::$variant(from)) => {
                        to.slice_each_axis_mut(|axis| {
                            let index = axis.axis.index();
                            Slice::from(origin[index]..end[index])
                        })
                        .assign(from);
                        Some(())
                    })*
                    _ => None,
                }
            };
        }
        paste!(U8 I8 U16 I16 U32 I32 U64 I64 F32 F64)
    }

    /// The samples as `f32`; integers beyond 2^24 and doubles are rounded.
    pub fn to_f32(&self) -> ArrayD<f32> {
        match_pixels!(self, array => array.mapv(PixelType::to_f32))
    }
}

impl<T: PixelType, D: Dimension> From<Array<T, D>> for Pixels {
    fn from(array: Array<T, D>) -> Pixels {
        T::into_pixels(array.into_dyn())
    }
}
