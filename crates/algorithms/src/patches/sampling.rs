//! Where to cut patches for training.
//!
//! Uniform random numbers (0 to below 1) come from the caller, so that no generator is built in;
//! results are MONAI's for the same numbers. Centres and starts have one entry an axis.

mod balanced;
mod members;
mod usable;
mod weighted;

use crate::AlgorithmError;
pub use balanced::BalancedPatches;
pub use usable::{MOST_TRIES, first_usable};
pub use weighted::weighted_centres;

/// First pixel of a patch of size `patch` around `centre`.
pub fn patch_start(centre: &[usize], patch: &[usize]) -> Vec<usize> {
    let axes = centre.iter().zip(patch);
    axes.map(|(centre, size)| centre.saturating_sub(size / 2))
        .collect()
}

fn check_patch(patch: &[usize], image: &[usize]) -> Result<(), AlgorithmError> {
    if patch.len() != image.len() {
        return Err(AlgorithmError::Rank {
            what: "the patch",
            got: patch.len(),
            expected: "one for each axis of the image",
        });
    }
    if patch.contains(&0) {
        return Err(AlgorithmError::parameter(
            "the patch's size",
            0,
            "at least 1 pixel",
        ));
    }
    if image.contains(&0) {
        return Err(AlgorithmError::Empty { what: "the image" });
    }
    Ok(())
}

fn check_uniform(uniforms: &[f64]) -> Result<(), AlgorithmError> {
    match uniforms.iter().find(|u| !(0.0..1.0).contains(*u)) {
        Some(u) => Err(AlgorithmError::parameter(
            "a uniform number",
            u,
            "0 to below 1",
        )),
        None => Ok(()),
    }
}

/// The index that a uniform number picks of `count`.
fn pick(uniform: f64, count: usize) -> usize {
    ((uniform * count as f64) as usize).min(count.saturating_sub(1))
}

/// Index along each axis of the `flat` pixel of an array in standard layout.
fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &length) in index.iter_mut().zip(shape).rev() {
        *place = flat % length;
        flat /= length;
    }
    index
}

#[cfg(test)]
mod tests;
