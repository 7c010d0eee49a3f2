//! Weak edges that hang on to strong ones.

use rayon::prelude::*;

/// What a pixel is before weak edges are followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Candidate {
    #[default]
    None,
    Weak,
    Strong,
}

/// Makes candidates 8-connected to a strong one strong. Rows of `stride` pixels start and end with
/// a pixel that is none, and so do the first and last row consist of such pixels.
pub(super) fn follow(candidates: &mut [Candidate], stride: usize) {
    let strong = candidates.par_iter().with_min_len(1 << 16).enumerate();
    let mut open: Vec<usize> = strong
        .filter(|&(_, &candidate)| candidate == Candidate::Strong)
        .map(|(index, _)| index)
        .collect();
    while let Some(at) = open.pop() {
        for row in [at - stride, at, at + stride] {
            for (index, candidate) in (row - 1..).zip(&mut candidates[row - 1..=row + 1]) {
                if *candidate == Candidate::Weak {
                    *candidate = Candidate::Strong;
                    open.push(index);
                }
            }
        }
    }
}
