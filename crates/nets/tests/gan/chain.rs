//! Chains of U-Nets.

use coverslip_nets::{
    Inputs, Network, architectures::chained_unet::ChainedUnetConfig, layers::ActivationName,
    weights::collect,
};

use crate::{image, io, plain, values};

fn small(links: usize) -> ChainedUnetConfig {
    ChainedUnetConfig {
        skips: 2,
        filters: 2,
        activations: vec![ActivationName::Tanh; links],
        ..ChainedUnetConfig::default()
    }
}

#[test]
fn outputs_before_the_last_have_names() {
    let network = plain(&small(3), io(4, 2, 2));
    let outputs = network.forward(Inputs::new(image([2, 4, 1, 16, 8])));
    assert_eq!(outputs.main.dims(), [2, 2, 1, 16, 8]);
    let names: Vec<&str> = outputs.others.keys().map(String::as_str).collect();
    assert_eq!(names, ["link1", "link2"]);
    let main = values(outputs.main);
    for map in outputs.others.into_values() {
        assert_eq!(map.dims(), [2, 2, 1, 16, 8]);
        assert_ne!(values(map), main);
    }
}

/// The first U-Net of a chain is the U-Net of a chain of one: its names and so its weights are.
#[test]
fn the_first_link_is_a_network_of_its_own() {
    let input = image([1, 4, 1, 8, 8]);
    let alone = plain(&small(1), io(4, 1, 2)).forward(Inputs::new(input.clone()));
    let mut chain = plain(&small(2), io(4, 1, 2)).forward(Inputs::new(input));
    let first = chain.others.remove("link1").unwrap();
    assert_eq!(values(first), values(alone.main));
}

#[test]
fn stacks_are_allowed() {
    let network = plain(&small(2), io(1, 1, 3));
    assert_eq!(network.sizes().multiple, [8, 8, 8]);
    let outputs = network.forward(Inputs::new(image([1, 1, 8, 16, 8])));
    assert_eq!(outputs.main.dims(), [1, 1, 8, 16, 8]);
    let weights = collect(&network);
    assert_eq!(weights["conv3d_1/kernel"].shape().to_vec(), [3, 3, 3, 2, 4]);
    let up = weights["conv3d_transpose/kernel"].shape().to_vec();
    assert_eq!(up, [3, 3, 3, 4, 8]);
}
