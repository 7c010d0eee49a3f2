//! A map times a map of one channel, as attention gates do.

use rayon::prelude::*;

use super::layout::{Layout, MapShape};
use super::parts::{PART, run};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES};

/// Multiplies the lanes of each pixel by one value.
struct Gate<'a> {
    x: &'a [f32],
    factors: &'a [f32],
    lanes: usize,
    /// Lanes with a channel; the others stay zero even where a factor is not finite.
    used: usize,
    y: *mut f32,
}

impl Kernel for Gate<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (x, factors) = (self.x.as_ptr(), self.factors);
        // SAFETY: as the caller promises, there are as many pixels of so many lanes as factors.
        unsafe {
            if self.lanes == LANES {
                for (pixel, &factor) in factors.iter().enumerate() {
                    let values = S::load(x.add(pixel * LANES));
                    let to = self.y.add(pixel * LANES);
                    S::store(to, S::mul(values, S::splat(factor)));
                    for lane in self.used..LANES {
                        *to.add(lane) = 0.0;
                    }
                }
            } else {
                for (pixel, &factor) in factors.iter().enumerate() {
                    *self.y.add(pixel) = *x.add(pixel) * factor;
                }
            }
        }
    }
}

/// A map `x` times a planar map `[N, 1, Z, Y, X]`, for every channel the same.
///
/// # Panics
///
/// When the numbers of values are not those of the shapes.
pub fn gate(isa: Isa, shape: MapShape, x: &[f32], factors: &[f32]) -> Buffer {
    assert_eq!(x.len(), shape.len());
    assert_eq!(factors.len(), shape.extent.n * shape.extent.pixels());
    let (units, lanes) = (shape.units(), shape.lanes());
    let fill = |y: crate::Pointer| {
        shape.for_each_part(|part| {
            let (image, unit) = (part.plane / units, part.plane % units);
            let first = (part.start - part.plane * shape.plane_len()) / lanes;
            let first = image * shape.extent.pixels() + first;
            let kernel = Gate {
                x: &x[part.start..][..part.len],
                factors: &factors[first..][..part.len / lanes],
                lanes,
                used: shape.channels_of(unit).len(),
                // SAFETY: a part is within the map.
                y: unsafe { y.at(part.start) },
            };
            // SAFETY: each part writes its own values.
            unsafe { run(isa, kernel) };
        });
    };
    Buffer::filled_by(shape.len(), fill)
}

/// Adds to the value of each pixel the products of its lanes in two maps.
struct Products<'a> {
    a: &'a [f32],
    b: &'a [f32],
    lanes: usize,
    sums: &'a mut [f32],
}

impl Kernel for Products<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if self.lanes == LANES {
            let (a, b) = (self.a.as_chunks::<LANES>().0, self.b.as_chunks::<LANES>().0);
            for ((sum, a), b) in self.sums.iter_mut().zip(a).zip(b) {
                let mut products = [0.0; LANES];
                // SAFETY: an array holds a vector; the caller promises the instruction set.
                unsafe {
                    let product = S::mul(S::load(a.as_ptr()), S::load(b.as_ptr()));
                    S::store(products.as_mut_ptr(), product);
                }
                *sum += products.iter().sum::<f32>();
            }
        } else {
            for ((sum, a), b) in self.sums.iter_mut().zip(self.a).zip(self.b) {
                *sum += a * b;
            }
        }
    }
}

/// The gradient of the factors of [`gate`]: `[N, 1, Z, Y, X]`, at each pixel the sum over channels
/// of `x` times the gradient of the output.
///
/// # Panics
///
/// When the numbers of values are not those of the shape.
pub fn gate_factor_gradient(isa: Isa, shape: MapShape, x: &[f32], gradient: &[f32]) -> Buffer {
    assert_eq!(x.len(), shape.len());
    assert_eq!(gradient.len(), shape.len());
    let (pixels, lanes) = (shape.extent.pixels(), shape.lanes());
    let mut result = Buffer::zeros(shape.extent.n * pixels);
    if shape.is_empty() {
        return result;
    }
    let step = match shape.layout {
        Layout::Planar => PART,
        Layout::Blocked => PART / LANES,
    };
    let images = result.as_mut_slice().par_chunks_mut(pixels).enumerate();
    images.for_each(|(image, sums)| {
        let runs = sums.par_chunks_mut(step).enumerate();
        runs.for_each(|(index, sums)| {
            for unit in 0..shape.units() {
                let plane = image * shape.units() + unit;
                let start = plane * shape.plane_len() + index * step * lanes;
                let kernel = Products {
                    a: &x[start..][..sums.len() * lanes],
                    b: &gradient[start..][..sums.len() * lanes],
                    lanes,
                    sums,
                };
                // SAFETY: the kernel has slices.
                unsafe { run(isa, kernel) };
            }
        });
    });
    result
}
