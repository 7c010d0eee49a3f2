//! The activation layer and its options.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{Activation, FeatureMap, activate, softmax};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spelling::{SettingError, Spelling};
use crate::build::{Distribution, NetworkError, Scope};

/// Function applied after each convolution and normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationName {
    /// Zero for negative values.
    #[default]
    Relu,
    /// The same, and 6 for larger values.
    Relu6,
    /// `negative_slope` times negative values, a hundredth unless set.
    LeakyRelu,
    /// A learned share of negative values, one for all channels unless `per_channel`; a quarter at
    /// first.
    Prelu,
    /// Exponential linear unit; negative values tend to minus `alpha`, 1 unless set.
    Elu,
    /// The same, continuously differentiable for every `alpha`.
    Celu,
    /// Exponential linear unit that keeps mean and variance (Klambauer et al. 2017).
    Selu,
    /// Gaussian error linear unit, exact form.
    Gelu,
    /// The same by a hyperbolic tangent, as some networks approximate it.
    GeluTanh,
    /// x times the logistic function of x, also called Swish.
    Silu,
    /// x times the hyperbolic tangent of log(1 + exp(x)) (Misra 2019).
    Mish,
    /// x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
    Hardswish,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// The exponentials of the channels of a pixel as shares of their sum; for outputs.
    Softmax,
    /// The identity.
    None,
}

/// What an activation is made of; in a configuration its name, or a map from the name to settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    try_from = "Spelling<ActivationName, ActivationSettings>",
    into = "Spelling<ActivationName, ActivationSettings>"
)]
pub struct ActivationConfig {
    name: ActivationName,
    negative_slope: Option<f64>,
    alpha: Option<f64>,
    per_channel: Option<bool>,
}

/// An activation with settings that differ from its usual ones.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActivationSettings {
    /// Linear on both sides of zero.
    LeakyRelu {
        /// Slope of the negative half.
        #[schemars(range(min = 0.0, max = 1.0))]
        negative_slope: f64,
    },
    /// The same with a learned slope.
    Prelu {
        /// Whether a slope is learned for each channel.
        per_channel: bool,
    },
    /// Exponential linear unit.
    Elu {
        /// Minus the limit of the negative half.
        #[schemars(range(min = 0.001, max = 100.0))]
        alpha: f64,
    },
    /// Continuously differentiable exponential linear unit.
    Celu {
        /// Minus the limit of the negative half.
        #[schemars(range(min = 0.001, max = 100.0))]
        alpha: f64,
    },
}

impl TryFrom<Spelling<ActivationName, ActivationSettings>> for ActivationConfig {
    type Error = SettingError;

    fn try_from(
        spelling: Spelling<ActivationName, ActivationSettings>,
    ) -> Result<Self, SettingError> {
        let settings = match spelling {
            Spelling::Name(name) => return Ok(Self::of(name)),
            Spelling::Settings(settings) => settings,
        };
        let elu = |name, alpha| Self {
            alpha: Some(alpha),
            ..Self::of(name)
        };
        let config = match settings {
            ActivationSettings::LeakyRelu { negative_slope } => Self::leaky(negative_slope),
            ActivationSettings::Prelu { per_channel } => Self {
                per_channel: Some(per_channel),
                ..Self::of(ActivationName::Prelu)
            },
            ActivationSettings::Elu { alpha } => elu(ActivationName::Elu, alpha),
            ActivationSettings::Celu { alpha } => elu(ActivationName::Celu, alpha),
        };
        SettingError::check_range("negative_slope", config.negative_slope, [0.0, 1.0])?;
        SettingError::check_range("alpha", config.alpha, [0.001, 100.0])?;
        Ok(config)
    }
}

impl From<ActivationConfig> for Spelling<ActivationName, ActivationSettings> {
    fn from(config: ActivationConfig) -> Self {
        let ActivationConfig {
            name,
            negative_slope,
            alpha,
            per_channel,
        } = config;
        Self::Settings(match (name, negative_slope, alpha, per_channel) {
            (ActivationName::LeakyRelu, Some(negative_slope), ..) => {
                ActivationSettings::LeakyRelu { negative_slope }
            }
            (ActivationName::Elu, _, Some(alpha), _) => ActivationSettings::Elu { alpha },
            (ActivationName::Celu, _, Some(alpha), _) => ActivationSettings::Celu { alpha },
            (ActivationName::Prelu, .., Some(per_channel)) => {
                ActivationSettings::Prelu { per_channel }
            }
            _ => return Self::Name(name),
        })
    }
}

impl ActivationConfig {
    /// Zero for negative values.
    pub const RELU: Self = Self::of(ActivationName::Relu);
    /// The identity.
    pub const NONE: Self = Self::of(ActivationName::None);

    /// The named activation with its usual settings.
    pub const fn of(name: ActivationName) -> Self {
        Self {
            name,
            negative_slope: None,
            alpha: None,
            per_channel: None,
        }
    }

    /// A leaky `ReLU` of this slope, from 0 to 1.
    pub const fn leaky(negative_slope: f64) -> Self {
        Self {
            negative_slope: Some(negative_slope),
            ..Self::of(ActivationName::LeakyRelu)
        }
    }

    /// Whether nothing is done.
    pub fn is_none(self) -> bool {
        self.name == ActivationName::None
    }

    /// Whether a slope of each channel is learned.
    pub fn is_per_channel(self) -> bool {
        self.per_channel == Some(true)
    }

    /// That layers with different channels share its slope, so that there can only be one.
    pub fn not_shared(self, key: &'static str) -> NetworkError {
        let problem = "all layers share the slope of prelu, and their channels differ; leave out \
                       `per_channel`";
        NetworkError::new(key, problem)
    }

    /// The function of a single value; `None` for `Prelu`, which has a parameter, and `Softmax`, which
    /// sees all channels.
    pub fn function(self) -> Option<Activation> {
        let alpha = self.alpha.unwrap_or(1.0);
        Some(match self.name {
            ActivationName::Relu => Activation::Relu,
            ActivationName::Relu6 => Activation::Relu6,
            ActivationName::LeakyRelu => Activation::LeakyRelu {
                slope: self.negative_slope.unwrap_or(0.01),
            },
            ActivationName::Prelu | ActivationName::Softmax => return None,
            ActivationName::Elu => Activation::Elu { alpha },
            ActivationName::Celu => Activation::Celu { alpha },
            ActivationName::Selu => Activation::Selu,
            ActivationName::Gelu => Activation::Gelu,
            ActivationName::GeluTanh => Activation::GeluTanh,
            ActivationName::Silu => Activation::Silu,
            ActivationName::Mish => Activation::Mish,
            ActivationName::Hardswish => Activation::Hardswish,
            ActivationName::Tanh => Activation::Tanh,
            ActivationName::Sigmoid => Activation::Sigmoid,
            ActivationName::None => Activation::None,
        })
    }

    /// The layer behind `channels` channels; a learned slope is named `weight` in `scope`.
    pub fn build(self, channels: usize, scope: &mut Scope<'_>) -> Activate {
        if let Some(function) = self.function() {
            return Activate::fixed(function);
        }
        let is_learned = self.name == ActivationName::Prelu;
        let slopes = if self.is_per_channel() { channels } else { 1 };
        Activate {
            slope: is_learned
                .then(|| scope.table("weight", [slopes], Distribution::Constant(0.25))),
            function: None,
        }
    }
}

/// An activation: a function of single values, a `PReLU` with a learned slope, or a soft-max.
#[derive(Module, Debug)]
pub struct Activate {
    /// Slope of the negative half, `[1]` or `[C]` (`PReLU`, He et al. 2015).
    slope: Option<Param<Tensor<1>>>,
    /// Without it and a slope it is a soft-max.
    #[module(skip)]
    function: Option<Activation>,
}

impl Activate {
    /// A function without parameters.
    pub fn fixed(function: Activation) -> Self {
        Self {
            slope: None,
            function: Some(function),
        }
    }

    /// The function of single values, if it is one.
    pub fn function(&self) -> Option<Activation> {
        self.function
    }

    /// Same shape.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        match (&self.slope, self.function) {
            (Some(slope), _) => coverslip_ops::prelu(input, slope.val()),
            (None, Some(function)) => activate(input, function),
            (None, None) => FeatureMap::from_tensor(softmax(input.into_tensor())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_name_or_a_name_with_settings() {
        for text in [
            r#""mish""#,
            r#"{"leaky_relu":{"negative_slope":0.2}}"#,
            r#"{"prelu":{"per_channel":true}}"#,
        ] {
            let config: ActivationConfig = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), text);
        }
        let error = |text| serde_json::from_str::<ActivationConfig>(text).unwrap_err();
        let foreign = error(r#"{"elu": {"negative_slope": 0.2}}"#).to_string();
        assert!(
            foreign.contains("unknown field `negative_slope`, expected `alpha`"),
            "{foreign}"
        );
        let wide = error(r#"{"elu": {"alpha": -1}}"#).to_string();
        assert!(
            wide.contains("setting `alpha`: -1 is not from 0.001 to 100"),
            "{wide}"
        );
        assert!(error(r#""rellu""#).to_string().contains("`rellu`"));
    }
}
