//! The branched ERFNet of EmbedSeg (Lalit et al. 2022): one encoder, a decoder for pixel offsets and
//! sizes, and one for seeds (Romera et al. 2018; Neven et al. 2019).

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{Activation, Dropout, FeatureMap, activate, add, max_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    build::{NetworkError, Scope},
    layers::{
        Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, DropoutLayer, Norm, NormConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Branched ERFNet of EmbedSeg (Lalit et al. 2022): offsets, sizes and seeds of instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BranchedErfnetConfig {
    /// Channels of each decoder; one decoder with all output channels when absent. EmbedSeg's are
    /// `[4, 1]` in 2D and `[6, 1]` in 3D.
    pub branches: Option<Vec<usize>>,
    /// Channels after each of the three reductions.
    pub widths: [usize; 3],
    /// Number of size channels of the first decoder that start as ones, after as many offsets that
    /// start as zeros; none when absent.
    pub sigmas: Option<usize>,
}

impl Default for BranchedErfnetConfig {
    fn default() -> Self {
        Self {
            branches: None,
            widths: [16, 64, 128],
            sigmas: None,
        }
    }
}

const NORM: NormConfig = NormConfig {
    epsilon: 1e-3,
    ..NormConfig::BATCH
};

impl BranchedErfnetConfig {
    fn branches(&self, out_channels: usize) -> Result<Vec<usize>, NetworkError> {
        let branches = self.branches.clone().unwrap_or_else(|| vec![out_channels]);
        let fault = |problem| Err(NetworkError::new("branches", problem));
        if branches.is_empty() || branches.contains(&0) || branches.len() > 16 {
            return fault(format!(
                "{branches:?} is not a list of 1 to 16 channel numbers"
            ));
        }
        let total = branches
            .iter()
            .fold(0usize, |sum, &n| sum.saturating_add(n));
        if total != out_channels {
            return fault(format!(
                "{branches:?} makes {total} channels, but the output has {out_channels}"
            ));
        }
        Ok(branches)
    }

    fn check(&self, branches: &[usize]) -> Result<(), NetworkError> {
        let [first, second, third] = self.widths;
        NetworkError::check_range("widths", third as f64, 1.0, 4096.0)?;
        if first == 0 || first >= second || second >= third {
            let problem = format!("{:?} must grow, as [16, 64, 128]", self.widths);
            return Err(NetworkError::new("widths", problem));
        }
        match self.sigmas {
            Some(sigmas) if sigmas.saturating_mul(2) > branches[0] => Err(NetworkError::new(
                "sigmas",
                format!(
                    "{sigmas} sizes and as many offsets do not fit into the {} channels of the \
                     first branch",
                    branches[0]
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl Architecture for BranchedErfnetConfig {
    type Network = BranchedErfnet;

    /// # Errors
    ///
    /// When the branches do not add up to the output's channels, the widths do not grow beyond the
    /// input's channels, or the sizes do not fit into the first branch.
    fn build(&self, scope: &mut Scope<'_>) -> Result<BranchedErfnet, NetworkError> {
        let io = scope.io();
        let branches = self.branches(io.out_channels)?;
        self.check(&branches)?;
        if io.in_channels >= self.widths[0] {
            let problem = format!(
                "{:?} must begin with more than the {} channels of the input",
                self.widths, io.in_channels
            );
            return Err(NetworkError::new("widths", problem));
        }
        let encoder = Encoder::new(io.in_channels, self.widths, &mut scope.at("encoder"));
        let mut decoders = Vec::new();
        for (index, &channels) in branches.iter().enumerate() {
            let sigmas = self.sigmas.filter(|_| index == 0);
            let scope = &mut scope.at(format!("decoders.{index}"));
            decoders.push(Decoder::new(self.widths, channels, sigmas, scope));
        }
        Ok(BranchedErfnet {
            encoder,
            decoders,
            sizes: SizeRule::multiples_of(scope.cube(8)),
        })
    }
}

/// Halves a map: a strided convolution beside a pooling, which contributes the input's channels.
#[derive(Module, Debug)]
struct Down {
    conv: Conv,
    norm: Norm,
    #[module(skip)]
    factors: [usize; 3],
}

impl Down {
    fn new([input, output]: [usize; 2], scope: &mut Scope<'_>) -> Self {
        let factors = scope.cube(2);
        let conv = ConvConfig::new([input, output - input], scope.cube(3)).stride(factors);
        Self {
            conv: conv.build(&mut scope.at("conv")),
            norm: NORM.build(output, &mut scope.at("bn")),
            factors,
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let pooled = max_pool(input.clone(), self.factors);
        let both = FeatureMap::concat(vec![self.conv.forward(input), pooled]);
        self.norm.forward(both, Activation::Relu)
    }
}

/// Doubles a map.
#[derive(Module, Debug)]
struct Up {
    conv: ConvTranspose,
    norm: Norm,
}

impl Up {
    fn new(channels: [usize; 2], scope: &mut Scope<'_>) -> Self {
        let one = scope.cube(2).map(|factor| factor - 1);
        let conv = ConvTransposeConfig::new(channels, scope.cube(3))
            .stride(scope.cube(2))
            .padding(one)
            .output_padding(one);
        Self {
            conv: conv.build(&mut scope.at("conv")),
            norm: NORM.build(channels[1], &mut scope.at("bn")),
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.norm
            .forward(self.conv.forward(input), Activation::Relu)
    }
}

/// The factorised residual block (`non_bottleneck_1d`): each 3 x 3 (x 3) convolution is one along each
/// axis; those of the second half are dilated.
#[derive(Module, Debug)]
struct Factorised {
    first: Vec<Conv>,
    first_norm: Norm,
    second: Vec<Conv>,
    second_norm: Norm,
    dropout: DropoutLayer,
}

impl Factorised {
    fn new(channels: usize, dropout: f64, dilation: usize, scope: &mut Scope<'_>) -> Self {
        let is_stack = scope.io().dimensions == 3;
        let axes: &[(usize, &str)] = if is_stack {
            &[(0, "conv3x1x1"), (1, "conv1x3x1"), (2, "conv1x1x3")]
        } else {
            &[(1, "conv3x1"), (2, "conv1x3")]
        };
        let mut half = |number: usize, dilation: usize| -> Vec<Conv> {
            let convs = axes.iter().map(|(axis, name)| {
                let (mut kernel, mut dilations) = ([1; 3], [1; 3]);
                kernel[*axis] = 3;
                dilations[*axis] = dilation;
                let conv = ConvConfig::new([channels; 2], kernel).dilation(dilations);
                conv.build(&mut scope.at(format!("{name}_{number}")))
            });
            convs.collect()
        };
        let (first, second) = (half(1, 1), half(2, dilation));
        Self {
            first,
            first_norm: NORM.build(channels, &mut scope.at("bn1")),
            second,
            second_norm: NORM.build(channels, &mut scope.at("bn2")),
            dropout: DropoutLayer::new(dropout, Dropout::Channels, scope),
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let map = along_axes(
            &self.first,
            &self.first_norm,
            Activation::Relu,
            input.clone(),
        );
        let map = along_axes(&self.second, &self.second_norm, Activation::None, map);
        activate(add(self.dropout.forward(map), input), Activation::Relu)
    }
}

/// Convolutions with `ReLU` between them; the last is normalised.
fn along_axes(convs: &[Conv], norm: &Norm, last: Activation, input: FeatureMap) -> FeatureMap {
    let end = convs.len() - 1;
    let map = convs[..end].iter().fold(input, |map, conv| {
        activate(conv.forward(map), Activation::Relu)
    });
    convs[end].forward_normalized(map, norm, last)
}

/// A reduction or enlargement and the residual blocks behind it.
#[derive(Module, Debug)]
struct Stage<M> {
    resize: M,
    blocks: Vec<Factorised>,
}

#[derive(Module, Debug)]
struct Encoder {
    initial_block: Down,
    middle: Stage<Down>,
    deep: Stage<Down>,
    /// Part of the reference's files; it computes nothing there either.
    output_conv: Conv,
}

impl Encoder {
    fn new(input: usize, [first, second, third]: [usize; 3], scope: &mut Scope<'_>) -> Self {
        let initial_block = Down::new([input, first], &mut scope.at("initial_block"));
        let mut number = 0..;
        let mut next = || format!("layers.{}", number.next().unwrap_or(0));
        let middle = Stage {
            resize: Down::new([first, second], &mut scope.at(next())),
            blocks: (0..5)
                .map(|_| Factorised::new(second, 0.03, 1, &mut scope.at(next())))
                .collect(),
        };
        let deep = Stage {
            resize: Down::new([second, third], &mut scope.at(next())),
            blocks: [2, 4, 8, 16, 2, 4, 8, 16]
                .into_iter()
                .map(|dilation| Factorised::new(third, 0.3, dilation, &mut scope.at(next())))
                .collect(),
        };
        let unused = ConvConfig::new([third, scope.io().out_channels], [1; 3]);
        Self {
            initial_block,
            middle,
            deep,
            output_conv: unused.build(&mut scope.at("output_conv")),
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = self.initial_block.forward(input);
        for stage in [&self.middle, &self.deep] {
            map = stage.resize.forward(map);
            map = stage
                .blocks
                .iter()
                .fold(map, |map, block| block.forward(map));
        }
        map
    }
}

#[derive(Module, Debug)]
struct Decoder {
    deep: Stage<Up>,
    shallow: Stage<Up>,
    output_conv: ConvTranspose,
}

impl Decoder {
    fn new(
        [first, second, third]: [usize; 3],
        channels: usize,
        sigmas: Option<usize>,
        scope: &mut Scope<'_>,
    ) -> Self {
        let mut stage = |pair: [usize; 2], number: usize| Stage {
            resize: Up::new(pair, &mut scope.at(format!("layers.{number}"))),
            blocks: [1, 2]
                .map(|offset| {
                    let scope = &mut scope.at(format!("layers.{}", number + offset));
                    Factorised::new(pair[1], 0.0, 1, scope)
                })
                .into(),
        };
        let deep = stage([third, second], 0);
        let shallow = stage([second, first], 3);
        let output = ConvTransposeConfig::blocks([first, channels], scope.cube(2));
        let output_conv = output.build(&mut scope.at("output_conv"));
        Self {
            deep,
            shallow,
            output_conv: match sigmas {
                Some(sigmas) => starting_with_sigmas(output_conv, sigmas),
                None => output_conv,
            },
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = input;
        for stage in [&self.deep, &self.shallow] {
            map = stage.resize.forward(map);
            map = stage
                .blocks
                .iter()
                .fold(map, |map, block| block.forward(map));
        }
        self.output_conv.forward(map)
    }
}

/// Makes the first `sigmas` channels (offsets) start as zeros and as many behind them (sizes) as ones.
fn starting_with_sigmas(mut conv: ConvTranspose, sigmas: usize) -> ConvTranspose {
    conv.weight = conv.weight.init_mapper(move |weight| {
        let [input, _, z, y, x] = weight.dims();
        let zeros = Tensor::zeros([input, 2 * sigmas, z, y, x], &weight.device());
        weight.slice_assign([0..input, 0..2 * sigmas, 0..z, 0..y, 0..x], zeros)
    });
    conv.bias = conv.bias.map(|bias| {
        bias.init_mapper(move |bias| {
            let ones = Tensor::ones([sigmas], &bias.device());
            let sizes = sigmas..2 * sigmas;
            bias.slice_assign(sizes, ones)
        })
    });
    conv
}

/// The network; see [`BranchedErfnetConfig`].
#[derive(Module, Debug)]
pub struct BranchedErfnet {
    encoder: Encoder,
    decoders: Vec<Decoder>,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for BranchedErfnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`: the channels of the branches one after the other.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let encoded = self.encoder.forward(FeatureMap::from_tensor(inputs.main));
        let decoded = self
            .decoders
            .iter()
            .map(|decoder| decoder.forward(encoded.clone()).into_tensor());
        Outputs::new(Tensor::cat(decoded.collect(), 1))
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
