//! Activation, dropout and normalisation behind a convolution, in any order (MONAI's `ADN`).

use std::fmt::Display;

use burn::{module::Module, tensor::Device};
use coverslip_ops::{Activation, Dropout, FeatureMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    build::{NetworkError, Scope},
    layers::{
        Activate, ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig,
        DropoutLayer, Norm, NormConfig,
    },
};

/// A step behind a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdnStep {
    /// Normalisation.
    Norm,
    /// Dropout.
    Dropout,
    /// Activation.
    Activation,
}

/// Normalisation, dropout, activation: the usual order.
pub const NORM_DROPOUT_ACTIVATION: [AdnStep; 3] =
    [AdnStep::Norm, AdnStep::Dropout, AdnStep::Activation];

/// What activation, dropout and normalisation (MONAI's `ADN`) are made of.
#[derive(Clone, Debug)]
pub struct AdnConfig {
    /// Normalisation.
    pub norm: NormConfig,
    /// Activation.
    pub activation: ActivationConfig,
    /// Share that dropout sets to zero.
    pub dropout: f64,
    /// Of what.
    pub dropout_kind: Dropout,
    /// Which steps there are, and their order.
    pub order: Vec<AdnStep>,
}

impl AdnConfig {
    /// Normalisation and activation without dropout.
    pub fn new(norm: NormConfig, activation: ActivationConfig) -> Self {
        Self {
            norm,
            activation,
            dropout: 0.0,
            dropout_kind: Dropout::Values,
            order: NORM_DROPOUT_ACTIVATION.to_vec(),
        }
    }

    /// The same with dropout of single values.
    pub fn dropout(self, dropout: f64) -> Self {
        Self { dropout, ..self }
    }

    /// The same with other steps.
    pub fn order(&self, order: &[AdnStep]) -> Self {
        Self {
            order: order.to_vec(),
            ..self.clone()
        }
    }

    /// Refuses shares and orders that make no sense; the options are `dropout` and `order`.
    ///
    /// # Errors
    ///
    /// When one does not.
    pub fn check(&self) -> Result<(), NetworkError> {
        NetworkError::check_range("dropout", self.dropout, 0.0, 0.95)?;
        let count = |step: &AdnStep| self.order.iter().filter(|other| *other == step).count();
        if self.order.iter().any(|step| count(step) > 1) {
            return Err(NetworkError::new(
                "order",
                "a step is there twice; use each of norm, dropout and activation at most once",
            ));
        }
        Ok(())
    }
}

/// The names of the parts of a unit, each perhaps several: where the reference registers a layer
/// twice.
#[derive(Clone, Copy, Debug)]
pub struct PartNames<'a> {
    /// Of the convolution.
    pub conv: &'a [&'a str],
    /// Of the normalisation.
    pub norm: &'a [&'a str],
    /// Of an activation with a parameter.
    pub activation: &'a [&'a str],
}

impl PartNames<'static> {
    /// MONAI's `Convolution`.
    pub const MONAI: Self = Self {
        conv: &["conv"],
        norm: &["adn.N"],
        activation: &["adn.A"],
    };
    /// MONAI's `ADN` by itself.
    pub const ADN: Self = Self {
        conv: &[],
        norm: &["N"],
        activation: &["A"],
    };
}

fn at_names<'s>(scope: &'s mut Scope<'_>, names: &[&str]) -> Scope<'s> {
    let names: Vec<&dyn Display> = names.iter().map(|name| name as &dyn Display).collect();
    scope.at_any(&names)
}

/// Normalisation, dropout and activation in any order.
#[derive(Module, Debug)]
pub struct Adn {
    norm: Norm,
    dropout: Option<DropoutLayer>,
    activation: Activate,
    #[module(skip)]
    order: Vec<AdnStep>,
}

impl Adn {
    /// The steps behind a layer of `channels` channels.
    pub fn new(
        config: &AdnConfig,
        channels: usize,
        names: PartNames<'_>,
        scope: &mut Scope<'_>,
    ) -> Self {
        let has = |step| config.order.contains(&step);
        let norm = if has(AdnStep::Norm) {
            config.norm
        } else {
            NormConfig::NONE
        };
        let dropout = (has(AdnStep::Dropout) && config.dropout > 0.0)
            .then(|| DropoutLayer::new(config.dropout, config.dropout_kind, &scope.at("dropout")));
        let activation = if has(AdnStep::Activation) {
            config
                .activation
                .build(channels, &mut at_names(scope, names.activation))
        } else {
            Activate::fixed(Activation::None)
        };
        Self {
            norm: norm.build(channels, &mut at_names(scope, names.norm)),
            dropout,
            activation,
            order: config.order.clone(),
        }
    }

    /// Same shape.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let steps = self.steps(&input.device());
        self.apply(input, &steps)
    }

    /// The steps on the output of a convolution, in one pass with it where the device can.
    pub fn after(&self, conv: &Conv, input: FeatureMap) -> FeatureMap {
        let steps = self.steps(&input.device());
        let (map, rest) = match (steps.as_slice(), self.activation.function()) {
            ([AdnStep::Norm, AdnStep::Activation, rest @ ..], Some(function)) => {
                (conv.forward_normalized(input, &self.norm, function), rest)
            }
            ([AdnStep::Norm, rest @ ..], _) => (
                conv.forward_normalized(input, &self.norm, Activation::None),
                rest,
            ),
            (rest, _) => (conv.forward(input), rest),
        };
        self.apply(map, rest)
    }

    /// The steps that do something; dropout does only while training.
    fn steps(&self, device: &Device) -> Vec<AdnStep> {
        let drops = self.dropout.as_ref();
        let drops = drops.is_some_and(|dropout| dropout.is_active(device));
        let steps = self.order.iter().copied();
        steps
            .filter(|step| *step != AdnStep::Dropout || drops)
            .collect()
    }

    fn apply(&self, mut map: FeatureMap, mut steps: &[AdnStep]) -> FeatureMap {
        loop {
            (map, steps) = match (steps, self.activation.function()) {
                ([], _) => return map,
                ([AdnStep::Norm, AdnStep::Activation, rest @ ..], Some(function)) => {
                    (self.norm.forward(map, function), rest)
                }
                ([AdnStep::Norm, rest @ ..], _) => (self.norm.forward(map, Activation::None), rest),
                ([AdnStep::Activation, rest @ ..], _) => (self.activation.forward(map), rest),
                ([AdnStep::Dropout, rest @ ..], _) => match &self.dropout {
                    Some(dropout) => (dropout.forward(map), rest),
                    None => (map, rest),
                },
            };
        }
    }
}

/// A convolution and what follows it (MONAI's `Convolution`).
#[derive(Module, Debug)]
pub struct ConvAdn {
    conv: Conv,
    adn: Adn,
}

impl ConvAdn {
    /// A unit whose parts have the given names in `scope`.
    pub fn new(
        conv: ConvConfig,
        adn: &AdnConfig,
        names: PartNames<'_>,
        scope: &mut Scope<'_>,
    ) -> Self {
        let [_, channels] = conv.channels();
        Self {
            conv: conv.build(&mut at_names(scope, names.conv)),
            adn: Adn::new(adn, channels, names, scope),
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.adn.after(&self.conv, input)
    }
}

/// A transposed convolution and what follows it.
#[derive(Module, Debug)]
pub struct TransposedAdn {
    conv: ConvTranspose,
    adn: Adn,
}

impl TransposedAdn {
    /// A unit with `channels` output channels whose parts have the given names in `scope`.
    pub fn new(
        conv: ConvTransposeConfig,
        channels: usize,
        adn: &AdnConfig,
        names: PartNames<'_>,
        scope: &mut Scope<'_>,
    ) -> Self {
        Self {
            conv: conv.build(&mut at_names(scope, names.conv)),
            adn: Adn::new(adn, channels, names, scope),
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.adn.forward(self.conv.forward(input))
    }
}

/// A transposed convolution that enlarges a map exactly by its stride (MONAI's), for odd kernels.
pub fn enlarging(
    channels: [usize; 2],
    kernel: [usize; 3],
    stride: [usize; 3],
) -> ConvTransposeConfig {
    ConvTransposeConfig::new(channels, kernel)
        .stride(stride)
        .padding(kernel.map(|size| (size - 1) / 2))
        .output_padding(stride.map(|size| size - 1))
}
