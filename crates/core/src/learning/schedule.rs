//! How the learning rate changes over a run.
//!
//! A schedule gives a factor on the optimiser's learning rate at every step. Those that PyTorch
//! has are equal to it at whole epochs; between them, rates that change continuously follow the
//! same formula step by step.

mod anneal;
mod cosine;
mod exponential;
mod linear;
mod one_cycle;
mod plateau;
mod polynomial;
mod step;
mod warm_up;

pub use anneal::Anneal;
pub use cosine::{Cosine, CosineRestarts};
pub use exponential::Exponential;
pub use linear::{Linear, LinearDecay};
pub use one_cycle::OneCycle;
pub use plateau::{Mode, Plateau, ThresholdMode};
pub use polynomial::Polynomial;
pub use step::{Multistep, Step};
pub use warm_up::{Constant, WarmUp};

/// The size of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// What the optimiser's learning rate is multiplied by.
    pub factor: f64,
    /// What replaces the optimiser's momentum, or Adam's first beta; an optimiser whose own
    /// momentum is 0 keeps that.
    pub momentum: Option<f64>,
}

impl Pace {
    /// A factor on the learning rate alone.
    pub fn of(factor: f64) -> Self {
        let momentum = None;
        Self { factor, momentum }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::of(1.0)
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment<'a> {
    /// Epochs since the start; 2.5 is the middle of the third.
    pub position: f64,
    /// Epochs of the whole run.
    pub epochs: usize,
    /// Steps in an epoch.
    pub steps_per_epoch: usize,
    /// Epochs of warm-up at the start.
    pub warmup_epochs: usize,
    /// What [`Schedule::monitors`] asks for, after each epoch that is done.
    pub scores: &'a [f64],
}

impl Moment<'_> {
    /// Epochs since the end of the warm-up.
    fn elapsed(&self) -> f64 {
        self.position - self.warmup_epochs as f64
    }

    /// Epochs from the end of the warm-up to the end of the run, at least 1.
    fn remaining(&self) -> f64 {
        (self.epochs as f64 - self.warmup_epochs as f64).max(1.0)
    }
}

/// A course of the learning rate.
///
/// It remembers nothing: what it needs of the past stands in the [`Moment`], so that a resumed run
/// goes on as if it had never stopped.
pub trait Schedule: Send {
    /// The size of the step that begins now.
    fn pace(&self, moment: &Moment<'_>) -> Pace;

    /// The validation score whose course it follows, if any.
    fn monitors(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests;
