//! MONAI's `UNet`: strided convolutions, or residual units, on the way down and transposed
//! convolutions on the way up (Kerfoot et al. 2018).

use burn::module::Module;
use coverslip_ops::{FeatureMap, add};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{
        AdnConfig, AdnStep, ConvAdn, NORM_DROPOUT_ACTIVATION, PartNames, TransposedAdn, enlarging,
        levels,
    },
    build::{Extent, NetworkError, Scope},
    layers::{ActivationConfig, ActivationName, Conv, ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, ReceptiveField, SizeRule},
};

/// MONAI's `UNet` (Kerfoot et al. 2018): strided convolutions, perhaps residual units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MonaiUnetConfig {
    /// Channels of each level from the finest; at least two levels.
    pub channels: Vec<usize>,
    /// Reduction `[z, y, x]` of each level but the last, the first of the image itself; 2
    /// everywhere when absent (1 along z for 2D images).
    pub strides: Option<Vec<Extent>>,
    /// Kernel of the convolutions.
    pub kernel: Extent,
    /// Kernel of the transposed convolutions.
    pub up_kernel: Extent,
    /// Convolutions in each residual unit of the way down; 0 for one convolution without a residual
    /// connection.
    #[schemars(range(min = 0, max = 16))]
    pub residual_units: usize,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each convolution.
    pub activation: ActivationConfig,
    /// Share of values that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether convolutions add a learned number to each channel.
    pub bias: bool,
    /// The steps after each convolution, in their order; one that is left out is not done.
    pub order: Vec<AdnStep>,
}

impl Default for MonaiUnetConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256],
            strides: None,
            kernel: Extent::All(3),
            up_kernel: Extent::All(3),
            residual_units: 0,
            norm: NormConfig::INSTANCE,
            activation: ActivationConfig::of(ActivationName::Prelu),
            dropout: 0.0,
            bias: true,
            order: NORM_DROPOUT_ACTIVATION.to_vec(),
        }
    }
}

impl Architecture for MonaiUnetConfig {
    type Network = MonaiUnet;

    /// # Errors
    ///
    /// When an option is outside its range, the strides do not fit the channels, or a kernel is even.
    fn build(&self, scope: &mut Scope<'_>) -> Result<MonaiUnet, NetworkError> {
        levels::check_channels("channels", &self.channels, 2)?;
        NetworkError::check_range("residual_units", self.residual_units as f64, 0.0, 16.0)?;
        let mut adn = AdnConfig::new(self.norm, self.activation).dropout(self.dropout);
        adn.order.clone_from(&self.order);
        adn.check()?;
        let depth = self.channels.len() - 1;
        let plan = Plan {
            kernel: levels::odd_kernel("kernel", self.kernel, scope)?,
            up_kernel: levels::odd_kernel("up_kernel", self.up_kernel, scope)?,
            residual_units: self.residual_units,
            bias: self.bias,
            adn,
        };
        let strides = levels::strides("strides", self.strides.as_deref(), depth, 2, scope)?;
        let io = scope.io();
        let mut downs = Vec::new();
        let mut ups = Vec::new();
        let mut path = "model".to_owned();
        for (level, stride) in strides.iter().enumerate() {
            let above = self.channels[level.saturating_sub(1)];
            let [channels, below] = [self.channels[level], self.channels[level + 1]];
            let [input, output] = match level {
                0 => [io.in_channels, io.out_channels],
                _ => [above, above],
            };
            let pair = [input, channels];
            downs.push(plan.down(pair, *stride, &mut scope.at(format!("{path}.0"))));
            // Levels in between come back up with the channels of their own skip connection.
            let raised = if level + 1 == depth { below } else { channels };
            let pair = [channels + raised, output];
            let scope = &mut scope.at(format!("{path}.2"));
            ups.push(plan.up(pair, *stride, level == 0, scope));
            path += ".1.submodule";
        }
        let bottom = [self.channels[depth - 1], self.channels[depth]];
        let bottom = plan.down(bottom, [1; 3], &mut scope.at(path));
        let sees_whole = plan.adn.order.contains(&AdnStep::Norm) && self.norm.sees_whole_image();
        let sizes = SizeRule::multiples_of(levels::total_stride(&strides));
        let sizes = if sees_whole {
            sizes
        } else {
            sizes.with_margin(plan.receptive_field(&strides).margin())
        };
        Ok(MonaiUnet {
            downs,
            bottom,
            ups,
            sizes,
        })
    }
}

/// What every level is built by.
struct Plan {
    kernel: [usize; 3],
    up_kernel: [usize; 3],
    residual_units: usize,
    bias: bool,
    adn: AdnConfig,
}

impl Plan {
    fn down(&self, channels: [usize; 2], stride: [usize; 3], scope: &mut Scope<'_>) -> Unit {
        let conv = |pair| ConvConfig::new(pair, self.kernel).bias(self.bias);
        if self.residual_units == 0 {
            let conv = conv(channels).stride(stride);
            return Unit {
                units: vec![ConvAdn::new(conv, &self.adn, PartNames::MONAI, scope)],
                residual: Residual::None,
                shortcut: None,
            };
        }
        let units = (0..self.residual_units).map(|index| {
            let conv = match index {
                0 => conv(channels).stride(stride),
                _ => conv([channels[1]; 2]),
            };
            let scope = &mut scope.at(format!("conv.unit{index}"));
            ConvAdn::new(conv, &self.adn, PartNames::MONAI, scope)
        });
        let units = units.collect();
        let is_strided = stride != [1; 3];
        let shortcut = if is_strided {
            conv(channels).stride(stride)
        } else {
            ConvConfig::new(channels, [1; 3]).bias(self.bias)
        };
        let changes = is_strided || channels[0] != channels[1];
        Unit {
            units,
            residual: Residual::Added,
            shortcut: changes.then(|| shortcut.build(&mut scope.at("residual"))),
        }
    }

    fn up(
        &self,
        channels: [usize; 2],
        stride: [usize; 3],
        is_top: bool,
        scope: &mut Scope<'_>,
    ) -> Up {
        let none = self.adn.order(&[]);
        // Nothing follows the last convolution of the network.
        let last = if is_top { &none } else { &self.adn };
        let conv = enlarging(channels, self.up_kernel, stride).bias(self.bias);
        let [_, output] = channels;
        if self.residual_units == 0 {
            return Up {
                transposed: TransposedAdn::new(conv, output, last, PartNames::MONAI, scope),
                unit: None,
            };
        }
        let first = &mut scope.at("0");
        let transposed = TransposedAdn::new(conv, output, &self.adn, PartNames::MONAI, first);
        let conv = ConvConfig::new([output; 2], self.kernel).bias(self.bias);
        let scope = &mut scope.at("1.conv.unit0");
        let unit = Unit {
            units: vec![ConvAdn::new(conv, last, PartNames::MONAI, scope)],
            residual: Residual::Added,
            shortcut: None,
        };
        Up {
            transposed,
            unit: Some(unit),
        }
    }

    fn receptive_field(&self, strides: &[[usize; 3]]) -> ReceptiveField {
        let mut field = ReceptiveField::default();
        let convolutions = self.residual_units.max(1);
        for stride in strides {
            // The strided one counts at the finer level.
            field.convolve(self.kernel, 1);
            field.down(*stride);
            field.convolve(self.kernel, convolutions - 1);
        }
        field.convolve(self.kernel, convolutions);
        for stride in strides.iter().rev() {
            field.up(*stride);
            field.convolve(self.up_kernel, 1);
            field.convolve(self.kernel, self.residual_units.min(1));
        }
        field
    }
}

/// Whether the input of a unit is added to its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Residual {
    None,
    Added,
}

/// Convolutions one after the other, perhaps with a residual connection.
#[derive(Module, Debug)]
struct Unit {
    units: Vec<ConvAdn>,
    /// Of the residual connection, where sizes or channels change.
    shortcut: Option<Conv>,
    #[module(skip)]
    residual: Residual,
}

impl Unit {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let first = input.clone();
        let map = self.units.iter().fold(first, |map, unit| unit.forward(map));
        match (self.residual, &self.shortcut) {
            (Residual::None, _) => map,
            (Residual::Added, Some(shortcut)) => add(map, shortcut.forward(input)),
            (Residual::Added, None) => add(map, input),
        }
    }
}

/// The way up of a level.
#[derive(Module, Debug)]
struct Up {
    transposed: TransposedAdn,
    unit: Option<Unit>,
}

impl Up {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let map = self.transposed.forward(input);
        match &self.unit {
            Some(unit) => unit.forward(map),
            None => map,
        }
    }
}

/// The strided U-Net; see [`MonaiUnetConfig`].
#[derive(Module, Debug)]
pub struct MonaiUnet {
    downs: Vec<Unit>,
    bottom: Unit,
    /// From the finest level.
    ups: Vec<Up>,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for MonaiUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]` without a final activation.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::with_capacity(self.downs.len());
        for down in &self.downs {
            map = down.forward(map);
            skips.push(map.clone());
        }
        map = self.bottom.forward(map);
        for (up, skip) in self.ups.iter().zip(skips).rev() {
            map = up.forward(FeatureMap::concat(vec![skip, map]));
        }
        Outputs::new(map.into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
