//! Arithmetic on the values of one pixel, sixteen or one, for kernels that move between pixels.

use super::layout::Layout;
use crate::LANES;
use crate::simd::{Kernel, Simd};

/// What lies side by side at a pixel.
///
/// # Safety
///
/// Methods may only be called where the instruction set is available; pointers must be valid for
/// [`Pixel::LANES`] values.
pub(super) trait Pixel: Copy {
    /// Values of a pixel.
    const LANES: usize;
    type Value: Copy;

    unsafe fn splat(value: f32) -> Self::Value;
    unsafe fn load(from: *const f32) -> Self::Value;
    unsafe fn store(to: *mut f32, value: Self::Value);
    unsafe fn add(a: Self::Value, b: Self::Value) -> Self::Value;
    unsafe fn mul(a: Self::Value, b: Self::Value) -> Self::Value;
    unsafe fn mul_add(a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;
    /// `then` where `candidate` is greater than `best` or NaN.
    unsafe fn where_wins(
        candidate: Self::Value,
        best: Self::Value,
        then: Self::Value,
        otherwise: Self::Value,
    ) -> Self::Value;
    /// `value` where the integers `a` and `b` are equal, zero elsewhere.
    unsafe fn where_same(a: Self::Value, b: Self::Value, value: Self::Value) -> Self::Value;
}

/// A pixel of a planar map. Loops over pixels become vector code.
#[derive(Clone, Copy)]
pub(super) struct Single;

impl Pixel for Single {
    const LANES: usize = 1;
    type Value = f32;

    #[inline(always)]
    unsafe fn splat(value: f32) -> f32 {
        value
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> f32 {
        // SAFETY: as the caller promises.
        unsafe { from.read() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, value: f32) {
        // SAFETY: as the caller promises.
        unsafe { to.write(value) }
    }
    #[inline(always)]
    unsafe fn add(a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    unsafe fn mul(a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    unsafe fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    #[inline(always)]
    unsafe fn where_wins(candidate: f32, best: f32, then: f32, otherwise: f32) -> f32 {
        let greater = if candidate > best { then } else { otherwise };
        if candidate.is_nan() { then } else { greater }
    }
    #[inline(always)]
    unsafe fn where_same(a: f32, b: f32, value: f32) -> f32 {
        if a == b { value } else { 0.0 }
    }
}

/// A pixel of a blocked map.
#[derive(Clone, Copy)]
pub(super) struct Block<S>(std::marker::PhantomData<S>);

impl<S: Simd> Pixel for Block<S> {
    const LANES: usize = LANES;
    type Value = S::Vector;

    #[inline(always)]
    unsafe fn splat(value: f32) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::splat(value) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::load(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, value: S::Vector) {
        // SAFETY: as the caller promises.
        unsafe { S::store(to, value) }
    }
    #[inline(always)]
    unsafe fn add(a: S::Vector, b: S::Vector) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::add(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: S::Vector, b: S::Vector) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::mul(a, b) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: S::Vector, b: S::Vector, c: S::Vector) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::mul_add(a, b, c) }
    }
    #[inline(always)]
    unsafe fn where_wins(
        candidate: S::Vector,
        best: S::Vector,
        then: S::Vector,
        otherwise: S::Vector,
    ) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe {
            // The difference of unequal numbers is never zero; that of equal infinities is NaN,
            // which is not positive either. `candidate^2 + 1` is positive unless NaN.
            let greater = S::where_positive(S::sub(candidate, best), then, otherwise);
            let is_number = S::mul_add(candidate, candidate, S::splat(1.0));
            S::where_positive(is_number, greater, then)
        }
    }
    #[inline(always)]
    unsafe fn where_same(a: S::Vector, b: S::Vector, value: S::Vector) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe {
            let difference = S::sub(a, b);
            let square = S::mul(difference, difference);
            S::where_positive(S::sub(S::splat(0.5), square), value, S::zero())
        }
    }
}

/// Work on pixels.
pub(super) trait PixelKernel {
    /// Does the work; must be `#[inline(always)]`.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set of `P`.
    unsafe fn run<P: Pixel>(self);
}

/// Work on the pixels of a layout.
pub(super) struct OnPixels<K>(pub(super) Layout, pub(super) K);

impl<K: PixelKernel> Kernel for OnPixels<K> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: as the caller promises, for each arm.
        unsafe {
            match self.0 {
                Layout::Planar => self.1.run::<Single>(),
                Layout::Blocked => self.1.run::<Block<S>>(),
            }
        }
    }
}
