//! Advanced SIMD of 64-bit ARM: a vector is four registers; a tile of 6 pixels fills 24 of the 32.

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vbslq_f32, vcgtq_f32, vdivq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32,
    vmaxq_f32, vmulq_f32, vsqrtq_f32, vst1q_f32, vsubq_f32,
};

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Neon;

/// Runs a kernel compiled for Advanced SIMD.
///
/// # Safety
///
/// None beyond the kernel's own: every processor of the target has the instruction set.
#[target_feature(enable = "neon")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) {
    // SAFETY: as the caller promises.
    unsafe { kernel.run::<Neon>() }
}

#[inline(always)]
fn each(work: impl Fn(usize) -> float32x4_t) -> [float32x4_t; 4] {
    [work(0), work(1), work(2), work(3)]
}

impl Simd for Neon {
    type Vector = [float32x4_t; 4];
    type Part = Self;
    const PARTS: usize = 1;
    const TILE: usize = 6;
    const WIDTH: usize = 1;
    const GRADIENT_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [vdupq_n_f32(value); 4] }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set and sixteen values at the pointer.
        unsafe { each(|i| vld1q_f32(from.add(4 * i))) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [float32x4_t; 4]) {
        for (i, part) in vector.into_iter().enumerate() {
            // SAFETY: the caller promises the instruction set and sixteen values at the pointer.
            unsafe { vst1q_f32(to.add(4 * i), part) };
        }
    }
    #[inline(always)]
    unsafe fn add(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { each(|i| vaddq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn sub(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { each(|i| vsubq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn mul(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { each(|i| vmulq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn mul_add(
        a: [float32x4_t; 4],
        b: [float32x4_t; 4],
        c: [float32x4_t; 4],
    ) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { each(|i| vfmaq_f32(c[i], a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn div(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { each(|i| vdivq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn sqrt(a: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { each(|i| vsqrtq_f32(a[i])) }
    }
    #[inline(always)]
    unsafe fn max(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe { each(|i| vmaxq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    unsafe fn where_positive(
        value: [float32x4_t; 4],
        then: [float32x4_t; 4],
        otherwise: [float32x4_t; 4],
    ) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let zero = vdupq_n_f32(0.0);
            each(|i| vbslq_f32(vcgtq_f32(value[i], zero), then[i], otherwise[i]))
        }
    }
}
