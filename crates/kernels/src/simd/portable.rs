//! Plain arrays, for processors without kernels of their own and for checking the others.

use super::Simd;
use crate::LANES;

#[derive(Clone, Copy)]
pub(super) struct Portable;

#[inline(always)]
fn each(work: impl Fn(usize) -> f32) -> [f32; LANES] {
    std::array::from_fn(work)
}

impl Simd for Portable {
    type Vector = [f32; LANES];
    type Part = Self;
    const PARTS: usize = 1;
    const TILE: usize = 4;
    const WIDTH: usize = 1;
    const GRADIENT_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; LANES] {
        [value; LANES]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller promises sixteen values at the pointer.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [f32; LANES]) {
        // SAFETY: the caller promises sixteen values at the pointer.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(vector) }
    }
    #[inline(always)]
    unsafe fn add(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn mul_add(a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn div(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i] / b[i])
    }
    #[inline(always)]
    unsafe fn sqrt(a: [f32; LANES]) -> [f32; LANES] {
        each(|i| a[i].sqrt())
    }
    #[inline(always)]
    unsafe fn max(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn where_positive(
        value: [f32; LANES],
        then: [f32; LANES],
        otherwise: [f32; LANES],
    ) -> [f32; LANES] {
        each(|i| {
            if value[i] > 0.0 {
                then[i]
            } else {
                otherwise[i]
            }
        })
    }
}
