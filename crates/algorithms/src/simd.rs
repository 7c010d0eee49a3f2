//! Inner loops compiled for the widest vectors of the processor at hand.

/// Runs `work` in a function compiled for the processor's vector instructions (AVX2 where there
/// is, the build's own otherwise); everything that inlines into `work` is compiled for them.
///
/// `work` itself has to be `#[inline(always)]`: it is called from one place for each set of
/// instructions, so the compiler keeps a large closure as a function of its own, compiled without
/// them.
#[inline]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
