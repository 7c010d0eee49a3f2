//! Weak edges that hang on to strong ones.

use ndarray::Array2;

/// What a pixel is before weak edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candidate {
    None,
    Weak,
    Strong,
}

/// Candidates 8-connected to a strong one.
pub(super) fn follow(mut candidates: Array2<Candidate>) -> Array2<bool> {
    let (height, width) = candidates.dim();
    let strong = candidates.indexed_iter();
    let mut open: Vec<(usize, usize)> = strong
        .filter(|&(_, &candidate)| candidate == Candidate::Strong)
        .map(|(index, _)| index)
        .collect();
    while let Some((y, x)) = open.pop() {
        for row in y.saturating_sub(1)..(y + 2).min(height) {
            for column in x.saturating_sub(1)..(x + 2).min(width) {
                let candidate = &mut candidates[[row, column]];
                if *candidate == Candidate::Weak {
                    *candidate = Candidate::Strong;
                    open.push((row, column));
                }
            }
        }
    }
    candidates.mapv(|candidate| candidate == Candidate::Strong)
}
