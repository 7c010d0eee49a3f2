//! `fcn`: one network from source to target, for segmentation and regression.

use burn::{module::Module, tensor::Device};
use coverslip_algorithms::metrics::semantic::MaskOverlap;
use coverslip_nets::{AnyNetwork, Inputs, Network, SizeRule, loss::WeightedSum};
use coverslip_ops::softmax;
use ndarray::{Array4, Array5, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Framework, FrameworkKind, NETWORK, NetworkParts, Part, Pass, Plan, Predictor, Scores, Step,
    TrainingParts, image_to_tensor, to_array, to_image, to_target, to_tensor,
};
use crate::{
    base::error::Error,
    data::{Batch, DataSettings},
    learning::optimizer::Optimizer,
    names::{Named, TargetKind},
    weights::state_dict::{self, StateDict},
};

/// One network from source to target, trained by the losses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FcnOptions {}

/// The entry `fcn` of the registry.
pub struct Fcn;

impl FrameworkKind for Fcn {
    fn plan(&self, options: &Named, _: &Named, data: &DataSettings) -> Result<Plan, Error> {
        let FcnOptions {} = options.read()?;
        Ok(Plan::paired(data.target_form()))
    }

    fn train(
        &self,
        options: &Named,
        parts: &dyn TrainingParts,
    ) -> Result<Box<dyn Framework>, Error> {
        let FcnOptions {} = options.read()?;
        Self::training(parts, parts.loss()?)
    }

    fn predictor(
        &self,
        options: &Named,
        parts: &dyn NetworkParts,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error> {
        let FcnOptions {} = options.read()?;
        Self::trained(parts, weights)
    }
}

impl Fcn {
    /// One network in training that minimises `loss`.
    pub(super) fn training(
        parts: &dyn TrainingParts,
        loss: WeightedSum,
    ) -> Result<Box<dyn Framework>, Error> {
        Ok(Box::new(Training {
            trained: Trained::new(parts)?,
            loss,
            optimizer: parts.optimizer(None)?,
        }))
    }

    /// One network that predicts.
    pub(super) fn trained(
        parts: &dyn NetworkParts,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error> {
        let mut trained = Trained::new(parts)?;
        trained.network = state_dict::apply(trained.network, weights)?;
        Ok(Box::new(trained))
    }
}

struct Training {
    trained: Trained,
    loss: WeightedSum,
    optimizer: Optimizer,
}

impl Framework for Training {
    fn train_step(&mut self, batch: &Batch, step: Step) -> Scores {
        let Trained {
            network, device, ..
        } = &mut self.trained;
        let inputs = Inputs::new(to_tensor(&batch.source, device)).with_draw(step.draw);
        let output = network.forward(inputs).main;
        let loss = self.loss.value(&output, &to_target(batch, device));
        let gradients = loss.backward();
        *network = self.optimizer.step(network.clone(), gradients, step.pace);
        let loss = f64::from(loss.into_scalar::<f32>());
        Scores::from([("loss".to_owned(), loss)])
    }

    fn validate(&self, batch: &Batch) -> Scores {
        let Trained {
            network,
            classes,
            device,
        } = self.trained.without_gradients();
        let output = network
            .forward(Inputs::new(to_tensor(&batch.source, &device)))
            .main;
        let loss = self.loss.value(&output, &to_target(batch, &device));
        let loss = f64::from(loss.into_scalar::<f32>());
        let mut scores = Scores::from([("loss".to_owned(), loss)]);
        if classes {
            let dice = foreground_dice(&to_array(output), batch);
            scores.insert("dice".to_owned(), dice);
        }
        scores
    }

    fn parts(&mut self) -> Vec<Part<'_>> {
        vec![
            Part::Predicts(NETWORK, &mut self.trained.network),
            Part::Memory("optimizer", &mut self.optimizer),
        ]
    }

    fn gather_statistics(&mut self, batch: &Batch, draw: u64, share: f64) {
        let source = to_tensor(&batch.source, &self.trained.device);
        let inputs = Inputs::new(source).with_draw(draw);
        let inputs = inputs.with_statistics_share(share);
        self.trained.network.forward(inputs);
    }

    fn predictor(&self) -> Box<dyn Predictor> {
        Box::new(self.trained.without_gradients())
    }
}

/// A network that predicts.
struct Trained {
    network: AnyNetwork,
    /// Whether its outputs are scores of classes.
    classes: bool,
    device: Device,
}

impl Trained {
    fn new(parts: &(impl NetworkParts + ?Sized)) -> Result<Self, Error> {
        Ok(Self {
            network: parts.network(NETWORK, None, parts.io())?,
            classes: parts.target_kind() != TargetKind::Image,
            device: parts.device().clone(),
        })
    }

    fn without_gradients(&self) -> Self {
        Self {
            network: self.network.valid(),
            classes: self.classes,
            device: self.device.clone().without_autodiff(),
        }
    }
}

impl Predictor for Trained {
    fn predict(&self, tile: &Array4<f32>, _: Pass) -> Array4<f32> {
        let inputs = Inputs::new(image_to_tensor(tile, &self.device));
        let output = self.network.forward(inputs).main;
        to_image(if self.classes {
            softmax(output)
        } else {
            output
        })
    }

    fn sizes(&self) -> SizeRule {
        self.network.sizes()
    }
}

/// Dice of "any class but 0" over the pixels of a whole batch that count; 1 when neither side has any.
///
/// - `scores`: `[N, C, Z, Y, X]`
fn foreground_dice(scores: &Array5<f32>, batch: &Batch) -> f64 {
    let mut overlap = MaskOverlap::default();
    let weight = batch.weight.as_ref();
    let mut weights = weight.into_iter().flat_map(|weight| weight.iter());
    let labels = batch.target().index_axis(Axis(1), 0);
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
