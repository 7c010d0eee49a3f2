//! The tunable U-Net of dlsia (`TUNet`) and of its ancestor pyMSDtorch, of the FIB-SEM study.

use std::fmt::Display;

use burn::module::Module;
use coverslip_ops::{FeatureMap, Window, max_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvStack, UnitConfig},
    build::{NetworkError, Scope},
    layers::{
        Activate, ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig,
        NormConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Tunable U-Net of dlsia and pyMSDtorch: growth, hidden rate, kernels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TunableUnetConfig {
    /// Levels of resolution; 4 halve the image three times.
    #[schemars(range(min = 2, max = 9))]
    pub depth: usize,
    /// Channels of the first convolution at full resolution.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Factor by which channels grow from level to level; products are rounded down.
    #[schemars(range(min = 1.0, max = 4.0))]
    pub growth: f64,
    /// Factor from the first convolution of a level to the second; products are rounded down.
    #[schemars(range(min = 0.25, max = 4.0))]
    pub hidden: f64,
    /// Size of the convolutions, odd.
    #[schemars(range(min = 1, max = 15))]
    pub kernel: usize,
    /// Size of the pooling windows and of the transposed convolutions.
    #[schemars(range(min = 2, max = 8))]
    pub pool_kernel: usize,
    /// Step between pooling windows: the factor between levels; `pool_kernel` when absent. The layout
    /// of 2022 is `pool_kernel: 3` with `pool_stride: 2`.
    #[schemars(range(min = 2, max = 8))]
    pub pool_stride: Option<usize>,
    /// Whether the second convolution of a decoder level already has the channels of the level above.
    pub contracting: bool,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation.
    pub activation: ActivationConfig,
    /// Function of the output.
    pub final_activation: ActivationConfig,
}

impl Default for TunableUnetConfig {
    fn default() -> Self {
        Self {
            depth: 4,
            base: 32,
            growth: 2.0,
            hidden: 1.0,
            kernel: 3,
            pool_kernel: 2,
            pool_stride: None,
            contracting: false,
            norm: NormConfig::BATCH,
            activation: ActivationConfig::RELU,
            final_activation: ActivationConfig::NONE,
        }
    }
}

/// Channels of a level.
#[derive(Clone, Copy)]
struct Level {
    input: usize,
    /// After the first convolution.
    middle: usize,
    /// After the second.
    output: usize,
}

impl TunableUnetConfig {
    fn check(&self) -> Result<(), NetworkError> {
        let stride = self.stride();
        for (key, value, [least, most]) in [
            ("depth", self.depth as f64, [2.0, 9.0]),
            ("base", self.base as f64, [1.0, 1024.0]),
            ("growth", self.growth, [1.0, 4.0]),
            ("hidden", self.hidden, [0.25, 4.0]),
            ("kernel", self.kernel as f64, [1.0, 15.0]),
            ("pool_kernel", self.pool_kernel as f64, [2.0, 8.0]),
            ("pool_stride", stride as f64, [2.0, self.pool_kernel as f64]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        if self.kernel.is_multiple_of(2) {
            let problem = format!("{} is even; use an odd size such as 3", self.kernel);
            return Err(NetworkError::new("kernel", problem));
        }
        Ok(())
    }

    fn stride(&self) -> usize {
        self.pool_stride.unwrap_or(self.pool_kernel)
    }

    /// Windows that overlap are centred.
    fn pool_padding(&self) -> usize {
        (self.pool_kernel - self.stride()).div_ceil(2)
    }

    fn levels(&self, in_channels: usize) -> Result<Vec<Level>, NetworkError> {
        let mut levels: Vec<Level> = Vec::new();
        let scaled = |channels: usize, factor: f64| (channels as f64 * factor) as usize;
        for index in 0..self.depth {
            let input = levels.last().map_or(in_channels, |above| above.output);
            let middle = match index {
                0 => self.base,
                _ => scaled(input, self.growth),
            };
            let output = scaled(middle, self.hidden);
            if output == 0 {
                let problem = format!("{} leaves level {index} without channels", self.hidden);
                return Err(NetworkError::new("hidden", problem));
            }
            levels.push(Level {
                input,
                middle,
                output,
            });
        }
        Ok(levels)
    }

    /// Half-widths of all layers on the deepest path, in pixels of full resolution.
    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let (mut jump, mut margin) = (1, 0);
        for level in 0..self.depth {
            let passes = if level + 1 == self.depth { 1 } else { 2 };
            margin += passes * 2 * (self.kernel / 2) * jump;
            if passes == 2 {
                margin += 2 * (self.pool_kernel - 1) * jump;
                jump *= self.stride();
            }
        }
        let sizes = SizeRule::multiples_of(scope.cube(jump)).fitting_any();
        if self.norm.sees_whole_image() {
            sizes
        } else {
            let z = if scope.io().dimensions == 2 {
                0
            } else {
                margin
            };
            sizes.with_margin([z, margin, margin])
        }
    }
}

impl Architecture for TunableUnetConfig {
    type Network = TunableUnet;

    /// # Errors
    ///
    /// When an option is outside its range or leaves a level without channels.
    fn build(&self, scope: &mut Scope<'_>) -> Result<TunableUnet, NetworkError> {
        self.check()?;
        let io = scope.io();
        let levels = self.levels(io.in_channels)?;
        let kernel = scope.cube(self.kernel);
        let steps = ConvStack::steps(UnitConfig::new(self.norm, self.activation));
        let shared = self.shared_activation(steps, scope)?;
        let own = match shared {
            Some(_) => ActivationConfig::NONE,
            None => self.activation,
        };
        let unit = UnitConfig::new(self.norm, own);
        let stack = |channels: &[usize], scope: &mut Scope<'_>| {
            let conv = |pair| ConvConfig::new(pair, kernel);
            ConvStack::numbered(channels, conv, unit, steps, scope)
        };
        let bottom = self.depth - 1;
        let mut encoder = Vec::new();
        for (index, level) in levels.iter().enumerate() {
            let name = if index == bottom {
                "Final_layer"
            } else {
                "Encode"
            };
            let channels = [level.input, level.middle, level.output];
            encoder.push(stack(&channels, &mut scope.at(format!("{name}_{index}"))));
        }
        let window = self.window(scope);
        let mut ups = Vec::new();
        let mut decoder = Vec::new();
        let mut below = levels[bottom].output;
        for (index, level) in levels[..bottom].iter().enumerate().rev() {
            let up = ConvTransposeConfig::new([below, level.output], window.kernel)
                .stride(window.stride)
                .padding(window.padding);
            ups.push(up.build(&mut scope.at(format!("Step Up {index}"))));
            let [middle, output] = match (self.contracting, index) {
                (false, _) => [level.output, level.middle],
                (true, 0) => [level.middle; 2],
                (true, _) => [level.middle, level.input],
            };
            let channels = [2 * level.output, middle, output];
            decoder.push(stack(&channels, &mut scope.at(format!("Decode_{index}"))));
            below = output;
        }
        let head_index = 2 * steps;
        let head = ConvConfig::new([below, io.out_channels], [1; 3]);
        Ok(TunableUnet {
            shared,
            encoder,
            ups,
            decoder,
            head: head.build(&mut scope.at(format!("Decode_0.{head_index}"))),
            window,
            final_activation: self
                .final_activation
                .build(io.out_channels, &mut scope.at("final_activation")),
            sizes: self.size_rule(scope),
        })
    }
}

impl TunableUnetConfig {
    /// The activation with a parameter, of which the reference has one for all layers.
    fn shared_activation(
        &self,
        steps: usize,
        scope: &mut Scope<'_>,
    ) -> Result<Option<Activate>, NetworkError> {
        if self.activation.function().is_some() {
            return Ok(None);
        }
        if self.activation.is_per_channel() {
            return Err(self.activation.not_shared("activation"));
        }
        let mut names = vec!["activation".to_owned()];
        for level in 0..self.depth {
            let stacks = if level + 1 == self.depth {
                &["Final_layer"][..]
            } else {
                &["Encode", "Decode"]
            };
            for stack in stacks {
                names.extend([1, 2].map(|unit| format!("{stack}_{level}.{}", unit * steps - 1)));
            }
        }
        let names: Vec<_> = names.iter().map(|name| name as &dyn Display).collect();
        Ok(Some(self.activation.build(1, &mut scope.at_any(&names))))
    }

    fn window(&self, scope: &Scope<'_>) -> Window {
        let is_stack = scope.io().dimensions == 3;
        let padding = self.pool_padding();
        Window {
            kernel: scope.cube(self.pool_kernel),
            stride: scope.cube(self.stride()),
            padding: [if is_stack { padding } else { 0 }, padding, padding],
        }
    }
}

/// The tunable U-Net; see [`TunableUnetConfig`].
#[derive(Module, Debug)]
pub struct TunableUnet {
    /// The activation behind every convolution of the stacks, where they have none themselves.
    shared: Option<Activate>,
    encoder: Vec<ConvStack>,
    ups: Vec<ConvTranspose>,
    decoder: Vec<ConvStack>,
    head: Conv,
    #[module(skip)]
    window: Window,
    final_activation: Activate,
    #[module(skip)]
    sizes: SizeRule,
}

impl TunableUnet {
    fn stack(&self, stack: &ConvStack, map: FeatureMap) -> FeatureMap {
        match &self.shared {
            Some(activation) => stack.forward_activated(map, activation),
            None => stack.forward(map),
        }
    }
}

impl Network for TunableUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`. Pooling rounds sizes down, and the transposed
    /// convolutions restore those of the level above.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::with_capacity(self.ups.len());
        for (level, block) in self.encoder.iter().enumerate() {
            map = self.stack(block, map);
            if level < self.ups.len() {
                skips.push(map.clone());
                map = max_pool(map, self.window);
            }
        }
        for (up, block) in self.ups.iter().zip(&self.decoder) {
            if let Some(skip) = skips.pop() {
                let raised = up.forward_to(map, skip.spatial());
                map = self.stack(block, FeatureMap::concat(vec![skip, raised]));
            }
        }
        let output = self.final_activation.forward(self.head.forward(map));
        Outputs::new(output.into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
