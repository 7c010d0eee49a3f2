//! Algorithms that are both an operation and a step of a config, with one type of options for both.

mod components;
mod fill_holes;
mod match_histogram;
mod remove_small;
mod threshold;
mod watershed;

pub use components::Components;
pub use fill_holes::FillHoles;
pub use match_histogram::{MatchHistogram, MatchHistogramOptions, ReferenceError};
pub use remove_small::RemoveSmall;
pub use threshold::Threshold;
pub use watershed::Watershed;

use coverslip_algorithms::AlgorithmError;
use ndarray::{Array4, ArrayView3, Axis};

/// A channel of values `[C, Z, Y, X]`; left out, 1, or 0 where there is only one.
fn channel(
    values: &Array4<f32>,
    channel: Option<usize>,
) -> Result<ArrayView3<'_, f32>, AlgorithmError> {
    let channels = values.len_of(Axis(0));
    let channel = channel.unwrap_or(usize::from(channels > 1));
    if channel >= channels {
        return Err(AlgorithmError::Parameter {
            name: "channel",
            got: channel.to_string(),
            expected: format!("below {channels}, the number of channels that the network gives"),
        });
    }
    Ok(values.index_axis(Axis(0), channel))
}
