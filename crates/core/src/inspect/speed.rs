//! How fast this machine trains and applies networks.

use std::time::Instant;

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use coverslip_nets::{Inputs, Network, NetworkIo, build::BuildSettings};
use coverslip_ops::softmax;
use ndarray::{Array4, Array5};
use rand::RngExt;
use serde_json::json;

use crate::{
    base::{error::Error, monitor::Monitor, random},
    data::Batch,
    framework::{NETWORK, NetworkParts, Pass, Step},
    inspect::networks,
    learning::{optimizer::Optimizer, schedule::Pace},
    names::{Named, TargetKind},
    registry::{NetworkBuilder, Registry, TrainingBuilder},
};

/// Work whose speed is measured.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it is, for a table.
    pub summary: &'static str,
    base: usize,
    depth: usize,
    channels: [usize; 2],
    batch: usize,
    /// `[Z, Y, X]`.
    patch: [usize; 3],
    is_training: bool,
}

/// Every case; the first two are those of a short look.
pub const CASES: [Case; 9] = [
    Case {
        name: "training",
        summary: "U-Net base 32 depth 4, training step, 4 x 1 x 256 x 256",
        base: 32,
        depth: 4,
        channels: [1, 2],
        batch: 4,
        patch: [1, 256, 256],
        is_training: true,
    },
    Case {
        name: "inference-512",
        summary: "the same, inference, 1 x 1 x 512 x 512",
        base: 32,
        depth: 4,
        channels: [1, 2],
        batch: 1,
        patch: [1, 512, 512],
        is_training: false,
    },
    Case {
        name: "inference-1024",
        summary: "the same, inference, 1 x 1 x 1024 x 1024",
        base: 32,
        depth: 4,
        channels: [1, 2],
        batch: 1,
        patch: [1, 1024, 1024],
        is_training: false,
    },
    Case {
        name: "inference-batch",
        summary: "the same, inference, 8 x 1 x 256 x 256",
        base: 32,
        depth: 4,
        channels: [1, 2],
        batch: 8,
        patch: [1, 256, 256],
        is_training: false,
    },
    Case {
        name: "training-wide",
        summary: "U-Net base 64 depth 4, training step, 2 x 3 x 256 x 256",
        base: 64,
        depth: 4,
        channels: [3, 2],
        batch: 2,
        patch: [1, 256, 256],
        is_training: true,
    },
    Case {
        name: "training-3d",
        summary: "3D U-Net base 16 depth 3, training step, 1 x 1 x 32 x 128 x 128",
        base: 16,
        depth: 3,
        channels: [1, 2],
        batch: 1,
        patch: [32, 128, 128],
        is_training: true,
    },
    Case {
        name: "inference-3d",
        summary: "the same, inference, 1 x 1 x 64 x 128 x 128",
        base: 16,
        depth: 3,
        channels: [1, 2],
        batch: 1,
        patch: [64, 128, 128],
        is_training: false,
    },
    Case {
        name: "training-small",
        summary: "U-Net base 16 depth 2, training step, 512 x 1 x 28 x 28",
        base: 16,
        depth: 2,
        channels: [1, 2],
        batch: 512,
        patch: [1, 28, 28],
        is_training: true,
    },
    Case {
        name: "training-preset",
        summary: "U-Net base 16 depth 4 (nuclei-2d), training step, 8 x 1 x 128 x 128",
        base: 16,
        depth: 4,
        channels: [1, 3],
        batch: 8,
        patch: [1, 128, 128],
        is_training: true,
    },
];

/// The seconds that a case took.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The case.
    pub case: Case,
    /// Each run's, the first ones that only warm up left out.
    pub seconds: Vec<f64>,
}

impl Measurement {
    /// The fastest run.
    pub fn best(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The run in the middle.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Images a second at the median.
    pub fn images_per_second(&self) -> f64 {
        self.case.batch as f64 / self.median()
    }
}

/// Runs that only bring memory and caches into their usual state.
const WARM_UP: usize = 2;

/// Measures a case `runs` times on `device`: a whole step of training with Adam, or a prediction.
///
/// # Errors
///
/// When the network cannot be built, which the cases do not provoke.
pub fn measure(
    case: Case,
    runs: usize,
    device: &Device,
    registry: &Registry,
    monitor: &dyn Monitor,
) -> Result<Measurement, Error> {
    let network = Named {
        name: "unet".to_owned(),
        options: json!({"base": case.base, "depth": case.depth}),
    };
    let loss = [Named::new("cross_entropy")];
    let optimizer = Named::new("adam");
    let io = NetworkIo {
        in_channels: case.channels[0],
        out_channels: case.channels[1],
        dimensions: if case.patch[0] == 1 { 2 } else { 3 },
    };
    let parts = TrainingBuilder {
        networks: NetworkBuilder {
            registry,
            network: &network,
            io,
            target_kind: TargetKind::Semantic,
            seed: 0,
            exact_conv: false,
            device: if case.is_training {
                device.clone().autodiff()
            } else {
                device.clone()
            },
        },
        loss: &loss,
        optimizer: &optimizer,
        clip_gradient: None,
        initial_weights: None,
    };
    let fcn = Named::new("fcn");
    let mut framework = registry.frameworks.get("fcn")?.build.train(&fcn, &parts)?;
    let predictor = framework.predictor();
    let batch = batch(case);
    let image: Array4<f32> = batch.source.index_axis(ndarray::Axis(0), 0).to_owned();
    // A predictor takes one image at a time; several at once are the network's affair.
    let batch_network = if case.is_training || case.batch == 1 {
        None
    } else {
        let sizes: [usize; 5] = batch.source.dim().into();
        let values: Vec<f32> = batch.source.iter().copied().collect();
        let input = Tensor::<5>::from_data(TensorData::new(values, sizes), parts.device());
        let network = parts.network(NETWORK, None, io)?;
        Some((network.valid(), input))
    };
    let task = monitor.begin(case.name, (runs + WARM_UP) as u64);
    let mut seconds = Vec::new();
    for _ in 0..runs + WARM_UP {
        let start = Instant::now();
        if case.is_training {
            framework.train_step(
                &batch,
                Step {
                    pace: Pace::default(),
                    draw: 0,
                },
            );
            // A graphics card still works when the loss is known.
            device
                .sync()
                .map_err(|error| Error::bug(error.to_string()))?;
        } else if let Some((network, input)) = &batch_network {
            let output = network.forward(Inputs::new(input.clone())).main;
            softmax(output).into_data();
        } else {
            predictor.predict(&image, Pass::default());
        }
        seconds.push(start.elapsed().as_secs_f64());
        task.advance(1, case.name);
    }
    let seconds = seconds.split_off(WARM_UP);
    Ok(Measurement { case, seconds })
}

/// What training steps took.
#[derive(Clone, Debug, Default)]
pub struct StepTimes {
    /// Seconds that went by in each step.
    pub seconds: Vec<f64>,
    /// Seconds that the threads had a processor in each step, all together; empty where the system does
    /// not tell.
    pub processor_seconds: Vec<f64>,
}

/// The times of training steps of any network: forward, the sum of the mean squares of all outputs as
/// loss, backward, Adam. `input` is `[N, C, Z, Y, X]`.
///
/// # Errors
///
/// When the network cannot be built or does not take the input.
pub fn time_training(
    network: &Named,
    io: NetworkIo,
    input: [usize; 5],
    runs: usize,
    registry: &Registry,
    monitor: &dyn Monitor,
) -> Result<StepTimes, Error> {
    let device = Device::flex().autodiff();
    let settings = BuildSettings {
        io,
        seed: 0,
        device: device.clone(),
        exact: false,
    };
    let mut network = (registry.networks.get(&network.name)?.build)(network, &settings)?;
    networks::check_size(network.sizes(), input)?;
    let adam = Named::new("adam");
    let mut optimizer = Optimizer::new((registry.optimizers.get("adam")?.build)(&adam)?, None);
    let mut random = random::stream(0, "speed", 0);
    let count = input.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|_| random.random_range(-1.7f32..1.7))
        .collect();
    let image = Tensor::<5>::from_data(TensorData::new(values, input), &device);
    let task = monitor.begin("training steps", (runs + WARM_UP) as u64);
    let mut times = StepTimes::default();
    for step in 0..runs + WARM_UP {
        let (start, before) = (Instant::now(), processor_seconds());
        let inputs = Inputs::new(image.clone()).with_draw(step as u64);
        let outputs = network.forward(inputs);
        let loss = outputs
            .others
            .into_values()
            .fold(outputs.main.square().mean(), |loss, output| {
                loss + output.square().mean()
            });
        let gradients = loss.backward();
        network = optimizer.step(network, gradients, Pace::default());
        task.advance(1, "training step");
        if step < WARM_UP {
            continue;
        }
        times.seconds.push(start.elapsed().as_secs_f64());
        if let (Some(before), Some(after)) = (before, processor_seconds()) {
            times.processor_seconds.push(after - before);
        }
    }
    Ok(times)
}

/// The seconds that the threads of this process have had a processor, where the system tells.
fn processor_seconds() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let status = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += status.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}

/// Noise with random classes.
fn batch(case: Case) -> Batch {
    let mut random = random::stream(0, "speed", 0);
    let [z, y, x] = case.patch;
    let source = Array5::from_shape_simple_fn((case.batch, case.channels[0], z, y, x), || {
        random.random_range(-1.7f32..1.7)
    });
    let classes = case.channels[1];
    let target = Array5::from_shape_simple_fn((case.batch, 1, z, y, x), || {
        random.random_range(0..classes) as f32
    });
    Batch {
        source,
        target: Some(target),
        weight: None,
        others: std::collections::BTreeMap::new(),
    }
}

/// The instruction set that networks are computed with on the processor, as `COVERSLIP_SIMD` names it.
pub fn instruction_set() -> &'static str {
    coverslip_ops::instruction_set()
}

/// The most memory that this process has had, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_and_median() {
        let measurement = Measurement {
            case: CASES[0],
            seconds: vec![3.0, 1.0, 2.0],
        };
        assert_eq!(measurement.best(), 1.0);
        assert_eq!(measurement.median(), 2.0);
        assert_eq!(measurement.images_per_second(), 2.0);
    }
}
