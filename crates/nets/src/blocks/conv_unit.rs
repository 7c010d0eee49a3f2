//! A convolution with normalisation, dropout and activation, and stacks of them.

use burn::module::Module;
use coverslip_ops::{Activation, Dropout, FeatureMap};

use crate::{
    build::Scope,
    layers::{Activate, ActivationConfig, Conv, ConvConfig, DropoutLayer, Norm, NormConfig},
};

/// What follows a convolution in its unit.
#[derive(Clone, Copy, Debug)]
pub struct UnitConfig {
    /// Normalisation.
    pub norm: NormConfig,
    /// Share of values that dropout sets to zero; no such layer at 0.
    pub dropout: f64,
    /// Activation.
    pub activation: ActivationConfig,
}

impl UnitConfig {
    /// Normalisation and activation without dropout.
    pub fn new(norm: NormConfig, activation: ActivationConfig) -> Self {
        Self {
            norm,
            dropout: 0.0,
            activation,
        }
    }
}

/// The names of the parts of a unit in the reference.
#[derive(Clone, Copy, Debug)]
pub struct UnitNames<'a> {
    /// Of the convolution.
    pub conv: &'a str,
    /// Of the normalisation.
    pub norm: &'a str,
    /// Of an activation with a parameter.
    pub activation: &'a str,
}

impl UnitNames<'static> {
    /// MONAI's `Convolution`.
    pub const MONAI: Self = Self {
        conv: "conv",
        norm: "adn.N",
        activation: "adn.A",
    };
}

/// Convolution, normalisation, dropout, activation, in this order.
#[derive(Module, Debug)]
pub struct ConvUnit {
    conv: Conv,
    norm: Norm,
    dropout: Option<DropoutLayer>,
    activation: Activate,
}

impl ConvUnit {
    /// A unit whose parts have the given names in `scope`.
    pub fn new(
        conv: ConvConfig,
        config: UnitConfig,
        names: UnitNames<'_>,
        scope: &mut Scope<'_>,
    ) -> Self {
        let [_, channels] = conv.channels();
        let dropout = (config.dropout > 0.0)
            .then(|| DropoutLayer::new(config.dropout, Dropout::Values, &scope.at("dropout")));
        Self {
            conv: conv.build(&mut scope.at(names.conv)),
            norm: config.norm.build(channels, &mut scope.at(names.norm)),
            dropout,
            activation: config
                .activation
                .build(channels, &mut scope.at(names.activation)),
        }
    }

    /// A unit of layers that are made already, with an activation without parameters.
    pub fn from_layers(conv: Conv, norm: Norm, activation: Activation) -> Self {
        Self {
            conv,
            norm,
            dropout: None,
            activation: Activate::fixed(activation),
        }
    }

    /// The same with dropout before the activation.
    pub fn with_dropout(self, dropout: Option<DropoutLayer>) -> Self {
        Self { dropout, ..self }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        if let (None, Some(function)) = (&self.dropout, self.activation.function()) {
            return self.conv.forward_normalized(input, &self.norm, function);
        }
        let none = Activation::None;
        let mut map = self.conv.forward_normalized(input, &self.norm, none);
        if let Some(dropout) = &self.dropout {
            map = dropout.forward(map);
        }
        self.activation.forward(map)
    }
}

/// Units one after the other.
#[derive(Module, Debug)]
pub struct ConvStack {
    units: Vec<ConvUnit>,
}

impl ConvStack {
    /// Takes the units in their order.
    pub fn new(units: Vec<ConvUnit>) -> Self {
        Self { units }
    }

    /// Units through the given channel numbers: `[a, b, c]` convolves a to b and b to c. In a
    /// sequence of `[conv, norm, activation]` the first is number 0, and `steps` is how many numbers
    /// a unit has.
    pub fn numbered(
        channels: &[usize],
        conv: impl Fn([usize; 2]) -> ConvConfig,
        config: UnitConfig,
        steps: usize,
        scope: &mut Scope<'_>,
    ) -> Self {
        let units = channels.windows(2).enumerate().map(|(index, pair)| {
            let first = index * steps;
            let [at, norm, activation] =
                [first, first + 1, first + steps - 1].map(|n| n.to_string());
            let names = UnitNames {
                conv: &at,
                norm: &norm,
                activation: &activation,
            };
            ConvUnit::new(conv([pair[0], pair[1]]), config, names, scope)
        });
        Self::new(units.collect())
    }

    /// How many numbers a unit of such a sequence has: a step that is not done has none.
    pub fn steps(config: UnitConfig) -> usize {
        1 + usize::from(!config.norm.is_none()) + usize::from(!config.activation.is_none())
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.units.iter().fold(input, |map, unit| unit.forward(map))
    }

    /// The same with another activation after each unit, which networks with several stacks share.
    pub fn forward_activated(&self, input: FeatureMap, activation: &Activate) -> FeatureMap {
        let activated = |map, unit: &ConvUnit| activation.forward(unit.forward(map));
        self.units.iter().fold(input, activated)
    }
}
