//! The parts that a config names, built for a framework.

use burn::tensor::Device;
use coverslip_nets::{AnyNetwork, NetworkIo, build::BuildSettings, loss::WeightedSum};

use crate::{
    base::error::Error,
    data::TargetKind,
    learning::optimizer::{ClipGradient, Optimizer},
    names::Named,
    registry::{Registry, Term},
    train::fine_tuning::Start,
};

/// Builds the parts a config names, for whichever framework asks.
pub struct Workshop<'a> {
    /// Where names are looked up.
    pub registry: &'a Registry,
    /// The network the config names.
    pub network: &'a Named,
    /// What the network connects.
    pub io: NetworkIo,
    /// What the target holds.
    pub target_kind: TargetKind,
    /// The terms of the loss; empty for prediction.
    pub loss: &'a [Named],
    /// The optimiser; `None` for prediction.
    pub optimizer: Option<&'a Named>,
    /// What the network starts with in the place of fresh weights; `None` for prediction.
    pub start: Option<&'a Start>,
    /// How gradients are limited before the optimiser sees them.
    pub clip_gradient: Option<ClipGradient>,
    /// Seeds the fresh weights.
    pub seed: u64,
    /// Whether convolutions must add products up directly.
    pub exact_conv: bool,
    /// Where tensors live; with gradients for training.
    pub device: Device,
}

impl Workshop<'_> {
    /// A network with fresh weights, or those that training starts from.
    ///
    /// # Errors
    ///
    /// When its options do not fit.
    pub fn network(&self) -> Result<AnyNetwork, Error> {
        let build = &self.registry.networks.get(&self.network.name)?.build;
        let network = build(
            self.network,
            &BuildSettings {
                io: self.io,
                seed: self.seed,
                device: self.device.clone(),
                exact: self.exact_conv,
            },
        )?;
        Ok(match self.start {
            Some(start) => start.apply(network),
            None => network,
        })
    }

    /// The sum of the losses the config names.
    ///
    /// # Errors
    ///
    /// When the options of one do not fit.
    pub fn loss(&self) -> Result<WeightedSum, Error> {
        let terms = self.loss.iter().map(|named| {
            let Term { weight, loss } = self.registry.loss(named)?;
            Ok((weight, loss))
        });
        Ok(WeightedSum {
            terms: terms.collect::<Result<_, Error>>()?,
        })
    }

    /// The optimiser the config names, without memory.
    ///
    /// # Errors
    ///
    /// When its options do not fit.
    pub fn optimizer(&self) -> Result<Optimizer, Error> {
        let named = self.optimizer.ok_or_else(|| {
            Error::Bug("an optimiser was asked for where none is configured".to_owned())
        })?;
        let build = &self.registry.optimizers.get(&named.name)?.build;
        Ok(Optimizer::new(build(named)?, self.clip_gradient))
    }
}
