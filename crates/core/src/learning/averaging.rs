//! Averages of a network's weights over training, which often predict better than the last weights.

mod ema;
mod swa;

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use coverslip_nets::weights::{ModulePath, StateDict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ema::Ema;
pub use swa::Swa;

/// Which average of the weights becomes the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Averaging {
    /// A running average that follows every step. From the first epoch on, validation and the model
    /// use it.
    Ema(Ema),
    /// The mean of the weights after each of the last epochs, which have a learning rate of their
    /// own. It is the model of the last epoch, and the one that is kept.
    Swa(Swa),
}

/// The average of all weights of some networks, by their names, with the running statistics.
#[derive(Clone, Debug, Default)]
pub struct WeightAverage {
    tensors: BTreeMap<String, Tensor<1>>,
}

impl WeightAverage {
    /// Moves the average of `module`'s weights, called `name.` and the weight's name, by a `share`
    /// of the way towards them: `average + share (weight - average)`. With a share of 1, and where
    /// there is no average yet, weights are copied.
    pub fn update<M: Module>(&mut self, name: &str, module: &M, share: f64) {
        module.visit(&mut Follower {
            average: self,
            path: Path::new(name),
            share,
        });
    }

    /// The module with its averages for weights; its own are kept here in their place until the
    /// next exchange. Weights without an average stay.
    pub fn exchange<M: Module>(&mut self, name: &str, module: M) -> M {
        module.map(&mut Exchanger {
            average: self,
            path: Path::new(name),
        })
    }

    /// The averages, flat.
    pub fn state(&self) -> StateDict {
        let entries = self.tensors.iter();
        entries
            .map(|(name, tensor)| (name.clone(), tensor.clone().into_data()))
            .collect()
    }

    /// Takes back what [`Self::state`] gave, onto `device`.
    pub fn restore(dict: &StateDict, device: &Device) -> Self {
        let entries = dict.iter();
        let tensors = entries
            .map(|(name, data)| (name.clone(), Tensor::from_data(data.clone(), device)))
            .collect();
        Self { tensors }
    }
}

/// The name of a weight behind that of its network.
struct Path<'a> {
    network: &'a str,
    fields: ModulePath,
}

impl<'a> Path<'a> {
    fn new(network: &'a str) -> Self {
        let fields = ModulePath::default();
        Self { network, fields }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.network, self.fields.name())
    }
}

struct Follower<'a> {
    average: &'a mut WeightAverage,
    path: Path<'a>,
    share: f64,
}

impl ModuleVisitor for Follower<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let weight = param.val().without_autodiff();
        let length = weight.shape().num_elements();
        let weight = weight.reshape([length]);
        let tensors = &mut self.average.tensors;
        let name = self.path.name();
        let next = match tensors.remove(&name) {
            Some(average) if self.share < 1.0 => {
                (weight - average.clone()).mul_scalar(self.share) + average
            }
            _ => weight,
        };
        tensors.insert(name, next);
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.fields.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.fields.exit(container);
    }
}

struct Exchanger<'a> {
    average: &'a mut WeightAverage,
    path: Path<'a>,
}

impl ModuleMapper for Exchanger<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let tensors = &mut self.average.tensors;
        let Some(average) = tensors.remove(&name) else {
            return param;
        };
        param.map(|own| {
            let (shape, learns) = (own.shape(), own.is_require_grad());
            let is_autodiff = own.device().is_autodiff();
            let flat = own.without_autodiff().reshape([shape.num_elements()]);
            tensors.insert(name.clone(), flat);
            let average = average.clone().reshape(shape);
            if is_autodiff {
                Tensor::from_inner(average).set_require_grad(learns)
            } else {
                average
            }
        })
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.fields.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.fields.exit(container);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_and_its_return_change_nothing() {
        let device = Device::flex().autodiff();
        let module = Param::from_tensor(Tensor::<2>::from_floats([[1.0, 2.0]], &device));
        let mut average = WeightAverage::default();
        average.update("network", &module, 1.0);
        let moved = Param::from_tensor(Tensor::<2>::from_floats([[5.0, 6.0]], &device));
        average.update("network", &moved, 0.25);
        let values = |module: &Param<Tensor<2>>| -> Vec<f32> {
            module.val().into_data().iter::<f32>().collect()
        };
        let averaged = average.exchange("network", moved);
        assert_eq!(values(&averaged), [2.0, 3.0]);
        assert!(averaged.val().is_require_grad());
        let back = average.exchange("network", averaged);
        assert_eq!(values(&back), [5.0, 6.0]);
        let again = WeightAverage::restore(&average.state(), &Device::flex());
        assert_eq!(again.state(), average.state());
    }
}
