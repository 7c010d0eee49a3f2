//! A network laid out by shapes alone is the network that is built and computed.

use burn::tensor::{Device, Tensor};
use coverslip::{
    inspect::networks::{Layout, lay_out},
    names::Named,
    registry::Registry,
};
use coverslip_nets::{AnyNetwork, Inputs, Network, NetworkIo, weights};
use serde_json::json;

/// The names, kinds and shapes of layers.
type Layers = Vec<(String, &'static str, Vec<usize>, Vec<usize>)>;

/// Options that make a network small enough to be computed here.
fn small(name: &str) -> serde_json::Value {
    match name {
        "unet"
        | "tunable_unet"
        | "anisotropic_unet"
        | "resnet_generator"
        | "predefined_resnet"
        | "patch_gan"
        | "mmv_patch_discriminator"
        | "keras_patch_discriminator"
        | "multiscale_discriminator"
        | "hd_multiscale_discriminator" => json!({"base": 4}),
        "mask_generator" | "mask_discriminator" => json!({"base": 8}),
        "pix2pix_unet" => json!({"base": 4, "downs": 5}),
        "msdnet" => json!({"layers": 6}),
        "fnet" => json!({"multiplier": 4}),
        "branched_erfnet" => json!({"widths": [4, 8, 12]}),
        "probabilistic_unet" => json!({"channels": [2, 4, 8, 16, 32]}),
        "basic_unet" => json!({"channels": [4, 4, 8, 8, 8, 4]}),
        "monai_unet" | "attention_unet" => json!({"channels": [4, 8, 8, 8]}),
        "nnunet_plain" | "nnunet_resenc" => json!({"channels": [4, 8, 8, 8, 8, 8]}),
        "unetr" => json!({
            "image_size": 32, "feature_size": 4, "hidden_size": 24, "mlp_size": 48, "heads": 3,
        }),
        "swin_unetr" => json!({"feature_size": 12, "heads": [3, 3, 3, 3]}),
        "chained_unet" => json!({"filters": 4}),
        _ => json!({}),
    }
}

/// The layers and outputs of a computed pass.
fn compute(network: &AnyNetwork, input: [usize; 5]) -> (Layers, Vec<(String, Vec<usize>)>) {
    let image = Tensor::zeros(input, &Device::flex());
    let (outputs, layers) = network.forward_traced(Inputs::new(image));
    let layers = layers.into_iter();
    let layers = layers.map(|layer| (layer.name, layer.kind, layer.input, layer.shape));
    let main = std::iter::once(("main".to_owned(), outputs.main.dims().to_vec()));
    let others = outputs.others.into_iter();
    let others = others.map(|(name, map)| (name, map.dims().to_vec()));
    (layers.collect(), main.chain(others).collect())
}

/// The numbers that the drawn parameters hold.
fn drawn_numbers(network: &AnyNetwork) -> u64 {
    let values = weights::collect(network);
    let learned = weights::tensors(network);
    let learned = learned.into_iter().filter(|tensor| tensor.is_learned);
    let numbers = learned.map(|tensor| values[&tensor.names[0]].num_elements() as u64);
    numbers.sum()
}

fn layers_of(layout: &Layout) -> Layers {
    let layers = layout.layers.iter().cloned();
    let layers = layers.map(|layer| (layer.name, layer.kind, layer.input, layer.shape));
    layers.collect()
}

#[test]
fn shapes_and_counts_are_those_of_the_built_network() {
    let registry = Registry::builtin().unwrap();
    for name in registry.networks.names() {
        let is_of_planes = name.starts_with("mask_");
        for dimensions in if is_of_planes { 2..3 } else { 2..4 } {
            let network = Named {
                name: name.to_owned(),
                options: small(name),
            };
            let io = NetworkIo {
                in_channels: 1,
                out_channels: 1,
                dimensions,
            };
            let built = registry.network(&network, io, 0).unwrap();
            let patch = if dimensions == 2 {
                [1, 32, 32]
            } else {
                [16, 32, 32]
            };
            let [z, y, x] = built.sizes().fit(patch);
            let input = [1, 1, z, y, x];
            let layout = lay_out(&registry, &network, io, Some(input)).unwrap();
            let (layers, outputs) = compute(&built, input);
            assert_eq!(layers_of(&layout), layers, "{name} in {dimensions}D");
            assert_eq!(layout.outputs, outputs, "{name} in {dimensions}D");
            assert_eq!(
                layout.parameters,
                drawn_numbers(&built),
                "{name} in {dimensions}D"
            );
            assert_eq!(layout.sizes, built.sizes(), "{name} in {dimensions}D");
        }
    }
}

/// Its weights alone are 2 GB, and its largest map 256 GB.
#[test]
fn a_network_of_any_size_is_laid_out_without_being_computed() {
    let registry = Registry::builtin().unwrap();
    let io = NetworkIo {
        in_channels: 1,
        out_channels: 1,
        dimensions: 3,
    };
    let input = [1, 1, 256, 2048, 2048];
    let network = Named::new("predefined_resnet");
    let layout = lay_out(&registry, &network, io, Some(input)).unwrap();
    assert_eq!(layout.parameters, 547_317_249);
    assert_eq!(layout.outputs, [("main".to_owned(), input.to_vec())]);
}
