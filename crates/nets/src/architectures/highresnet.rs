//! `HighRes3DNet` (Li et al. 2017) as MONAI's `HighResNet` has it: residual blocks with growing
//! dilation at full resolution.

use burn::{module::Module, tensor::ops::PadMode};
use coverslip_ops::{FeatureMap, add};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{Adn, AdnConfig, AdnStep, ConvAdn, PartNames, levels},
    build::{Extent, NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, ReceptiveField, SizeRule},
};

/// How a residual connection gets more channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelMatching {
    /// Channels of zeros, half of them before and the rest after.
    #[default]
    Pad,
    /// A convolution of single pixels.
    Project,
}

/// A convolution of the high-resolution network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HighResLayer {
    /// Channels of its output.
    #[schemars(range(min = 1, max = 4096))]
    pub channels: usize,
    /// Its kernel.
    pub kernel: Extent,
}

/// Residual blocks with the same dilation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HighResStage {
    /// Channels of the blocks.
    #[schemars(range(min = 1, max = 4096))]
    pub channels: usize,
    /// Kernels of the convolutions of each block.
    pub kernels: Vec<Extent>,
    /// How many blocks.
    #[schemars(range(min = 1, max = 32))]
    pub repeat: usize,
}

/// MONAI's `HighResNet` (Li et al. 2017): dilated residual blocks at full resolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HighResNetConfig {
    /// The first convolution.
    pub stem: HighResLayer,
    /// Stages of residual blocks; their dilations are 1, 2, 4, ...
    pub stages: Vec<HighResStage>,
    /// The convolution behind the blocks.
    pub head: HighResLayer,
    /// Kernel of the last convolution, which makes the output.
    pub output_kernel: Extent,
    /// How a residual connection gets more channels.
    pub channel_matching: ChannelMatching,
    /// Normalisation, also of the output.
    pub norm: NormConfig,
    /// Activation, also of the output: with `relu` it is never negative.
    pub activation: ActivationConfig,
    /// Share of values that are set to zero after the last two convolutions while training.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether convolutions add a learned number to each channel.
    pub bias: bool,
}

impl Default for HighResNetConfig {
    fn default() -> Self {
        let kernel = Extent::All(3);
        let stage = |channels| HighResStage {
            channels,
            kernels: vec![kernel; 2],
            repeat: 3,
        };
        let point = Extent::All(1);
        Self {
            stem: HighResLayer {
                channels: 16,
                kernel,
            },
            stages: [16, 32, 64].map(stage).to_vec(),
            head: HighResLayer {
                channels: 80,
                kernel: point,
            },
            output_kernel: point,
            channel_matching: ChannelMatching::default(),
            norm: NormConfig::BATCH,
            activation: ActivationConfig::RELU,
            dropout: 0.0,
            bias: false,
        }
    }
}

impl Architecture for HighResNetConfig {
    type Network = HighResNet;

    /// # Errors
    ///
    /// When an option is outside its range, a kernel is even, or channels that grow fewer are to be
    /// padded.
    fn build(&self, scope: &mut Scope<'_>) -> Result<HighResNet, NetworkError> {
        use AdnStep::{Activation, Dropout, Norm};

        let adn = AdnConfig::new(self.norm, self.activation).dropout(self.dropout);
        adn.check()?;
        NetworkError::check_range("stages", self.stages.len() as f64, 0.0, 8.0)?;
        let io = scope.io();
        let mut field = ReceptiveField::default();
        let mut index = 0;
        let mut next = || {
            index += 1;
            format!("blocks.{}", index - 1)
        };
        let mut unit = |pair, key, kernel, steps: &[_], scope: &mut Scope<'_>| {
            let kernel = levels::odd_kernel(key, kernel, scope)?;
            field.convolve(kernel, 1);
            let conv = ConvConfig::new(pair, kernel).bias(self.bias);
            Ok(ConvAdn::new(
                conv,
                &adn.order(steps),
                PartNames::MONAI,
                scope,
            ))
        };
        let width = self.stem.channels;
        levels::check_channels("stem", &[width], 1)?;
        let pair = [io.in_channels, width];
        let steps = [Norm, Activation];
        let stem = unit(
            pair,
            "stem",
            self.stem.kernel,
            &steps,
            &mut scope.at(next()),
        )?;
        let mut input = width;
        let mut block_field = ReceptiveField::default();
        let mut blocks = Vec::new();
        for (number, stage) in self.stages.iter().enumerate() {
            let plan = self.stage(stage, 1 << number, input, scope)?;
            for _ in 0..stage.repeat {
                for kernel in &plan.kernels {
                    let dilated = kernel.map(|size| (size - 1) * plan.dilation + 1);
                    block_field.convolve(dilated, 1);
                }
                let pair = [input, stage.channels];
                blocks.push(self.block(pair, &plan, &adn, &mut scope.at(next())));
                input = stage.channels;
            }
        }
        let width = self.head.channels;
        levels::check_channels("head", &[width], 1)?;
        let steps = [Norm, Activation, Dropout];
        let pair = [input, width];
        let head = unit(
            pair,
            "head",
            self.head.kernel,
            &steps,
            &mut scope.at(next()),
        )?;
        let pair = [width, io.out_channels];
        let kernel = self.output_kernel;
        let output = unit(pair, "output_kernel", kernel, &steps, &mut scope.at(next()))?;
        let sizes = SizeRule::multiples_of([1; 3]);
        let sizes = if self.norm.sees_whole_image() {
            sizes
        } else {
            let [outer, inner] = [field.margin(), block_field.margin()];
            sizes.with_margin([0, 1, 2].map(|axis| outer[axis] + inner[axis]))
        };
        Ok(HighResNet {
            stem,
            blocks,
            head,
            output,
            sizes,
        })
    }
}

/// The convolutions of a stage's blocks.
struct StagePlan {
    kernels: Vec<[usize; 3]>,
    dilation: usize,
}

impl HighResNetConfig {
    fn stage(
        &self,
        stage: &HighResStage,
        dilation: usize,
        input: usize,
        scope: &Scope<'_>,
    ) -> Result<StagePlan, NetworkError> {
        levels::check_channels("stages", &[stage.channels], 1)?;
        NetworkError::check_range("stages", stage.repeat as f64, 1.0, 32.0)?;
        NetworkError::check_range("stages", stage.kernels.len() as f64, 1.0, 8.0)?;
        if self.channel_matching == ChannelMatching::Pad && stage.channels < input {
            let problem = format!(
                "{} channels after {input}: zeros cannot make channels fewer; use `project`",
                stage.channels
            );
            return Err(NetworkError::new("channel_matching", problem));
        }
        let kernels = stage.kernels.iter();
        let kernels = kernels.map(|kernel| levels::odd_kernel("stages", *kernel, scope));
        let kernels = kernels.collect::<Result<_, _>>()?;
        Ok(StagePlan { kernels, dilation })
    }

    fn block(
        &self,
        channels: [usize; 2],
        plan: &StagePlan,
        adn: &AdnConfig,
        scope: &mut Scope<'_>,
    ) -> HighResBlock {
        let [mut input, output] = channels;
        let adn = adn.order(&[AdnStep::Norm, AdnStep::Activation]);
        let mut layers = Vec::new();
        for (index, kernel) in plan.kernels.iter().enumerate() {
            let conv = ConvConfig::new([input, output], *kernel).dilation([plan.dilation; 3]);
            let name = format!("layers.{}", 2 * index);
            layers.push(PreactivatedConv {
                adn: Adn::new(&adn, input, PartNames::ADN, &mut scope.at(name)),
                conv: conv
                    .bias(self.bias)
                    .build(&mut scope.at(format!("layers.{}.conv", 2 * index + 1))),
            });
            input = output;
        }
        let projects = self.channel_matching == ChannelMatching::Project;
        let projection = (projects && channels[0] != output)
            .then(|| ConvConfig::new(channels, [1; 3]).build(&mut scope.at("chn_pad.project")));
        HighResBlock { layers, projection }
    }
}

/// Normalisation and activation, then a convolution.
#[derive(Module, Debug)]
struct PreactivatedConv {
    adn: Adn,
    conv: Conv,
}

/// Pre-activated convolutions with a residual connection.
#[derive(Module, Debug)]
struct HighResBlock {
    layers: Vec<PreactivatedConv>,
    projection: Option<Conv>,
}

impl HighResBlock {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = input.clone();
        if let Some(first) = self.layers.first() {
            map = first.adn.forward(map);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            // The next layer's normalisation goes with this one's convolution.
            map = match self.layers.get(index + 1) {
                Some(next) => next.adn.after(&layer.conv, map),
                None => layer.conv.forward(map),
            };
        }
        let [_, channels, ..] = map.dims();
        let residual = match &self.projection {
            Some(projection) => projection.forward(input),
            None => with_zero_channels(input, channels),
        };
        add(map, residual)
    }
}

/// Adds channels of zeros, half of them before and the rest after.
fn with_zero_channels(map: FeatureMap, channels: usize) -> FeatureMap {
    let [_, have, ..] = map.dims();
    if have == channels {
        return map;
    }
    let before = (channels - have) / 2;
    let after = channels - have - before;
    let pairs = [(0, 0), (before, after), (0, 0), (0, 0), (0, 0)];
    FeatureMap::from_tensor(map.into_tensor().pad(pairs, PadMode::Constant(0.0)))
}

/// The high-resolution network; see [`HighResNetConfig`].
#[derive(Module, Debug)]
pub struct HighResNet {
    stem: ConvAdn,
    blocks: Vec<HighResBlock>,
    head: ConvAdn,
    output: ConvAdn,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for HighResNet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`, normalised and activated.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let map = self.stem.forward(FeatureMap::from_tensor(inputs.main));
        let blocks = self.blocks.iter();
        let map = blocks.fold(map, |map, block| block.forward(map));
        let map = self.output.forward(self.head.forward(map));
        Outputs::new(map.into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
