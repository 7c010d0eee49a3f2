//! Two maps of the same shape, value by value.

use rayon::prelude::*;

use super::parts::{Lanewise, PART, lanewise, run};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa};

/// What becomes of the values `a` and `b` of two maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Combination {
    /// `a + b`.
    Add,
    /// `a b`; with a mask for `b` also dropout and its gradient.
    Multiply,
    /// `a + factor b`.
    AddScaled(f32),
}

#[derive(Clone, Copy)]
struct Sum;
impl<S: Simd> Lanewise<S, 2> for Sum {
    #[inline(always)]
    unsafe fn apply(self, [a, b]: [S::Vector; 2]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::add(a, b) }
    }
}

#[derive(Clone, Copy)]
struct Product;
impl<S: Simd> Lanewise<S, 2> for Product {
    #[inline(always)]
    unsafe fn apply(self, [a, b]: [S::Vector; 2]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::mul(a, b) }
    }
}

#[derive(Clone, Copy)]
struct ScaledSum<V>(V);
impl<S: Simd> Lanewise<S, 2> for ScaledSum<S::Vector> {
    #[inline(always)]
    unsafe fn apply(self, [a, b]: [S::Vector; 2]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::mul_add(self.0, b, a) }
    }
}

struct Combine {
    combination: Combination,
    inputs: [*const f32; 2],
    output: *mut f32,
    len: usize,
}

impl Kernel for Combine {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (inputs, output, len) = (self.inputs, self.output, self.len);
        // SAFETY: as the caller promises, for each arm.
        unsafe {
            match self.combination {
                Combination::Add => lanewise::<S, 2>(Sum, inputs, output, len),
                Combination::Multiply => lanewise::<S, 2>(Product, inputs, output, len),
                Combination::AddScaled(factor) => {
                    lanewise::<S, 2>(ScaledSum(S::splat(factor)), inputs, output, len);
                }
            }
        }
    }
}

/// A new map from two maps of the same shape and layout. Lanes without a channel stay zero.
///
/// # Panics
///
/// When the numbers of values differ.
pub fn combine(isa: Isa, combination: Combination, a: &[f32], b: &[f32]) -> Buffer {
    assert_eq!(a.len(), b.len());
    let fill = |output: crate::Pointer| {
        let parts = a.par_chunks(PART).zip(b.par_chunks(PART)).enumerate();
        parts.for_each(|(part, (a, b))| {
            let kernel = Combine {
                combination,
                inputs: [a.as_ptr(), b.as_ptr()],
                // SAFETY: the output has as many values as the inputs.
                output: unsafe { output.at(part * PART) },
                len: a.len(),
            };
            // SAFETY: each part writes its own values.
            unsafe { run(isa, kernel) };
        });
    };
    Buffer::filled_by(a.len(), fill)
}

/// As [`combine`], in place of `a`.
///
/// # Panics
///
/// When the numbers of values differ.
pub fn combine_into(isa: Isa, combination: Combination, a: &mut [f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    a.par_chunks_mut(PART)
        .zip(b.par_chunks(PART))
        .for_each(|(a, b)| {
            let output = a.as_mut_ptr();
            let kernel = Combine {
                combination,
                inputs: [output.cast_const(), b.as_ptr()],
                output,
                len: a.len(),
            };
            // SAFETY: the pointers are those of slices.
            unsafe { run(isa, kernel) };
        });
}
