//! Prints the seconds and the peak memory of a mixed-scale dense network's training step: 45 layers
//! of one map, dilations 1 to 10, `ReLU` and then batch normalisation of all maps, 1 x 1 convolution to
//! 2 channels; forward and backward for 2 x 1 x 256 x 256 without an optimiser. The peer of
//! `tools/peers/msdnet_torch.py`.
//!
//! `cargo run --release -p coverslip-ops --example msdnet_speed [RUNS]` prints the fastest run, on the
//! threads that `RAYON_NUM_THREADS` says.

#![expect(clippy::print_stdout, reason = "what the program is for")]

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use coverslip_ops::{
    Activation, ConvGeometry, FeatureMap, Normalization, conv, conv_concat_activate_normalize,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LAYERS: usize = 45;
const MOST_DILATION: usize = 10;

struct Layer {
    weight: Tensor<5>,
    bias: Tensor<1>,
    scale: Tensor<1>,
    shift: Tensor<1>,
}

impl Layer {
    fn new(channels: usize, device: &Device) -> Self {
        let limit = 1.0 / (9.0 * channels as f64).sqrt();
        let uniform = Distribution::Uniform(-limit, limit);
        Self {
            weight: Tensor::random([1, channels, 1, 3, 3], uniform, device).require_grad(),
            bias: Tensor::random([1], uniform, device).require_grad(),
            scale: Tensor::ones([channels + 1], device).require_grad(),
            shift: Tensor::zeros([channels + 1], device).require_grad(),
        }
    }

    fn forward(&self, map: FeatureMap, dilation: usize) -> FeatureMap {
        let padding = [0, dilation, dilation];
        let geometry = ConvGeometry {
            dilation: [1, dilation, dilation],
            ..ConvGeometry::UNIT.with_padding(padding, padding)
        };
        let normalization = Normalization::Batch {
            weight: self.scale.clone(),
            bias: self.shift.clone(),
            epsilon: 1e-5,
        };
        let (weight, bias) = (self.weight.clone(), Some(self.bias.clone()));
        let relu = Activation::Relu;
        let layer =
            conv_concat_activate_normalize(map, weight, bias, geometry, normalization, relu);
        layer.output
    }
}

/// The most memory that the process has had, in MiB; zero where the system does not say.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0)
        / 1024
}

fn main() {
    let runs = std::env::args()
        .nth(1)
        .map_or(5, |runs| runs.parse().expect("a number of runs"));
    let device = Device::flex().autodiff();
    let layers: Vec<Layer> = (1..=LAYERS)
        .map(|channels| Layer::new(channels, &device))
        .collect();
    let last = Tensor::<5>::random([2, LAYERS + 1, 1, 1, 1], Distribution::Default, &device);
    let last = last.require_grad();
    let normal = Distribution::Normal(0.0, 1.0);
    let images = Tensor::<5>::random([2, 1, 1, 256, 256], normal, &device);
    let before = peak();
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        let mut map = FeatureMap::from_tensor(images.clone());
        for (index, layer) in layers.iter().enumerate() {
            map = layer.forward(map, index % MOST_DILATION + 1);
        }
        let output = conv(map, last.clone(), None, ConvGeometry::UNIT).into_tensor();
        let gradients = (output.clone() * output).mean().backward();
        assert!(last.grad(&gradients).is_some(), "a gradient");
        best = best.min(start.elapsed().as_secs_f64());
    }
    let more = peak() - before;
    println!("coverslip: {best:.3} s, {more} MiB more than before the first step");
}
