//! Why a training cannot go on.

use crate::base::error::Fault;

/// A training that cannot start or has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainerError {
    /// The schedule follows a score that validation does not give.
    #[error("the schedule follows the score `{name}`, but validation gives {}", known.join(", "))]
    UnknownScore {
        /// The score.
        name: String,
        /// The scores there are.
        known: Vec<String>,
    },
    /// Training went astray.
    #[error("the loss is no longer a finite number at epoch {epoch}, step {step}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in it, from 1.
        step: usize,
    },
}

impl Fault for TrainerError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownScore { .. } => "set `monitor` of the schedule to one of these",
            Self::Diverged { .. } => {
                "lower the learning rate, e.g. `--set optimizer.adam.learning_rate=0.0003`, and \
                 check that the images are normalised"
            }
        };
        Some(hint.to_owned())
    }
}
