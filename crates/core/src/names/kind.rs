//! The kinds of entries.

use std::fmt;

/// What an entry of the registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What happens in a training step and in a prediction.
    Framework,
    /// A network.
    Network,
    /// A term of the training loss.
    Loss,
    /// A step before the network.
    Preprocess,
    /// A random change of training patches.
    Augmentation,
    /// A step after the network.
    Postprocess,
    /// An optimiser.
    Optimizer,
    /// A learning-rate schedule.
    Schedule,
    /// A classical operation on images.
    Operation,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Framework,
        Self::Network,
        Self::Loss,
        Self::Preprocess,
        Self::Augmentation,
        Self::Postprocess,
        Self::Optimizer,
        Self::Schedule,
        Self::Operation,
    ];

    /// The kind in one word, as the schema's `x-registry` marks write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Framework => "framework",
            Self::Network => "network",
            Self::Loss => "loss",
            Self::Preprocess => "preprocess",
            Self::Augmentation => "augmentation",
            Self::Postprocess => "postprocess",
            Self::Optimizer => "optimizer",
            Self::Schedule => "schedule",
            Self::Operation => "operation",
        }
    }

    /// The kind that [`Kind::word`] writes so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind in a sentence, with its article.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Framework => "a framework",
            Self::Network => "a network",
            Self::Loss => "a loss",
            Self::Preprocess => "a preprocessing step",
            Self::Augmentation => "an augmentation",
            Self::Postprocess => "a post-processing step",
            Self::Optimizer => "an optimizer",
            Self::Schedule => "a schedule",
            Self::Operation => "an operation",
        }
    }
}

/// As a noun of messages, "preprocessing step".
impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phrase = self.with_article();
        formatter.write_str(phrase.split_once(' ').map_or(phrase, |(_, noun)| noun))
    }
}
