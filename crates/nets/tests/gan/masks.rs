//! The GAN of masks.

use burn::tensor::Device;
use coverslip_nets::{
    Inputs, Network,
    architectures::mask_gan::{MaskDiscriminatorConfig, MaskGeneratorConfig},
    weights::collect,
};

use crate::{build, image, io, output_sizes, plain, values};
use burn::tensor::Tensor;

#[test]
fn noise_becomes_masks_and_masks_scores() {
    let generator = plain(&MaskGeneratorConfig { base: 8 }, io(5, 2, 2));
    assert_eq!(generator.sizes().fixed, Some([1, 1, 1]));
    let masks = generator.forward(Inputs::new(image([3, 5, 1, 1, 1]))).main;
    assert_eq!(masks.dims(), [3, 2, 1, 28, 28]);
    assert!(values(masks).iter().all(|value| value.abs() <= 1.0));
    let config = MaskDiscriminatorConfig {
        base: 4,
        ..MaskDiscriminatorConfig::default()
    };
    let discriminator = plain(&config, io(2, 1, 2));
    assert_eq!(discriminator.sizes().fixed, Some([1, 28, 28]));
    let scores = output_sizes(&discriminator, [3, 2, 1, 28, 28]);
    assert_eq!(scores, [3, 1, 1, 1, 1]);
}

/// Keras's running variance behind a dense layer is that of the batch itself, without correction for
/// its size.
#[test]
fn the_variance_behind_the_dense_layer_is_biased() {
    let device = Device::flex().autodiff();
    let network = build(&MaskGeneratorConfig { base: 4 }, io(3, 1, 2), &device);
    let kernel = collect(&network)["dense/kernel"].clone();
    let noise = image([2, 3, 1, 1, 1]);
    network.forward(Inputs::new(Tensor::from_inner(noise.clone())));
    let weights: Vec<f32> = kernel.iter::<f32>().collect();
    let noise = values(noise);
    let found = collect(&network)["batch_normalization/moving_variance"].clone();
    assert_eq!(found.shape().to_vec(), [196]);
    for (index, found) in found.iter::<f32>().enumerate() {
        let output = |image: usize| -> f32 {
            let products =
                (0..3).map(|input| noise[3 * image + input] * weights[196 * input + index]);
            products.sum()
        };
        let biased = ((output(0) - output(1)) / 2.0).powi(2);
        let expected = 0.99 + 0.01 * biased;
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}
