//! Smaller copies of an image: which ones, and how their samples follow from the larger ones.

use ndarray::{ArrayD, Axis as Dimension, IxDyn, Slice};

use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::image::{PixelSize, Pixels};

/// Copies are made until no side of a plane is longer.
const SMALL_SIDE: usize = 256;

/// How several samples become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean; integers are rounded, halves to even.
    Mean,
    /// The first one, so that labels stay labels.
    First,
}

/// The factors by which each smaller copy shrinks the one before, along each axis.
///
/// Rows and columns are halved until planes are small. Sections are halved as well once their
/// distance is no more than that of rows and columns.
pub(in crate::format) fn factors(axes: &Axes, shape: &[usize], size: PixelSize) -> Vec<Vec<usize>> {
    let mut shape = shape.to_vec();
    let of = |axis: Axis, shape: &[usize]| axes.position(axis).map_or(1, |at| shape[at]);
    let mut plane = size.y.or(size.x).unwrap_or(1.0).max(size.x.unwrap_or(0.0));
    let mut section = size.z.unwrap_or(plane);
    let mut levels = Vec::new();
    while of(Axis::Y, &shape).max(of(Axis::X, &shape)) > SMALL_SIDE {
        let sections_too = section <= plane;
        let step: Vec<usize> = axes
            .iter()
            .zip(&shape)
            .map(|(axis, &length)| match axis {
                Axis::Y | Axis::X if length > 1 => 2,
                Axis::Z if length > 1 && sections_too => 2,
                _ => 1,
            })
            .collect();
        shape = reduced(&shape, &step);
        plane *= 2.0;
        if sections_too {
            section *= 2.0;
        }
        levels.push(step);
    }
    levels
}

/// The shape after shrinking; what does not fill a block still counts.
pub(in crate::format) fn reduced(shape: &[usize], factors: &[usize]) -> Vec<usize> {
    shape
        .iter()
        .zip(factors)
        .map(|(length, factor)| length.div_ceil(*factor))
        .collect()
}

/// Shrinks an image by whole factors, one an axis; blocks at the far ends take the samples that exist.
///
/// # Errors
///
/// [`ImageError::Misuse`] for a factor of 0, or another number of factors than axes.
pub fn reduce(pixels: &Pixels, factors: &[usize], how: Reduction) -> Result<Pixels, ImageError> {
    if factors.len() != pixels.shape().len() || factors.contains(&0) {
        return Err(ImageError::Misuse {
            path: None,
            problem: format!(
                "has {} axes, the factors are {factors:?}",
                pixels.shape().len()
            ),
        });
    }
    macro_rules! reduce {
        ($($variant:ident)*) => {
            match (pixels, how) {
                $((Pixels::$variant(array), Reduction::Mean) => mean(array, factors).into(),)*
                $((Pixels::$variant(array), Reduction::First) => array
                    .slice_each_axis(|axis| {
                        Slice::new(0, None, factors[axis.axis.index()] as isize)
                    })
                    .to_owned()
                    .into(),)*
            }
        };
    }
    Ok(reduce!(U8 I8 U16 I16 U32 I32 U64 I64 F32 F64))
}

/// A sample whose blocks are averaged.
trait Mean: Copy {
    /// What sums of a block fit into.
    type Sum: Copy + Default + std::ops::AddAssign;

    fn widen(self) -> Self::Sum;

    fn mean(sum: Self::Sum, count: usize) -> Self;
}

macro_rules! mean_of_integers {
    ($($kind:ty, $sum:ty;)*) => {$(
        impl Mean for $kind {
            type Sum = $sum;

            fn widen(self) -> $sum {
                <$sum>::from(self)
            }

            fn mean(sum: $sum, count: usize) -> $kind {
                let count = count as $sum;
                let (quotient, rest) = if count & (count - 1) == 0 {
                    (sum >> count.trailing_zeros(), sum & (count - 1))
                } else {
                    (sum.div_euclid(count), sum.rem_euclid(count))
                };
                let up = 2 * rest > count || (2 * rest == count && quotient & 1 == 1);
                (quotient + <$sum>::from(up)) as $kind
            }
        }
    )*};
}

mean_of_integers! {
    u8, i64;
    i8, i64;
    u16, i64;
    i16, i64;
    u32, i64;
    i32, i64;
    u64, i128;
    i64, i128;
}

macro_rules! mean_of_reals {
    ($($kind:ty)*) => {$(
        impl Mean for $kind {
            type Sum = f64;

            fn widen(self) -> f64 {
                f64::from(self)
            }

            fn mean(sum: f64, count: usize) -> $kind {
                (sum / count as f64) as $kind
            }
        }
    )*};
}

mean_of_reals!(f32 f64);

/// Block means: sums of rows into rows, then one division a sample.
fn mean<T: Mean>(array: &ArrayD<T>, factors: &[usize]) -> ArrayD<T> {
    let shape = reduced(array.shape(), factors);
    let mut sums = ArrayD::<T::Sum>::default(IxDyn(&shape));
    let Some(last) = factors.len().checked_sub(1) else {
        return array.clone();
    };
    let (width, factor) = (shape[last], factors[last]);
    let rows = shape[..last].iter().product::<usize>();
    let Some(flat) = sums
        .as_slice_mut()
        .filter(|flat| flat.len() == rows * width)
    else {
        return ArrayD::from_shape_fn(IxDyn(&shape), |_| T::mean(T::Sum::default(), 1));
    };
    for (row, lane) in array.lanes(Dimension(last)).into_iter().enumerate() {
        let target = row_after(row, &array.shape()[..last], &shape[..last], factors);
        let sums = &mut flat[target * width..][..width];
        match lane.as_slice() {
            Some(lane) => add_row(lane.iter(), factor, sums),
            None => add_row(lane.iter(), factor, sums),
        }
    }
    let counts: Vec<Vec<usize>> = (array.shape().iter().zip(factors).zip(&shape))
        .map(|((&length, &factor), &blocks)| {
            (0..blocks)
                .map(|block| factor.min(length - block * factor))
                .collect()
        })
        .collect();
    let mut index = vec![0; last];
    let mut means = Vec::with_capacity(flat.len());
    for sums in flat.chunks_exact(width.max(1)) {
        let count: usize = index
            .iter()
            .zip(&counts)
            .map(|(&at, counts)| counts[at])
            .product();
        means.extend(
            sums.iter()
                .zip(&counts[last])
                .map(|(&sum, across)| T::mean(sum, count * across)),
        );
        advance(&mut index, &shape[..last]);
    }
    ArrayD::from_shape_vec(IxDyn(&shape), means)
        .unwrap_or_else(|_| unreachable!("one mean a block"))
}

fn add_row<'a, T: Mean + 'a>(
    mut row: impl Iterator<Item = &'a T>,
    factor: usize,
    sums: &mut [T::Sum],
) {
    for sum in sums {
        for sample in row.by_ref().take(factor) {
            *sum += sample.widen();
        }
    }
}

/// The number of the row that a row is added to, both counted in row-major order.
fn row_after(mut row: usize, from: &[usize], to: &[usize], factors: &[usize]) -> usize {
    let (mut target, mut stride) = (0, 1);
    for axis in (0..from.len()).rev() {
        target += row % from[axis] / factors[axis] * stride;
        stride *= to[axis];
        row /= from[axis];
    }
    target
}

/// Steps to the next index in row-major order.
fn advance(index: &mut [usize], shape: &[usize]) {
    for axis in (0..index.len()).rev() {
        index[axis] += 1;
        if index[axis] < shape[axis] {
            return;
        }
        index[axis] = 0;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::dtype::DType;

    #[test]
    fn partial_blocks_take_what_exists_and_halves_go_to_even() {
        let mean = |image: &Pixels, factors: &[usize]| reduce(image, factors, Reduction::Mean);
        let image = Pixels::from(array![[0u8, 1, 255], [0, 1, 254], [3, 4, 9]]);
        let expected = Pixels::from(array![[0u8, 254], [4, 9]]);
        assert_eq!(mean(&image, &[2, 2]).unwrap(), expected);
        let first = Pixels::from(array![[0u8, 255], [3, 9]]);
        assert_eq!(reduce(&image, &[2, 2], Reduction::First).unwrap(), first);
        let signed = Pixels::from(array![[-1i16, -2], [-3, -4]]);
        let expected = Pixels::from(array![[-2i16]]);
        assert_eq!(mean(&signed, &[2, 2]).unwrap(), expected);
        let thirds = Pixels::from(array![[1u64, 1, 3, u64::MAX, 7]]);
        let expected = Pixels::from(array![[2u64, u64::MAX / 2 + 4]]);
        assert_eq!(mean(&thirds, &[1, 3]).unwrap(), expected);
        let empty = Pixels::zeros(DType::UInt8, &[0, 5]);
        assert_eq!(mean(&empty, &[2, 2]).unwrap().shape(), [0, 3]);
        assert!(mean(&image, &[0, 2]).is_err() && mean(&image, &[1, 1, 1]).is_err());
    }

    #[test]
    fn sections_are_halved_once_they_are_as_fine_as_planes() {
        let axes = Axes::canonical(|axis| axis != Axis::T);
        let size = PixelSize {
            z: Some(1.0),
            y: Some(0.3),
            x: Some(0.3),
        };
        let steps = factors(&axes, &[2, 100, 2000, 1000], size);
        assert_eq!(steps, [[1, 1, 2, 2], [1, 1, 2, 2], [1, 2, 2, 2]]);
        assert!(factors(&axes, &[1, 5000, 256, 256], size).is_empty());
    }
}
