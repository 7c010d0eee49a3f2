//! How many operations a core can do at most: multiplications and additions on registers alone.

use std::{hint::black_box, time::Instant};

use coverslip_kernels::Isa;

/// Rounds of a measurement, long enough for the clock and short enough for a slice of time.
const ROUNDS: usize = 200_000;

/// GFLOP/s of one core: the best of several measurements of multiply-adds that do not wait for each
/// other.
pub(crate) fn gflops(isa: Isa) -> f64 {
    let runs = (0..40).map(|_| {
        let start = Instant::now();
        // SAFETY: `Isa::best` only gives instruction sets that the processor has.
        let operations = unsafe { multiply_add(isa) };
        operations / start.elapsed().as_secs_f64() / 1e9
    });
    runs.fold(0.0, f64::max)
}

/// Does [`ROUNDS`] rounds and gives the operations that they are.
///
/// # Safety
///
/// The processor must have the instruction set.
unsafe fn multiply_add(isa: Isa) -> f64 {
    let lanes = match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as the caller promises.
        Isa::Avx512 => unsafe { avx512() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as the caller promises.
        Isa::Avx2 => unsafe { avx2() },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon(),
        Isa::Portable => portable(),
    };
    (2 * lanes * ROUNDS) as f64
}

/// A loop over chains of multiply-adds, each the length of a register; gives the lanes of all.
macro_rules! chains {
    ($count:literal, $lanes:literal, $splat:expr, $multiply_add:expr) => {{
        let factor = black_box($splat(0.999));
        let term = black_box($splat(0.001));
        let mut sums = [$splat(0.5); $count];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = $multiply_add(*sum, factor, term);
            }
        }
        black_box(sums);
        $count * $lanes
    }};
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512() -> usize {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    chains!(24, 16, |v| _mm512_set1_ps(v), |a, b, c| _mm512_fmadd_ps(
        a, b, c
    ))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2() -> usize {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    chains!(12, 8, |v| _mm256_set1_ps(v), |a, b, c| _mm256_fmadd_ps(
        a, b, c
    ))
}

#[cfg(target_arch = "aarch64")]
fn neon() -> usize {
    use std::arch::aarch64::{vdupq_n_f32, vfmaq_f32};
    // SAFETY: every processor of the target has the instruction set.
    chains!(24, 4, |v| unsafe { vdupq_n_f32(v) }, |a, b, c| unsafe {
        vfmaq_f32(c, a, b)
    })
}

fn portable() -> usize {
    chains!(
        8,
        4,
        |v: f32| [v; 4],
        |a: [f32; 4], b: [f32; 4], c: [f32; 4]| {
            std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
        }
    )
}
