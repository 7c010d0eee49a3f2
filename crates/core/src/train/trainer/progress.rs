//! What a run has done so far.

use serde::{Deserialize, Serialize};

use crate::{framework::Scores, model::package::Origin};

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Epochs that are done.
    pub epoch: usize,
    /// Steps that are done in the present epoch.
    pub step: usize,
    /// Sum of the losses of those steps.
    pub loss_sum: f64,
    /// Sums of the other scores of those steps.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub score_sums: Scores,
    /// How often the average of the weights followed them.
    #[serde(default)]
    pub averaged: usize,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// The weights that it started from, when they were not random.
    #[serde(default)]
    pub started_from: Option<Origin>,
    /// One record for each epoch that is done.
    pub history: Vec<EpochRecord>,
}

/// The epoch whose weights become the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Its number, from 1.
    pub epoch: usize,
    /// The score that it was judged by, usually its validation loss.
    #[serde(alias = "loss")]
    pub score: f64,
}

/// What one epoch came to: a line of `log.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mean loss of its steps.
    pub train_loss: f64,
    /// Means of the other scores of its steps.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub training: Scores,
    /// Scores on the validation patches after it.
    pub validation: Scores,
    /// What the schedule multiplied the learning rate by at its start.
    pub rate_factor: f64,
    /// Whether it was the best so far.
    pub is_best: bool,
    /// How long it took, validation included.
    pub seconds: f64,
    /// Patches trained on in a second.
    pub patches_per_second: f64,
}
