//! The channels that weights are for, found from the shapes of tensors.

use std::collections::BTreeMap;

use coverslip_nets::{
    AnyNetwork, NetworkIo,
    weights::{self, TensorInfo},
};

use crate::{base::error::Error, weights::weights_file::WeightsFileError};

/// The channels that shapes of weights tell of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Channels {
    /// Of the input.
    pub(super) input: Option<usize>,
    /// Of the output.
    pub(super) output: Option<usize>,
}

/// Shapes by name.
type Shapes = BTreeMap<String, Vec<usize>>;

/// Finds the channels for which a network has tensors of the shapes in a file. The sizes of tensors
/// grow evenly with the channels, so that networks of one and of two channels tell how.
pub(super) fn find(
    dimensions: usize,
    build: &dyn Fn(NetworkIo) -> Result<AnyNetwork, Error>,
    shapes: &dyn Fn(&AnyNetwork) -> Result<Shapes, WeightsFileError>,
) -> Result<Channels, Error> {
    let of = |in_channels, out_channels| {
        build(NetworkIo {
            in_channels,
            out_channels,
            dimensions,
        })
    };
    // Options that fit no network are told of when the network itself is built.
    let Ok(base) = of(1, 1) else {
        return Ok(Channels::default());
    };
    let found = shapes(&base)?;
    let base = weights::tensors(&base);
    let list = |network: Result<AnyNetwork, Error>| network.ok().map(|it| weights::tensors(&it));
    let (wide_in, wide_out) = (list(of(2, 1)), list(of(1, 2)));
    let solve = |wide: &Option<Vec<TensorInfo>>, other: &Option<Vec<TensorInfo>>| {
        solve(&base, wide.as_ref()?, other.as_ref(), &found)
    };
    Ok(Channels {
        input: solve(&wide_in, &wide_out),
        output: solve(&wide_out, &wide_in),
    })
}

/// The channels that the first axis tells of which grows with `wide` and not with `other`.
fn solve(
    base: &[TensorInfo],
    wide: &[TensorInfo],
    other: Option<&Vec<TensorInfo>>,
    found: &Shapes,
) -> Option<usize> {
    base.iter().enumerate().find_map(|(index, tensor)| {
        let stored = tensor.names.iter().find_map(|name| found.get(name))?;
        let same = |list: &[TensorInfo]| Some(list.get(index)?.shape.clone());
        let (wide, other) = (same(wide)?, other.and_then(|list| same(list)));
        if stored.len() != tensor.shape.len() {
            return None;
        }
        (0..stored.len()).find_map(|axis| {
            let start = tensor.shape[axis];
            let growth = wide.get(axis)?.checked_sub(start)?;
            let is_mixed = other.as_ref().is_some_and(|shape| shape[axis] != start);
            let more = stored[axis].checked_sub(start)?;
            (growth > 0 && !is_mixed && more.is_multiple_of(growth)).then(|| 1 + more / growth)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[usize]) -> TensorInfo {
        TensorInfo {
            names: vec![name.to_owned()],
            shape: shape.to_vec(),
            is_learned: true,
        }
    }

    #[test]
    fn channels_are_solved_for() {
        // The first kernel takes the input twice and the output once; the second the input alone.
        let of = |input: usize, output: usize| {
            vec![
                tensor("a", &[8, 2 * input + output, 3, 3]),
                tensor("b", &[4, 3 * input + 5, 1, 1]),
                tensor("c", &[output]),
            ]
        };
        let found = of(4, 6)
            .into_iter()
            .map(|tensor| (tensor.names[0].clone(), tensor.shape))
            .collect();
        let (base, wide_in, wide_out) = (of(1, 1), of(2, 1), of(1, 2));
        assert_eq!(solve(&base, &wide_in, Some(&wide_out), &found), Some(4));
        assert_eq!(solve(&base, &wide_out, Some(&wide_in), &found), Some(6));
        assert_eq!(
            solve(&base, &wide_out, Some(&wide_in), &Shapes::new()),
            None
        );
    }
}
