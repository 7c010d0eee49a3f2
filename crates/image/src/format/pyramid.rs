//! Smaller copies of images.

use ndarray::{ArrayD, IxDyn, Slice, Zip};

use crate::image::{PixelType, Pixels};

/// The block with each dimension `factors` times shorter, rounded up.
///
/// A pixel of the result is the mean of the pixels it stands for, fewer at the far edges; means of
/// whole numbers are rounded to the nearest one, halves to the even one. Labels are never averaged:
/// the first of the pixels is taken.
pub(super) fn halve(block: &Pixels, factors: &[usize], is_labels: bool) -> Pixels {
    match block {
        Pixels::U8(array) => shrink(array, factors, is_labels),
        Pixels::I8(array) => shrink(array, factors, is_labels),
        Pixels::U16(array) => shrink(array, factors, is_labels),
        Pixels::I16(array) => shrink(array, factors, is_labels),
        Pixels::U32(array) => shrink(array, factors, is_labels),
        Pixels::I32(array) => shrink(array, factors, is_labels),
        Pixels::U64(array) => shrink(array, factors, is_labels),
        Pixels::I64(array) => shrink(array, factors, is_labels),
        Pixels::F32(array) => shrink(array, factors, is_labels),
        Pixels::F64(array) => shrink(array, factors, is_labels),
    }
}

fn shrink<T: Mean>(array: &ArrayD<T>, factors: &[usize], is_labels: bool) -> Pixels {
    let every = |first: &[usize]| {
        array.slice_each_axis(|axis| {
            let index = axis.axis.index();
            let start = first[index].min(axis.len);
            Slice::new(start as isize, None, factors[index] as isize)
        })
    };
    let mut first = vec![0; factors.len()];
    let nearest = every(&first);
    if is_labels {
        return T::into_pixels(nearest.to_owned());
    }
    let mut sums = ArrayD::<T::Sum>::default(nearest.raw_dim());
    let mut counts = ArrayD::<u32>::zeros(nearest.raw_dim());
    for _ in 0..factors.iter().product() {
        // At the far edges there may be no pixel at this place.
        let part = every(&first);
        let within = |axis: ndarray::AxisDescription| Slice::from(..part.len_of(axis.axis));
        Zip::from(sums.slice_each_axis_mut(within))
            .and(counts.slice_each_axis_mut(within))
            .and(&part)
            .for_each(|sum, count, &pixel| {
                *sum = pixel.add(*sum);
                *count += 1;
            });
        advance(&mut first, factors);
    }
    let means = Zip::from(&sums)
        .and(&counts)
        .map_collect(|&sum, &count| T::mean(sum, count));
    T::into_pixels(means.into_dimensionality::<IxDyn>().unwrap_or_default())
}

/// The next place inside a box of `factors`.
fn advance(place: &mut [usize], factors: &[usize]) {
    for (place, &factor) in place.iter_mut().zip(factors).rev() {
        *place += 1;
        if *place < factor {
            return;
        }
        *place = 0;
    }
}

/// Samples that can be averaged.
trait Mean: PixelType {
    type Sum: Copy + Default + Send + Sync;

    fn add(self, sum: Self::Sum) -> Self::Sum;

    fn mean(sum: Self::Sum, count: u32) -> Self;
}

macro_rules! whole {
    ($($sample:ty, $sum:ty;)*) => {$(
        impl Mean for $sample {
            type Sum = $sum;

            fn add(self, sum: $sum) -> $sum {
                sum + <$sum>::from(self)
            }

            fn mean(sum: $sum, count: u32) -> $sample {
                let count = <$sum>::from(count);
                let (whole, rest) = (sum.div_euclid(count), sum.rem_euclid(count));
                let is_up = 2 * rest > count || 2 * rest == count && whole % 2 != 0;
                (whole + <$sum>::from(is_up)) as $sample
            }
        }
    )*};
}

macro_rules! float {
    ($($sample:ty;)*) => {$(
        impl Mean for $sample {
            type Sum = f64;

            fn add(self, sum: f64) -> f64 {
                sum + f64::from(self)
            }

            fn mean(sum: f64, count: u32) -> $sample {
                (sum / f64::from(count)) as $sample
            }
        }
    )*};
}

whole! {
    u8, i64;
    i8, i64;
    u16, i64;
    i16, i64;
    u32, i64;
    i32, i64;
    u64, i128;
    i64, i128;
}

float! {
    f32;
    f64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn means_are_rounded_to_even_and_edges_have_fewer_pixels() {
        let block = Pixels::from(array![[1u8, 2, 9], [2, 1, 8], [255, 254, 7]]);
        let expected = Pixels::from(array![[2u8, 8], [254, 7]]);
        assert_eq!(halve(&block, &[2, 2], false), expected);
        let block = Pixels::from(array![-3i16, -2, -5, -4]);
        assert_eq!(halve(&block, &[2], false), Pixels::from(array![-2i16, -4]));
        let block = Pixels::from(array![u64::MAX, u64::MAX - 2]);
        assert_eq!(
            halve(&block, &[2], false),
            Pixels::from(array![u64::MAX - 1])
        );
        let block = Pixels::from(array![[1.0f32, 2.0]]);
        assert_eq!(
            halve(&block, &[2, 2], false),
            Pixels::from(array![[1.5f32]])
        );
    }

    #[test]
    fn labels_are_taken_and_axes_may_stay() {
        let block = Pixels::from(array![[7u16, 1, 5], [2, 3, 4]]);
        assert_eq!(
            halve(&block, &[2, 2], true),
            Pixels::from(array![[7u16, 5]])
        );
        let expected = Pixels::from(array![[4u16, 5], [2, 4]]);
        assert_eq!(halve(&block, &[1, 2], false), expected);
    }
}
