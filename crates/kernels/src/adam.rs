//! A step of Adam in one pass over a weight, its gradient and what is remembered of it.

use rayon::prelude::*;

use crate::{
    Isa, LANES,
    simd::{Kernel, Simd},
};

/// Values of a part of the work: all four arrays of it fit the second-level cache.
const PART: usize = 16384;

/// The factors of one step, computed in double precision from the options and the number of steps.
///
/// With gradient `g`, weight `w` and moments `m` and `v`:
/// `g += pull w`, `m = keep[0] m + take[0] g`, `v = keep[1] v + take[1] g^2`,
/// `w = shrink w - rate m / (sqrt(v) + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Share of each moment that stays.
    pub keep: [f32; 2],
    /// Share of the gradient, and of its square, that is added.
    pub take: [f32; 2],
    /// Times the weight, added to the gradient.
    pub pull: f32,
    /// Times the weight.
    pub shrink: f32,
    /// Size of the step, with the correction of both moments for their start from zero.
    pub rate: f32,
    /// Added to the root of the second moment, with the correction of that root.
    pub epsilon: f32,
}

/// Takes one step: the new weight replaces the *gradient*, so that a weight that someone else still
/// holds needs no memory of its own; the moments change in place. Every value is computed by itself,
/// with the same bits wherever it lies and for every number of threads.
///
/// # Panics
///
/// When the lengths differ or the processor lacks the instruction set.
pub fn adam(
    isa: Isa,
    step: AdamStep,
    weight: &[f32],
    gradient: &mut [f32],
    moments: [&mut [f32]; 2],
) {
    assert!(isa.is_available(), "no {} here", isa.name());
    let [first, second] = moments;
    for len in [gradient.len(), first.len(), second.len()] {
        assert_eq!(len, weight.len(), "lengths of a weight and its gradient");
    }
    let parts = weight
        .par_chunks(PART)
        .zip(gradient.par_chunks_mut(PART))
        .zip(first.par_chunks_mut(PART))
        .zip(second.par_chunks_mut(PART));
    parts.for_each(|(((weight, gradient), first), second)| {
        let update = Update {
            step,
            weight,
            gradient,
            first,
            second,
        };
        // SAFETY: the processor has the instruction set, as just checked; slices are valid.
        unsafe { isa.run(update) };
    });
}

/// The step on slices of the same length.
struct Update<'a> {
    step: AdamStep,
    weight: &'a [f32],
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Kernel for Update<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let len = self.weight.len();
        let whole = len / LANES * LANES;
        // SAFETY: all slices have the length; the last values, fewer than a vector, go through
        // vectors on the stack, so that they round as all others do.
        unsafe {
            for at in (0..whole).step_by(LANES) {
                update::<S>(
                    &self.step,
                    self.weight.as_ptr().add(at),
                    self.gradient.as_mut_ptr().add(at),
                    self.first.as_mut_ptr().add(at),
                    self.second.as_mut_ptr().add(at),
                );
            }
            if whole < len {
                let count = len - whole;
                let mut last = [[0.0f32; LANES]; 4];
                last[0][..count].copy_from_slice(&self.weight[whole..]);
                last[1][..count].copy_from_slice(&self.gradient[whole..]);
                last[2][..count].copy_from_slice(&self.first[whole..]);
                last[3][..count].copy_from_slice(&self.second[whole..]);
                let [weight, gradient, first, second] = &mut last;
                update::<S>(
                    &self.step,
                    weight.as_ptr(),
                    gradient.as_mut_ptr(),
                    first.as_mut_ptr(),
                    second.as_mut_ptr(),
                );
                self.gradient[whole..].copy_from_slice(&gradient[..count]);
                self.first[whole..].copy_from_slice(&first[..count]);
                self.second[whole..].copy_from_slice(&second[..count]);
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set, and all pointers must be valid for a vector.
#[inline(always)]
unsafe fn update<S: Simd>(
    step: &AdamStep,
    weight: *const f32,
    gradient: *mut f32,
    first: *mut f32,
    second: *mut f32,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let w = S::load(weight);
        let g = S::mul_add(S::splat(step.pull), w, S::load(gradient));
        let added = S::mul(S::splat(step.take[0]), g);
        let m = S::mul_add(S::splat(step.keep[0]), S::load(first), added);
        let added = S::mul(S::splat(step.take[1]), S::mul(g, g));
        let v = S::mul_add(S::splat(step.keep[1]), S::load(second), added);
        let root = S::add(S::sqrt(v), S::splat(step.epsilon));
        let moved = S::div(S::mul(S::splat(step.rate), m), root);
        S::store(first, m);
        S::store(second, v);
        let kept = S::mul(S::splat(step.shrink), w);
        S::store(gradient, S::sub(kept, moved));
    }
}
