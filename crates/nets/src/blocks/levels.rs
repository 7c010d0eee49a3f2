//! Options with one entry for each level of a network, and their checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::{Extent, NetworkError, Scope};

/// The most convolutions or blocks a level may have.
pub(crate) const MOST_REPEATS: usize = 32;

/// The most channels a level may have.
pub(crate) const MOST_CHANNELS: usize = 4096;

/// The most levels a network may have.
const MOST_LEVELS: usize = 12;

/// A number for each level of a network, or one for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LevelCounts {
    /// The same at every level.
    All(usize),
    /// Of each level from the finest.
    Each(Vec<usize>),
}

impl LevelCounts {
    /// One number for each of `levels` levels, from 1 to `most`.
    ///
    /// # Errors
    ///
    /// When there is another number of them, or one is outside that range.
    pub fn resolve(
        &self,
        key: &'static str,
        levels: usize,
        most: usize,
    ) -> Result<Vec<usize>, NetworkError> {
        let counts = match self {
            Self::All(count) => vec![*count; levels],
            Self::Each(counts) => counts.clone(),
        };
        if counts.len() != levels {
            let found = counts.len();
            let problem = format!("expected {levels} entries, found {found}");
            return Err(NetworkError::new(key, problem));
        }
        for &count in &counts {
            NetworkError::check_range(key, count as f64, 1.0, most as f64)?;
        }
        Ok(counts)
    }
}

/// Refuses lists of channels with fewer than `least` or more than 12 levels, or a level with no
/// channel or more than 4096.
///
/// # Errors
///
/// When it is one of these.
pub(crate) fn check_channels(
    key: &'static str,
    channels: &[usize],
    least: usize,
) -> Result<(), NetworkError> {
    if !(least..=MOST_LEVELS).contains(&channels.len()) {
        let found = channels.len();
        let problem = format!("expected {least} to {MOST_LEVELS} entries, found {found}");
        return Err(NetworkError::new(key, problem));
    }
    for &channels in channels {
        NetworkError::check_range(key, channels as f64, 1.0, MOST_CHANNELS as f64)?;
    }
    Ok(())
}

/// A kernel `[Z, Y, X]` of odd sizes up to 31.
///
/// # Errors
///
/// When it is another one, or does not fit the images.
pub(crate) fn odd_kernel(
    key: &'static str,
    kernel: Extent,
    scope: &Scope<'_>,
) -> Result<[usize; 3], NetworkError> {
    let kernel = kernel.resolve(key, scope.io())?;
    for size in kernel {
        NetworkError::check_range(key, size as f64, 1.0, 31.0)?;
    }
    if kernel.iter().any(|size| size % 2 == 0) {
        let problem = format!("kernel {kernel:?} has an even size; use odd sizes such as 3");
        return Err(NetworkError::new(key, problem));
    }
    Ok(kernel)
}

/// Odd kernels of `count` levels, 3 everywhere when absent.
///
/// # Errors
///
/// When there is another number of them, and as [`odd_kernel`].
pub(crate) fn odd_kernels(
    key: &'static str,
    kernels: Option<&[Extent]>,
    count: usize,
    scope: &Scope<'_>,
) -> Result<Vec<[usize; 3]>, NetworkError> {
    let Some(kernels) = kernels else {
        return Ok(vec![scope.cube(3); count]);
    };
    Extent::resolve_levels(kernels, count, key, scope.io())?;
    let kernels = kernels.iter();
    kernels
        .map(|kernel| odd_kernel(key, *kernel, scope))
        .collect()
}

/// The strides of `count` levels, up to 16; 2 everywhere when absent, but 1 at the first level of
/// networks whose first level has a stride (`first`).
///
/// # Errors
///
/// When there is another number of them, one is larger, or one does not fit the images.
pub(crate) fn strides(
    key: &'static str,
    strides: Option<&[Extent]>,
    count: usize,
    first: usize,
    scope: &Scope<'_>,
) -> Result<Vec<[usize; 3]>, NetworkError> {
    let Some(strides) = strides else {
        let mut strides = vec![scope.cube(2); count];
        strides[0] = scope.cube(first);
        return Ok(strides);
    };
    let strides = Extent::resolve_levels(strides, count, key, scope.io())?;
    for &stride in strides.iter().flatten() {
        NetworkError::check_range(key, stride as f64, 1.0, 16.0)?;
    }
    Ok(strides)
}

/// The product of strides along each axis.
pub(crate) fn total_stride(strides: &[[usize; 3]]) -> [usize; 3] {
    let multiply = |total: [usize; 3], stride: &[usize; 3]| [0, 1, 2].map(|i| total[i] * stride[i]);
    strides.iter().fold([1; 3], multiply)
}
