//! The dropout layer.

use burn::{
    module::{Flag, Module, Param},
    tensor::Device,
};
use coverslip_ops::{Dropout, FeatureMap, dropout};

use crate::build::{Scope, Site};

/// Sets a share of values or channels to zero while training (Srivastava et al. 2014).
#[derive(Module, Debug)]
pub struct DropoutLayer {
    #[module(skip)]
    rate: f64,
    #[module(skip)]
    kind: Dropout,
    training: Param<Flag>,
    #[module(skip)]
    site: Site,
}

impl DropoutLayer {
    /// Drops a share `rate`, from 0 to less than 1, of what `kind` says.
    pub fn new(rate: f64, kind: Dropout, scope: &Scope<'_>) -> Self {
        Self {
            rate,
            kind,
            training: Param::from_bool(true),
            site: scope.site(),
        }
    }

    /// Whether it changes maps on `device`: while training.
    pub fn is_active(&self, device: &Device) -> bool {
        self.rate > 0.0 && device.is_autodiff() && self.training.is_enabled()
    }

    /// Same shape; the identity unless training.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        match self.draw(&input.device()) {
            Some((rate, seed)) => dropout(input, rate, self.kind, seed),
            None => input,
        }
    }

    /// The rate and what to draw from on this device; `None` unless training.
    pub fn draw(&self, device: &Device) -> Option<(f64, u64)> {
        self.is_active(device)
            .then(|| (self.rate, self.site.draw()))
    }
}
