//! U-Nets of strided convolutions one after the other, each of which sees the input and the outputs of
//! all before it: the generators of the nuclei GAN, which draws fluorescent nuclei into given masks.

use burn::module::Module;
use coverslip_ops::FeatureMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvTransposeUnit, ConvUnit, keras},
    build::{Convention, Initialization, NetworkError, Scope},
    layers::{
        Activate, ActivationConfig, ActivationName, ConvConfig, ConvTranspose, ConvTransposeConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Steps of the way up, from the coarsest, that have dropout.
const DROPOUT_STEPS: usize = 2;

/// Chain of one to three U-Nets of the nuclei GAN (Keras); each sees the outputs before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChainedUnetConfig {
    /// Skip connections of each U-Net; the image is halved once more often than that.
    #[schemars(range(min = 2, max = 8))]
    pub skips: usize,
    /// Channels after the first halving; they double with each of the next.
    #[schemars(range(min = 1, max = 1024))]
    pub filters: usize,
    /// Size of all kernels.
    #[schemars(range(min = 2, max = 15))]
    pub kernel: usize,
    /// The function of the output of each U-Net, and with it how many there are.
    #[schemars(length(min = 1, max = 8))]
    pub activations: Vec<ActivationName>,
    /// Share of values set to zero in the two coarsest steps of each way up while training.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for ChainedUnetConfig {
    fn default() -> Self {
        Self {
            skips: 4,
            filters: 64,
            kernel: 3,
            activations: vec![ActivationName::Tanh],
            dropout: 0.5,
        }
    }
}

impl Architecture for ChainedUnetConfig {
    type Network = ChainedUnet;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<ChainedUnet, NetworkError> {
        self.check_ranges()?;
        scope.set_convention(Convention::Keras);
        scope.set_initialization(Initialization::HeTruncated);
        let io = scope.io();
        let links = self
            .activations
            .iter()
            .enumerate()
            .map(|(link, &activation)| {
                let channels = io
                    .in_channels
                    .saturating_add(link.saturating_mul(io.out_channels));
                self.link(channels, activation, scope)
            });
        let links = links.collect();
        let sizes = self.size_rule(scope);
        Ok(ChainedUnet { links, sizes })
    }
}

impl ChainedUnetConfig {
    fn check_ranges(&self) -> Result<(), NetworkError> {
        for (key, value, [least, most]) in [
            ("skips", self.skips as f64, [2.0, 8.0]),
            ("filters", self.filters as f64, [1.0, 1024.0]),
            ("kernel", self.kernel as f64, [2.0, 15.0]),
            ("dropout", self.dropout, [0.0, 0.95]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        let count = self.activations.len();
        if (1..=8).contains(&count) {
            return Ok(());
        }
        let problem = format!("name 1 to 8 functions, one for each U-Net, instead of {count}");
        Err(NetworkError::new("activations", problem))
    }

    fn link(&self, channels: usize, activation: ActivationName, scope: &mut Scope<'_>) -> Link {
        let (kernel, stride) = (scope.cube(self.kernel), scope.cube(2));
        let width = |level: usize| self.filters << level;
        let mut channels = channels;
        let mut encoder = Vec::new();
        for level in 0..=self.skips {
            let conv = ConvConfig::new([channels, width(level)], kernel).stride(stride);
            let conv = conv.covering().bias(false);
            encoder.push(keras::conv_unit(conv, level > 0, scope));
            channels = width(level);
        }
        let mut decoder = Vec::new();
        for (step, level) in (0..self.skips).rev().enumerate() {
            let path = [channels, width(level)];
            let unit = keras::conv_transpose_unit(path, kernel, stride, scope);
            let rate = if step < DROPOUT_STEPS {
                self.dropout
            } else {
                0.0
            };
            decoder.push(unit.with_dropout(keras::next_dropout(rate, scope)));
            channels = 2 * width(level);
        }
        let head = ConvTransposeConfig::new([channels, scope.io().out_channels], kernel);
        let head = head.stride(stride).exact_multiple();
        Link {
            encoder,
            decoder,
            head: head.build(&mut keras::next_conv_transpose(scope)),
            activation: ActivationConfig::of(activation)
                .build(scope.io().out_channels, &mut scope.next("p_re_lu")),
        }
    }

    /// The reach of a pixel, in blocks that become one pixel of the coarsest map: on the way down a
    /// kernel sees as many pixels beyond its two as there are zeros around; on the way up a pixel
    /// sees so many coarse ones beyond its own.
    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let block = 2 << self.skips;
        let beyond = self.kernel - 2;
        let down = beyond.div_ceil(2);
        let up = (self.kernel - 1 - beyond / 2).max(1 + beyond / 2) / 2;
        // Halving and doubling at 1, 2, 4 ... pixels, and the place of a pixel in its block.
        let reach = (block - 1) * (down + 2 * up + 1);
        let margin = scope.border(self.activations.len() * reach);
        SizeRule::multiples_of(scope.cube(block)).with_margin(margin)
    }
}

/// One U-Net of a chain: halving and doubling by convolutions with a stride.
#[derive(Module, Debug)]
struct Link {
    encoder: Vec<ConvUnit>,
    decoder: Vec<ConvTransposeUnit>,
    head: ConvTranspose,
    activation: Activate,
}

impl Link {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = input;
        let mut skips = Vec::with_capacity(self.encoder.len());
        for unit in &self.encoder {
            map = unit.forward(map);
            skips.push(map.clone());
        }
        // The coarsest map goes up by itself.
        skips.pop();
        for unit in &self.decoder {
            map = unit.forward(map);
            if let Some(skip) = skips.pop() {
                map = FeatureMap::concat(vec![map, skip]);
            }
        }
        self.activation.forward(self.head.forward(map))
    }
}

/// The chain of U-Nets; see [`ChainedUnetConfig`].
#[derive(Module, Debug)]
pub struct ChainedUnet {
    links: Vec<Link>,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for ChainedUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`; the outputs of the U-Nets before the last are
    /// `link1`, `link2` and so on.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut seen = vec![FeatureMap::from_tensor(inputs.main)];
        for link in &self.links {
            seen.push(link.forward(FeatureMap::concat(seen.clone())));
        }
        let last = seen.pop().expect("a chain has a link");
        let outputs = Outputs::new(last.into_tensor());
        let earlier = seen.into_iter().enumerate().skip(1);
        earlier.fold(outputs, |outputs, (link, map)| {
            outputs.with(&format!("link{link}"), map.into_tensor())
        })
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
