//! What builds the parts of a framework from the names in a config.

use burn::tensor::Device;
use coverslip_nets::{AnyNetwork, NetworkIo, build::BuildSettings, loss::WeightedSum};
use rand::RngExt;

use super::{Registry, Term};
use crate::{
    base::{error::Error, random},
    framework::{NETWORK, NetworkParts, TrainingParts},
    learning::optimizer::{ClipGradient, Optimizer},
    names::{Named, TargetKind},
};

/// Builds the networks of a framework.
pub struct NetworkBuilder<'a> {
    /// Where names are looked up.
    pub registry: &'a Registry,
    /// The network that the config names.
    pub network: &'a Named,
    /// What it connects.
    pub io: NetworkIo,
    /// What the target images hold.
    pub target_kind: TargetKind,
    /// Seeds the fresh weights.
    pub seed: u64,
    /// Whether convolutions must add products up directly.
    pub exact_conv: bool,
    /// Where tensors live; with gradients for training.
    pub device: Device,
}

impl NetworkParts for NetworkBuilder<'_> {
    fn network(
        &self,
        part: &'static str,
        named: Option<&Named>,
        io: NetworkIo,
    ) -> Result<AnyNetwork, Error> {
        let named = named.unwrap_or(self.network);
        let build = &self.registry.networks.get(&named.name)?.build;
        let seed = match part {
            NETWORK => self.seed,
            other => random::stream(self.seed, other, 0).random(),
        };
        build(
            named,
            &BuildSettings {
                io,
                seed,
                device: self.device.clone(),
                exact: self.exact_conv,
            },
        )
    }

    fn io(&self) -> NetworkIo {
        self.io
    }

    fn target_kind(&self) -> TargetKind {
        self.target_kind
    }

    fn device(&self) -> &Device {
        &self.device
    }
}

/// Builds everything that a framework trains with.
pub struct TrainingBuilder<'a> {
    /// Builds its networks.
    pub networks: NetworkBuilder<'a>,
    /// The terms of the loss.
    pub loss: &'a [Named],
    /// The optimiser that the config names.
    pub optimizer: &'a Named,
    /// How gradients are limited before an optimiser sees them.
    pub clip_gradient: Option<ClipGradient>,
    /// Gives the part [`NETWORK`] the weights that training starts from, in the place of fresh ones.
    pub initial_weights: Option<&'a dyn Fn(AnyNetwork) -> AnyNetwork>,
}

impl NetworkParts for TrainingBuilder<'_> {
    fn network(
        &self,
        part: &'static str,
        named: Option<&Named>,
        io: NetworkIo,
    ) -> Result<AnyNetwork, Error> {
        let network = self.networks.network(part, named, io)?;
        Ok(match self.initial_weights {
            Some(initial) if part == NETWORK => initial(network),
            _ => network,
        })
    }

    fn io(&self) -> NetworkIo {
        self.networks.io
    }

    fn target_kind(&self) -> TargetKind {
        self.networks.target_kind
    }

    fn device(&self) -> &Device {
        &self.networks.device
    }
}

impl TrainingParts for TrainingBuilder<'_> {
    fn loss(&self) -> Result<WeightedSum, Error> {
        let terms = self.loss.iter().map(|named| {
            let Term { weight, loss } = self.networks.registry.loss(named)?;
            Ok((weight, loss))
        });
        Ok(WeightedSum {
            terms: terms.collect::<Result<_, Error>>()?,
        })
    }

    fn optimizer(&self, named: Option<&Named>) -> Result<Optimizer, Error> {
        let named = named.unwrap_or(self.optimizer);
        let build = &self.networks.registry.optimizers.get(&named.name)?.build;
        Ok(Optimizer::new(build(named)?, self.clip_gradient))
    }
}
