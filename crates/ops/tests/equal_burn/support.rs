//! The same computation three times: by our kernels, by burn's operations in double precision, and
//! by the road that devices other than a processor take. A build with the feature of a graphics
//! card takes that road on the card too, where there is one.

use burn::tensor::{DType, Device, DeviceType, Tensor, TensorData};
use coverslip_ops::FeatureMap;
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

pub(crate) type Sizes = [usize; 5];

/// What a computation gives: the output and the gradient of each input.
struct Found {
    output: Vec<f64>,
    gradients: Vec<Option<Vec<f64>>>,
}

/// Values between -2 and 2, no two of them equal and none zero, so that no maximum and no kink is a
/// matter of rounding.
pub(crate) fn distinct(sizes: Sizes, seed: u64) -> TensorData {
    let len: usize = sizes.iter().product();
    let mut values: Vec<f32> = (0..len)
        .map(|index| (index as f32 + 0.25) / len as f32 * 4.0 - 2.0)
        .collect();
    values.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    TensorData::new(values, sizes)
}

fn values(tensor: Tensor<5>) -> Vec<f64> {
    let data = tensor.into_data().convert::<f64>();
    data.try_to_vec().expect("values of a float tensor")
}

fn run(
    inputs: &[TensorData],
    dtype: DType,
    device: &Device,
    computation: &impl Fn(Vec<Tensor<5>>) -> Tensor<5>,
) -> Found {
    let inputs: Vec<Tensor<5>> = inputs
        .iter()
        .map(|data| {
            let tensor = Tensor::<5>::from_data(data.clone(), device).cast(dtype);
            let tensor = tensor.detach();
            if device.is_autodiff() {
                tensor.require_grad()
            } else {
                tensor
            }
        })
        .collect();
    let output = computation(inputs.clone());
    let mut gradients = Vec::new();
    if device.is_autodiff() {
        let weights = Tensor::<5>::from_data(distinct(output.dims(), 99), device).cast(dtype);
        let found = (output.clone() * weights).sum().backward();
        let gradient = |input: &Tensor<5>| {
            let gradient = input.grad(&found)?;
            Some(values(Tensor::from_inner(gradient)))
        };
        gradients = inputs.iter().map(gradient).collect();
    }
    Found {
        output: values(output),
        gradients,
    }
}

fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    // What is zero, such as the gradient of a bias before a normalisation, is not so by rounding.
    let largest = expected.iter().fold(0.1f64, |most, v| most.max(v.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(
            error <= tolerance,
            "{what}: value {index} is {found}, not {expected}, of {largest} at most"
        );
    }
}

/// The first device besides the processor that this build and this machine have.
fn gpu() -> Option<Device> {
    let kinds: Vec<DeviceType> = vec![
        #[cfg(feature = "cuda")]
        DeviceType::Cuda,
        #[cfg(feature = "rocm")]
        DeviceType::Rocm,
        #[cfg(feature = "wgpu")]
        DeviceType::Wgpu,
    ];
    Device::enumerate(kinds).into_iter().next()
}

/// Compares outputs (1e-4 of the largest value) and gradients (1e-3) for inputs of the given sizes.
/// A parameter `[C]` is an input `[C, 1, 1, 1, 1]`.
pub(crate) fn compare(
    what: &str,
    sizes: &[Sizes],
    ours: impl Fn(Vec<Tensor<5>>) -> Tensor<5>,
    burns: impl Fn(Vec<Tensor<5>>) -> Tensor<5>,
) {
    let inputs: Vec<TensorData> = (0..sizes.len())
        .map(|index| distinct(sizes[index], index as u64 + 7))
        .collect();
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let expected = run(&inputs, DType::F64, &device, &burns);
    let mut found = vec![
        ("kernels", run(&inputs, DType::F32, &device, &ours)),
        (
            "kernels without gradient",
            run(&inputs, DType::F32, &plain, &ours),
        ),
        // The kernels compute in single precision, so that maps in double precision go the road of
        // other devices.
        ("other devices", run(&inputs, DType::F64, &device, &ours)),
    ];
    if let Some(gpu) = gpu() {
        found.push((
            "graphics card",
            run(&inputs, DType::F32, &gpu.autodiff(), &ours),
        ));
    }
    for (road, found) in found {
        let what = format!("{what}, inputs {sizes:?}, {road}");
        assert_near(&what, &found.output, &expected.output, 1e-4);
        for (index, gradient) in found.gradients.iter().enumerate() {
            let what = format!("{what}, gradient {index}");
            match (gradient, &expected.gradients[index]) {
                (Some(gradient), Some(expected)) => assert_near(&what, gradient, expected, 1e-3),
                (gradient, expected) => assert_eq!(gradient, expected, "{what}"),
            }
        }
    }
}

/// A map of a tensor.
pub(crate) fn map(tensor: &Tensor<5>) -> FeatureMap {
    FeatureMap::from_tensor(tensor.clone())
}

/// A parameter `[C]` of an input `[C, 1, 1, 1, 1]`.
pub(crate) fn vector(tensor: &Tensor<5>) -> Tensor<1> {
    let [channels, ..] = tensor.dims();
    tensor.clone().reshape([channels])
}

/// The sizes of a parameter `[C]` as an input.
pub(crate) fn parameter(channels: usize) -> Sizes {
    [channels, 1, 1, 1, 1]
}

/// Reproducible choices.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn number(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high)
    }

    pub(crate) fn triple(&mut self, low: usize, high: usize) -> [usize; 3] {
        [0; 3].map(|_| self.number(low, high))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.number(0, choices.len() - 1)]
    }
}
