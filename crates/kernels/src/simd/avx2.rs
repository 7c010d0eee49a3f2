//! AVX2 with fused multiply-add: a vector is two registers; a tile of 6 pixels fills 12 of the 16.

use std::arch::x86_64::{
    __m256, _CMP_GT_OQ, _mm256_add_ps, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_div_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_mul_ps, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_sqrt_ps, _mm256_storeu_ps, _mm256_sub_ps,
};

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// Runs a kernel compiled for AVX2.
///
/// # Safety
///
/// The processor must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) {
    // SAFETY: as the caller promises.
    unsafe { kernel.run::<Avx2>() }
}

impl Simd for Avx2 {
    type Vector = [__m256; 2];
    type Part = Half;
    const PARTS: usize = 2;
    const TILE: usize = 6;
    const WIDTH: usize = 1;
    const GRADIENT_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [_mm256_set1_ps(value); 2] }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set and sixteen values at the pointer.
        unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [__m256; 2]) {
        // SAFETY: the caller promises the instruction set and sixteen values at the pointer.
        unsafe {
            _mm256_storeu_ps(to, vector[0]);
            _mm256_storeu_ps(to.add(8), vector[1]);
        }
    }
    #[inline(always)]
    unsafe fn add(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn sub(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn mul(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn mul_add(a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            [
                _mm256_fmadd_ps(a[0], b[0], c[0]),
                _mm256_fmadd_ps(a[1], b[1], c[1]),
            ]
        }
    }
    #[inline(always)]
    unsafe fn div(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn sqrt(a: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { [_mm256_sqrt_ps(a[0]), _mm256_sqrt_ps(a[1])] }
    }
    #[inline(always)]
    unsafe fn max(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn where_positive(
        value: [__m256; 2],
        then: [__m256; 2],
        otherwise: [__m256; 2],
    ) -> [__m256; 2] {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            [
                Half::where_positive(value[0], then[0], otherwise[0]),
                Half::where_positive(value[1], then[1], otherwise[1]),
            ]
        }
    }
}

/// One register, half a vector.
#[derive(Clone, Copy)]
pub(super) struct Half;

impl Simd for Half {
    type Vector = __m256;
    type Part = Self;
    const PARTS: usize = 1;
    const TILE: usize = Avx2::TILE;
    const WIDTH: usize = Avx2::WIDTH;
    const GRADIENT_ROWS: usize = Avx2::GRADIENT_ROWS;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        // SAFETY: as the caller promises.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: __m256) {
        // SAFETY: as the caller promises.
        unsafe { _mm256_storeu_ps(to, vector) }
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sqrt(a: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn where_positive(value: __m256, then: __m256, otherwise: __m256) -> __m256 {
        // SAFETY: the caller has seen that the processor has the instruction.
        unsafe {
            let mask = _mm256_cmp_ps::<_CMP_GT_OQ>(value, _mm256_setzero_ps());
            _mm256_blendv_ps(otherwise, then, mask)
        }
    }
}
