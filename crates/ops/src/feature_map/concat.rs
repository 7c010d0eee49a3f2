//! Joining maps along the channels.

use burn::tensor::Tensor;
use coverslip_kernels::{LANES, maps::Layout};

use super::FeatureMap;
use crate::cpu::{Part, join};

/// The most maps that are passed on as one without a copy: the inputs of an operation, less the
/// weight and the bias of a convolution.
const MOST_SOURCES: usize = 4;

impl FeatureMap {
    /// Joins maps of equal `N, Z, Y, X` along the channels, in the order given.
    ///
    /// On a processor, maps of whole blocks of 16 channels are not copied: the next convolution reads
    /// them where they are. The others are copied once.
    ///
    /// # Panics
    ///
    /// When the other sizes differ, or `maps` is empty.
    pub fn concat(mut maps: Vec<Self>) -> Self {
        let first = maps.first().expect("there is a map to join");
        let [n, _, z, y, x] = first.dims();
        for map in &maps {
            let [images, _, planes, rows, pixels] = map.dims();
            assert_eq!(
                [images, planes, rows, pixels],
                [n, z, y, x],
                "N, Z, Y and X of maps to join"
            );
        }
        if maps.len() == 1 {
            return maps.swap_remove(0);
        }
        let channels: usize = maps.iter().map(|map| map.dims()[1]).sum();
        if channels < LANES || !maps.iter().all(Self::is_ours) {
            let tensors = maps.into_iter().map(Self::into_tensor).collect();
            return Self::from_tensor(Tensor::cat(tensors, 1));
        }
        let sources = sources(maps.into_iter().flat_map(Self::into_parts));
        let maps = sources.into_iter().map(|source| {
            let source = join(source, Layout::Blocked);
            (source.tensor, source.shape.channels)
        });
        Self::from_kernel(Layout::Blocked, maps.collect())
    }
}

/// Divides maps into as few groups as can be passed on, each of which is copied if it has more than
/// one member. All but the last have whole blocks of channels.
fn sources(parts: impl Iterator<Item = Part>) -> Vec<Vec<Part>> {
    let mut sources: Vec<Vec<Part>> = Vec::new();
    let mut is_whole = true;
    for part in parts {
        if is_whole {
            sources.push(Vec::new());
        }
        let source = sources.last_mut().expect("the first part began a source");
        source.push(part);
        let channels: usize = source.iter().map(|part| part.shape.channels).sum();
        is_whole = channels.is_multiple_of(LANES);
    }
    if sources.len() > MOST_SOURCES {
        let rest = sources.split_off(MOST_SOURCES - 1);
        sources.push(rest.into_iter().flatten().collect());
    }
    sources
}
