//! Vectors of sixteen `f32` on every instruction set, and kernels compiled once for each.
//!
//! A kernel is a struct that implements [`Kernel`] generically over [`Simd`]; [`Isa::run`] calls
//! the copy of it that was compiled for the instruction set. A program built for a plain target
//! thus uses what the processor has. Everything a kernel calls must be `#[inline(always)]`, or it
//! would be compiled without the instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use std::sync::OnceLock;

/// Arithmetic on vectors of [`crate::LANES`] values.
///
/// # Safety
///
/// Every method may only be called on a processor that has the instruction set; pointers must be
/// valid for [`crate::LANES`] values and need no alignment.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen values.
    type Vector: Copy;
    /// The most pixels of a register tile.
    const TILE: usize;
    /// Output blocks of a register tile, 1 or 2.
    const WIDTH: usize;
    /// Input channels of a register tile of weight gradients, a divisor of 16.
    const GRADIENT_ROWS: usize;
    /// Vectors of `LANES / PARTS` values, for work on so many vectors at once that whole ones would not
    /// fit the registers. Its pointers must be valid for as many values.
    type Part: Simd;
    /// Parts of a vector.
    const PARTS: usize;

    unsafe fn splat(value: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn sub(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b + c`, rounded once where the processor can.
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    unsafe fn div(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn sqrt(a: Self::Vector) -> Self::Vector;
    /// The larger of each pair; `b` where one is NaN.
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `then` where `value` is positive, `otherwise` elsewhere.
    unsafe fn where_positive(
        value: Self::Vector,
        then: Self::Vector,
        otherwise: Self::Vector,
    ) -> Self::Vector;

    #[inline(always)]
    unsafe fn zero() -> Self::Vector {
        // SAFETY: as the caller promises.
        unsafe { Self::splat(0.0) }
    }
}

/// Work on vectors.
pub(crate) trait Kernel {
    /// Does the work; must be `#[inline(always)]`.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set of `S`.
    unsafe fn run<S: Simd>(self);
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 Foundation.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Advanced SIMD of 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// What every processor of the target has.
    Portable,
}

impl Isa {
    /// All of the target, the fastest first.
    pub const ALL: &'static [Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        Self::Portable,
    ];

    /// The name that `COVERSLIP_SIMD` takes.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            Self::Portable => true,
        }
    }

    /// The fastest of this processor that is not faster than `COVERSLIP_SIMD` allows; looked up once
    /// in a process.
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let wanted = std::env::var("COVERSLIP_SIMD").unwrap_or_default();
            let first = Self::ALL
                .iter()
                .position(|isa| isa.name() == wanted)
                .unwrap_or(0);
            let usable = Self::ALL[first..].iter().find(|isa| isa.is_available());
            usable.copied().unwrap_or(Self::Portable)
        })
    }

    /// Output blocks of a register tile, see [`Simd::WIDTH`].
    pub(crate) fn width(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::Avx512::WIDTH,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::WIDTH,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::Neon::WIDTH,
            Self::Portable => portable::Portable::WIDTH,
        }
    }

    /// Runs a kernel on this instruction set.
    ///
    /// # Safety
    ///
    /// [`Isa::is_available`] must hold, and the pointers of the kernel must be valid for what it
    /// says it reads and writes.
    pub(crate) unsafe fn run<K: Kernel>(self, kernel: K) {
        debug_assert!(self.is_available());
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the caller promises the instruction set.
            Self::Avx512 => unsafe { avx512::run(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { avx2::run(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Self::Neon => unsafe { neon::run(kernel) },
            // SAFETY: the pointers are valid as the caller promises.
            Self::Portable => unsafe { kernel.run::<portable::Portable>() },
        }
    }
}
