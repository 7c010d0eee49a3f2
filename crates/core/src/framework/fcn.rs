//! `fcn`: one network from source to target, for segmentation and regression.

use std::collections::BTreeMap;

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use coverslip_algorithms::metrics::semantic::MaskOverlap;
use coverslip_nets::{
    AnyNetwork, Inputs, Network, SizeRule,
    loss::{Target, WeightedSum},
};
use coverslip_ops::softmax;
use ndarray::{Array4, Array5, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Framework, FrameworkKind, Pass, Predictor, Scores, Step};
use crate::{
    base::error::Error,
    data::{Batch, TargetKind},
    learning::optimizer::Optimizer,
    names::Named,
    registry::Workshop,
    weights::state_dict::{self, StateDict},
};

/// One network from source to target, trained by the losses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FcnOptions {}

/// The entry `fcn` of the registry.
pub struct Fcn;

impl FrameworkKind for Fcn {
    fn train(&self, options: &Named, workshop: &Workshop<'_>) -> Result<Box<dyn Framework>, Error> {
        let FcnOptions {} = options.read()?;
        Ok(Box::new(Training {
            network: workshop.network()?,
            loss: workshop.loss()?,
            optimizer: workshop.optimizer()?,
            classes: workshop.target_kind != TargetKind::Image,
            device: workshop.device.clone(),
        }))
    }

    fn predictor(
        &self,
        options: &Named,
        workshop: &Workshop<'_>,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error> {
        let FcnOptions {} = options.read()?;
        let network = state_dict::apply(workshop.network()?, weights)?;
        Ok(Box::new(Trained {
            network,
            classes: workshop.target_kind != TargetKind::Image,
            device: workshop.device.clone(),
        }))
    }
}

const NETWORK: &str = "network.";
const OPTIMIZER: &str = "optimizer.";

struct Training {
    network: AnyNetwork,
    loss: WeightedSum,
    optimizer: Optimizer,
    classes: bool,
    device: Device,
}

impl Framework for Training {
    fn train_step(&mut self, batch: &Batch, step: Step) -> f64 {
        let source = to_tensor(&batch.source, &self.device);
        let target = to_target(batch, &self.device);
        let inputs = Inputs::new(source).with_draw(step.draw);
        let output = self.network.forward(inputs).main;
        let loss = self.loss.value(&output, &target);
        let gradients = loss.backward();
        self.network = self
            .optimizer
            .step(self.network.clone(), gradients, step.pace);
        f64::from(loss.into_scalar::<f32>())
    }

    fn validate(&self, batch: &Batch) -> Scores {
        let network = self.network.valid();
        let device = self.device.clone().without_autodiff();
        let output = network
            .forward(Inputs::new(to_tensor(&batch.source, &device)))
            .main;
        let loss = self.loss.value(&output, &to_target(batch, &device));
        let mut scores =
            BTreeMap::from([("loss".to_owned(), f64::from(loss.into_scalar::<f32>()))]);
        if self.classes {
            let dice = foreground_dice(&to_array(output), batch);
            scores.insert("dice".to_owned(), dice);
        }
        scores
    }

    fn networks(&mut self) -> Vec<(&'static str, &mut AnyNetwork)> {
        vec![("network", &mut self.network)]
    }

    fn gather_statistics(&mut self, batch: &Batch, draw: u64, share: f64) {
        let inputs = Inputs::new(to_tensor(&batch.source, &self.device)).with_draw(draw);
        self.network.forward(inputs.with_statistics_share(share));
    }

    fn predictor(&self) -> Box<dyn Predictor> {
        Box::new(Trained {
            network: self.network.valid(),
            classes: self.classes,
            device: self.device.clone().without_autodiff(),
        })
    }

    fn weights(&self) -> StateDict {
        state_dict::collect(&self.network)
    }

    fn state(&self) -> StateDict {
        let weights = self
            .weights()
            .into_iter()
            .map(|(name, data)| (NETWORK, name, data));
        let memory = self
            .optimizer
            .state()
            .into_iter()
            .map(|(name, data)| (OPTIMIZER, name, data));
        weights
            .chain(memory)
            .map(|(part, name, data)| (format!("{part}{name}"), data))
            .collect()
    }

    fn restore(&mut self, state: &StateDict) -> Result<(), String> {
        let part = |prefix: &str| -> StateDict {
            let entries = state.iter().filter_map(|(name, data)| {
                Some((name.strip_prefix(prefix)?.to_owned(), data.clone()))
            });
            entries.collect()
        };
        self.network = state_dict::apply(self.network.clone(), &part(NETWORK))
            .map_err(|error| error.to_string())?;
        let device = self.device.clone().without_autodiff();
        self.optimizer.restore(&part(OPTIMIZER), &device)
    }
}

struct Trained {
    network: AnyNetwork,
    classes: bool,
    device: Device,
}

impl Predictor for Trained {
    fn predict(&self, image: &Array4<f32>, _: Pass) -> Array4<f32> {
        let batch = image.view().insert_axis(Axis(0)).to_owned();
        let output = self
            .network
            .forward(Inputs::new(to_tensor(&batch, &self.device)))
            .main;
        let output = if self.classes {
            softmax(output)
        } else {
            output
        };
        to_array(output).index_axis_move(Axis(0), 0)
    }

    fn sizes(&self) -> SizeRule {
        self.network.sizes()
    }
}

fn to_target(batch: &Batch, device: &Device) -> Target {
    Target {
        values: to_tensor(&batch.target, device),
        weight: batch
            .weight
            .as_ref()
            .map(|weight| to_tensor(weight, device)),
    }
}

fn to_tensor(array: &Array5<f32>, device: &Device) -> Tensor<5> {
    let shape: [usize; 5] = array.dim().into();
    Tensor::from_data(
        TensorData::new(array.iter().copied().collect::<Vec<_>>(), shape),
        device,
    )
}

fn to_array(tensor: Tensor<5>) -> Array5<f32> {
    let [n, c, z, y, x] = tensor.dims();
    let values = tensor
        .into_data()
        .try_into_vec::<f32>()
        .expect("outputs are 32-bit floats");
    Array5::from_shape_vec((n, c, z, y, x), values).expect("the tensor has as many values")
}

/// Dice of "any class but 0" over the pixels of a whole batch that count; 1 when neither side has any.
///
/// - `scores`: `[N, C, Z, Y, X]`
fn foreground_dice(scores: &Array5<f32>, batch: &Batch) -> f64 {
    let mut overlap = MaskOverlap::default();
    let weight = batch.weight.as_ref();
    let mut weights = weight.into_iter().flat_map(|weight| weight.iter());
    let labels = batch.target.index_axis(Axis(1), 0);
    for (pixel, label) in scores.lanes(Axis(1)).into_iter().zip(labels) {
        if weights.next() == Some(&0.0) {
            continue;
        }
        let background = pixel[0];
        let predicted = pixel.iter().skip(1).any(|&score| score > background);
        let expected = *label > 0.0;
        overlap.intersection += u64::from(predicted && expected);
        overlap.prediction += u64::from(predicted);
        overlap.truth += u64::from(expected);
    }
    overlap.dice()
}
