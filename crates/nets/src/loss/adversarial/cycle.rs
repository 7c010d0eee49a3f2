//! The cycle-consistency and identity losses of CycleGAN.

use burn::tensor::Tensor;
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdversarialObjective;

/// The weights of the terms of a cycle-consistent pair of generators (Zhu et al. 2017, CycleGAN).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CycleWeights {
    /// The adversarial terms.
    #[schemars(range(min = 0.0))]
    pub adversarial: f64,
    /// There and back again: images of each domain against their reconstruction.
    #[schemars(range(min = 0.0))]
    pub cycle: f64,
    /// An image that is in the target domain already should not change.
    #[schemars(range(min = 0.0))]
    pub identity: f64,
    /// Whether the mean of both directions counts rather than their sum (`mmv_im2im`).
    pub halved: bool,
}

impl Default for CycleWeights {
    fn default() -> Self {
        Self {
            adversarial: 1.0,
            cycle: 10.0,
            identity: 5.0,
            halved: false,
        }
    }
}

/// One direction of a cycle: images of a domain and what became of them.
#[derive(Clone, Debug)]
pub struct CycleLosses {
    /// Images of the domain.
    pub real: Tensor<5>,
    /// The same after both generators.
    pub reconstructed: Tensor<5>,
    /// The same after the generator that makes images of their own domain.
    pub same: Tensor<5>,
    /// The scores of images of the other domain that were made from them or, for a sum of both
    /// directions alike, of images made in this domain.
    pub scores: Tensor<5>,
}

impl CycleWeights {
    /// The loss of both generators together.
    pub fn generators(
        &self,
        objective: AdversarialObjective,
        directions: [CycleLosses; 2],
    ) -> Tensor<1> {
        let [first, second] = directions.map(|direction| {
            let distance = |image: Tensor<5>| mean((image - direction.real.clone()).abs());
            objective
                .generator(direction.scores)
                .mul_scalar(self.adversarial)
                + distance(direction.reconstructed).mul_scalar(self.cycle)
                + distance(direction.same).mul_scalar(self.identity)
        });
        let total = first + second;
        if self.halved {
            total.mul_scalar(0.5)
        } else {
            total
        }
    }
}
