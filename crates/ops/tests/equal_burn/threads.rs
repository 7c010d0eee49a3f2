//! The same bits whatever the number of threads.

use burn::tensor::{Device, Tensor};
use coverslip_ops::{
    Activation, ConvCache, ConvGeometry, FeatureMap, Interpolation, Normalization, conv,
    conv_normalize_activate, max_pool, upsample,
};

use crate::support::distinct;

/// The bits of the output of a small U and of its gradients.
fn bits(size: [usize; 3]) -> Vec<Vec<u32>> {
    let device = Device::flex().autodiff();
    let [z, y, x] = size;
    let leaf = |sizes, seed| Tensor::<5>::from_data(distinct(sizes, seed), &device).require_grad();
    let inputs = [
        leaf([2, 3, z, y, x], 1),
        leaf([40, 3, z.min(3), 3, 3], 2),
        leaf([40, 1, 1, 1, 1], 3),
        leaf([40, 1, 1, 1, 1], 4),
        leaf([17, 80, z.min(3), 3, 3], 5),
    ];
    let kernel = [z.min(3), 3, 3];
    let norm = Normalization::Batch {
        weight: inputs[2].clone().reshape([40]),
        bias: inputs[3].clone().reshape([40]),
        epsilon: 1e-5,
    };
    let skip = conv_normalize_activate(
        FeatureMap::from_tensor(inputs[0].clone()),
        inputs[1].clone(),
        None,
        ConvGeometry::same(kernel),
        norm,
        Activation::Silu,
        &ConvCache::default(),
    )
    .output;
    let mode = Interpolation::Linear {
        align_corners: false,
    };
    let raised = upsample(max_pool(skip.clone(), [1, 2, 2]), [1, 2, 2], mode);
    let joined = FeatureMap::concat(vec![raised.fit(skip.spatial()), skip]);
    let output = conv(joined, inputs[4].clone(), None, ConvGeometry::same(kernel)).into_tensor();
    let gradients = (output.clone() * output.clone()).backward();
    let bits = |tensor: Tensor<5>| {
        let values = tensor.into_data().try_to_vec::<f32>().expect("f32");
        values.into_iter().map(f32::to_bits).collect()
    };
    let mut all = vec![bits(output)];
    for input in &inputs {
        all.push(bits(Tensor::from_inner(
            input.grad(&gradients).expect("a gradient"),
        )));
    }
    all
}

#[test]
fn a_network_gives_the_same_bits_on_one_two_and_three_threads() {
    for size in [[1, 33, 46], [5, 14, 17]] {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| bits(size))
        };
        let one = on(1);
        for threads in [2, 3] {
            assert!(on(threads) == one, "{size:?} on {threads} threads");
        }
    }
}
