//! What a checkpoint holds of a framework: the parts that it names.

use burn::tensor::Device;
use coverslip_nets::AnyNetwork;

use crate::{
    framework::{Framework, Part, package_weights, with_prefix},
    weights::state_dict::{self, StateDict},
};

/// Everything that training needs to go on, each tensor's name behind that of its part.
pub(super) fn state(parts: Vec<Part<'_>>) -> StateDict {
    let entries = parts.into_iter().flat_map(|part| {
        let (name, state) = match part {
            Part::Predicts(name, network) | Part::Trains(name, network) => {
                (name, state_dict::collect(network))
            }
            Part::Memory(name, memory) => (name, memory.state()),
        };
        let named = move |(own, data)| (format!("{name}.{own}"), data);
        state.into_iter().map(named)
    });
    entries.collect()
}

/// Gives the parts back what [`state`] took, onto `device`, which is without gradients.
///
/// # Errors
///
/// In words, what does not fit: another network or optimiser.
pub(crate) fn restore(
    parts: Vec<Part<'_>>,
    state: &StateDict,
    device: &Device,
) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Predicts(name, network) | Part::Trains(name, network) => {
                let own = with_prefix(state, &format!("{name}."));
                *network =
                    state_dict::apply(network.clone(), &own).map_err(|error| error.to_string())?;
            }
            Part::Memory(name, memory) => {
                let own = with_prefix(state, &format!("{name}."));
                (memory.restore(&own, device)).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

/// The networks that prediction needs: those that are averaged.
pub(super) fn predicting(framework: &mut dyn Framework) -> Vec<(&'static str, &mut AnyNetwork)> {
    let parts = framework.parts().into_iter();
    let networks = parts.filter_map(|part| match part {
        Part::Predicts(name, network) => Some((name, network)),
        Part::Trains(..) | Part::Memory(..) => None,
    });
    networks.collect()
}

/// The weights that a package holds.
pub(super) fn weights(framework: &mut dyn Framework) -> StateDict {
    let networks = predicting(framework);
    let networks: Vec<_> = networks
        .iter()
        .map(|(name, network)| (*name, &**network))
        .collect();
    package_weights(&networks)
}
