//! What a framework learns from and gives; known before any image is read.

use std::sync::Arc;

use crate::{
    data::{PatchStep, TargetForm},
    names::Named,
};

/// What a config has to name for a framework; known by the framework's name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Target images beside the source images.
    pub targets: bool,
    /// At least one term of the loss; otherwise the framework has a loss of its own.
    pub loss: bool,
}

/// Targets and a loss.
impl Default for Needs {
    fn default() -> Self {
        Self {
            targets: true,
            loss: true,
        }
    }
}

/// What a framework learns from and gives.
#[derive(Clone)]
pub struct Plan {
    /// How source and target images belong together.
    pub pairing: Pairing,
    /// What is made of a target image.
    pub target: TargetForm,
    /// Steps that patches take after all augmentations, also those of validation: what is made of
    /// a patch on the fly, such as centres, distances or blind spots.
    pub last_steps: Vec<Arc<dyn PatchStep>>,
    /// The maps that a prediction is made of. Empty when they follow from target and loss: the
    /// classes, or the channels of target images.
    pub outputs: Vec<OutputMap>,
    /// The steps behind a prediction of a config that names none.
    pub postprocess: Vec<Named>,
    /// What an epoch is judged by.
    pub judge: Judge,
}

impl Plan {
    /// A plan for pairs of images, a target of some form and the losses of the config.
    pub fn paired(target: TargetForm) -> Self {
        Self {
            pairing: Pairing::Paired,
            target,
            last_steps: Vec::new(),
            outputs: Vec::new(),
            postprocess: Vec::new(),
            judge: Judge::lowest("loss"),
        }
    }
}

/// How source and target images belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Each source has a target of the same name and place.
    Paired,
    /// Patches of sources and of targets are drawn by themselves.
    Unpaired,
    /// There are no targets.
    SourceOnly,
}

/// Channels of a prediction that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputMap {
    /// What they are, as in `flow` or `foreground`.
    pub name: String,
    /// How many there are.
    pub channels: usize,
}

/// The score of validation that tells which epoch is the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    /// Its name among the scores.
    pub score: &'static str,
    /// Which values are better.
    pub better: Better,
}

/// Which values of a score are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Small ones, as for a loss.
    Lower,
    /// Large ones, as for a Dice coefficient.
    Higher,
}

impl Judge {
    /// Small values of `score` are better.
    pub fn lowest(score: &'static str) -> Self {
        let better = Better::Lower;
        Self { score, better }
    }

    /// Large values of `score` are better.
    pub fn highest(score: &'static str) -> Self {
        let better = Better::Higher;
        Self { score, better }
    }

    /// The score that is worse than any.
    pub fn worst(&self) -> f64 {
        match self.better {
            Better::Lower => f64::INFINITY,
            Better::Higher => f64::NEG_INFINITY,
        }
    }

    /// Whether `score` is better than `best` by more than `margin`.
    pub fn prefers(&self, score: f64, best: f64, margin: f64) -> bool {
        match self.better {
            Better::Lower => score < best - margin,
            Better::Higher => score > best + margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_prefers_in_its_direction_by_more_than_the_margin() {
        let (loss, dice) = (Judge::lowest("loss"), Judge::highest("dice"));
        assert!(loss.prefers(0.5, 0.7, 0.1) && !loss.prefers(0.65, 0.7, 0.1));
        assert!(dice.prefers(0.9, 0.7, 0.1) && !dice.prefers(0.75, 0.7, 0.1));
        assert!(loss.prefers(3.0, loss.worst(), 0.0) && dice.prefers(0.0, dice.worst(), 0.0));
        assert!(!loss.prefers(f64::NAN, 0.7, 0.0) && !dice.prefers(f64::NAN, 0.7, 0.0));
    }
}
