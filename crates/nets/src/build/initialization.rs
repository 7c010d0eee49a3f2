//! Initialisation schemes of weights.

use super::Distribution;

/// The initialisation of a network's weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initialization {
    /// Normal with deviation `sqrt(2 / ((1 + slope^2) fan_in))`, biases zero (He et al. 2015);
    /// `slope` is that of the leaky activation behind.
    HeNormal {
        /// Slope of the negative half of the activation.
        slope: f32,
    },
    /// The same with slope 0, without values beyond two deviations (Keras's `he_normal`).
    HeTruncated,
    /// Uniform within `sqrt(6 / (fan_in + fan_out))`, biases zero (Glorot and Bengio 2010).
    GlorotUniform,
    /// Uniform within `1 / sqrt(fan_in)`, biases too: what PyTorch layers start with.
    Pytorch,
    /// Normal with this deviation, scales of normalisations around 1 alike, biases zero (Radford et
    /// al. 2016).
    Normal {
        /// The standard deviation.
        deviation: f32,
    },
}

impl Initialization {
    /// Of the weights of a layer where `fan_in` values make one and one goes into `fan_out`.
    pub fn weight(self, fan_in: usize, fan_out: usize) -> Distribution {
        let [fan_in, fan_out] = [fan_in, fan_out].map(|fan| fan as f32);
        match self {
            Self::HeNormal { slope } => Distribution::Normal {
                mean: 0.0,
                deviation: (2.0 / ((1.0 + slope * slope) * fan_in)).sqrt(),
            },
            Self::HeTruncated => Distribution::TruncatedNormal {
                // Keras divides by the deviation that the cut leaves.
                deviation: (2.0 / fan_in).sqrt() / 0.879_626,
            },
            Self::GlorotUniform => Distribution::Uniform {
                bound: (6.0 / (fan_in + fan_out)).sqrt(),
            },
            Self::Pytorch => Distribution::Uniform {
                bound: fan_in.sqrt().recip(),
            },
            Self::Normal { deviation } => Distribution::Normal {
                mean: 0.0,
                deviation,
            },
        }
    }

    /// Of the biases of such a layer.
    pub fn bias(self, fan_in: usize) -> Distribution {
        match self {
            Self::Pytorch => self.weight(fan_in, fan_in),
            _ => Distribution::Constant(0.0),
        }
    }

    /// Of the scales of a normalisation.
    pub fn scale(self) -> Distribution {
        match self {
            Self::Normal { deviation } => Distribution::Normal {
                mean: 1.0,
                deviation,
            },
            _ => Distribution::Constant(1.0),
        }
    }
}
