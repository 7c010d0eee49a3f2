//! MONAI's `BasicUNet`: the U-Net of Falk et al. (2019) with instance normalisation and leaky ReLU.

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{FeatureMap, Interpolation, max_pool, upsample};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{AdnConfig, ConvAdn, PartNames, PixelShuffle, levels},
    build::{NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, ReceptiveField, SizeRule},
};

/// How often the image is halved.
const DEPTH: usize = 4;

/// How the decoder enlarges its maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BasicUpsampling {
    /// A learned transposed convolution.
    #[default]
    Transposed,
    /// (Bi/tri)linear interpolation between pixel centres: smooth, but a pixel's result depends on
    /// the tile it is in.
    Bilinear,
    /// Channels that become pixels, then averaged over neighbours.
    PixelShuffle,
}

/// MONAI's `BasicUNet` (Falk et al. 2019): pooling, two convolutions a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BasicUnetConfig {
    /// Channels of the five levels from the finest, then of the last block before the output.
    pub channels: [usize; 6],
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation.
    pub activation: ActivationConfig,
    /// Share of values that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether convolutions add a learned number to each channel.
    pub bias: bool,
    /// How the decoder enlarges its maps.
    pub upsampling: BasicUpsampling,
}

impl Default for BasicUnetConfig {
    fn default() -> Self {
        Self {
            channels: [32, 32, 64, 128, 256, 32],
            norm: NormConfig::INSTANCE_AFFINE,
            activation: ActivationConfig::leaky(0.1),
            dropout: 0.0,
            bias: true,
            upsampling: BasicUpsampling::default(),
        }
    }
}

impl BasicUnetConfig {
    fn adn(&self) -> AdnConfig {
        AdnConfig::new(self.norm, self.activation).dropout(self.dropout)
    }

    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let [kernel, halves] = [scope.cube(3), scope.cube(2)];
        let sizes = SizeRule::multiples_of(scope.cube(1 << DEPTH)).fitting_any();
        if self.norm.sees_whole_image() || self.upsampling == BasicUpsampling::Bilinear {
            return sizes;
        }
        let mut field = ReceptiveField::default();
        for _ in 0..DEPTH {
            field.convolve(kernel, 2);
            field.window(halves, [0; 3]);
            field.down(halves);
        }
        field.convolve(kernel, 2);
        for _ in 0..DEPTH {
            if self.upsampling == BasicUpsampling::PixelShuffle {
                field.convolve(kernel, 1);
                field.up(halves);
                field.window(halves, halves.map(|size| size - 1));
            } else {
                field.up(halves);
            }
            field.window(halves, [0; 3]);
            field.convolve(kernel, 2);
        }
        sizes.with_margin(field.margin())
    }
}

impl Architecture for BasicUnetConfig {
    type Network = BasicUnet;

    /// # Errors
    ///
    /// When an option is outside its range, or half of a level's channels is none.
    fn build(&self, scope: &mut Scope<'_>) -> Result<BasicUnet, NetworkError> {
        levels::check_channels("channels", &self.channels, 6)?;
        let adn = self.adn();
        adn.check()?;
        if let Some(few) = self.channels[2..=DEPTH].iter().find(|count| **count < 2) {
            let problem = format!("{few} cannot be halved on the way up; use at least 2");
            return Err(NetworkError::new("channels", problem));
        }
        let io = scope.io();
        let [c0, .., last] = self.channels;
        let two = |channels, scope: &mut Scope<'_>| TwoConv::new(channels, self.bias, &adn, scope);
        let first = two([io.in_channels, c0], &mut scope.at("conv_0"));
        let downs = (1..=DEPTH).map(|level| {
            let channels = [self.channels[level - 1], self.channels[level]];
            two(channels, &mut scope.at(format!("down_{level}.convs")))
        });
        let downs = downs.collect();
        let mut ups = Vec::new();
        for level in (1..=DEPTH).rev() {
            let [skip, below] = [self.channels[level - 1], self.channels[level]];
            // The last enlargement keeps its channels.
            let (raised, output) = match level {
                1 => (below, last),
                _ => (below / 2, skip),
            };
            let mut scope = scope.at(format!("upcat_{level}"));
            ups.push(UpCat {
                upsample: Upsample::new(
                    self.upsampling,
                    [below, raised],
                    &mut scope.at("upsample"),
                ),
                convolutions: two([skip + raised, output], &mut scope.at("convs")),
            });
        }
        let head = ConvConfig::new([last, io.out_channels], [1; 3]);
        Ok(BasicUnet {
            first,
            downs,
            ups,
            head: head.build(&mut scope.at("final_conv")),
            halves: scope.cube(2),
            sizes: self.size_rule(scope),
        })
    }
}

/// Two convolutions with what follows them.
#[derive(Module, Debug)]
struct TwoConv {
    conv_0: ConvAdn,
    conv_1: ConvAdn,
}

impl TwoConv {
    fn new(channels: [usize; 2], bias: bool, adn: &AdnConfig, scope: &mut Scope<'_>) -> Self {
        let kernel = scope.cube(3);
        let mut unit = |pair, name| {
            let conv = ConvConfig::new(pair, kernel).bias(bias);
            ConvAdn::new(conv, adn, PartNames::MONAI, &mut scope.at(name))
        };
        Self {
            conv_0: unit(channels, "conv_0"),
            conv_1: unit([channels[1]; 2], "conv_1"),
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.conv_1.forward(self.conv_0.forward(input))
    }
}

/// Enlarges a map twofold.
#[derive(Module, Debug)]
enum Upsample {
    Transposed(ConvTranspose),
    Bilinear(Bilinear),
    PixelShuffle(PixelShuffle),
}

/// A convolution of single pixels, where channels change, and an interpolation.
#[derive(Module, Debug)]
struct Bilinear {
    conv: Option<Conv>,
    #[module(skip)]
    factors: [usize; 3],
}

impl Upsample {
    fn new(upsampling: BasicUpsampling, channels: [usize; 2], scope: &mut Scope<'_>) -> Self {
        let factors = scope.cube(2);
        match upsampling {
            BasicUpsampling::Transposed => {
                let conv = ConvTransposeConfig::blocks(channels, factors);
                Self::Transposed(conv.build(&mut scope.at("deconv")))
            }
            BasicUpsampling::Bilinear => {
                let conv = ConvConfig::new(channels, [1; 3]);
                let changes = channels[0] != channels[1];
                let conv = changes.then(|| conv.build(&mut scope.at("preconv")));
                Self::Bilinear(Bilinear { conv, factors })
            }
            BasicUpsampling::PixelShuffle => {
                let mut scope = scope.at("pixelshuffle");
                Self::PixelShuffle(PixelShuffle::new(channels, factors, &mut scope))
            }
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        match self {
            Self::Transposed(conv) => conv.forward(input),
            Self::PixelShuffle(shuffle) => shuffle.forward(input),
            Self::Bilinear(Bilinear { conv, factors }) => {
                let map = match conv {
                    Some(conv) => conv.forward(input),
                    None => input,
                };
                let align_corners = true;
                upsample(map, *factors, Interpolation::Linear { align_corners })
            }
        }
    }
}

/// Enlarges a map, joins it to its skip connection, and convolves both.
#[derive(Module, Debug)]
struct UpCat {
    upsample: Upsample,
    convolutions: TwoConv,
}

impl UpCat {
    fn forward(&self, input: FeatureMap, skip: FeatureMap) -> FeatureMap {
        let raised = repeat_edge(self.upsample.forward(input), skip.spatial());
        self.convolutions
            .forward(FeatureMap::concat(vec![skip, raised]))
    }
}

/// Repeats the last pixels of a map along the axes where `size` is larger by one.
fn repeat_edge(map: FeatureMap, size: [usize; 3]) -> FeatureMap {
    if map.spatial() == size {
        return map;
    }
    let mut tensor: Tensor<5> = map.into_tensor();
    for (axis, wanted) in (2..).zip(size) {
        let have = tensor.dims()[axis];
        if have < wanted {
            let last = tensor.clone().narrow(axis, have - 1, 1);
            tensor = Tensor::cat(vec![tensor, last], axis);
        }
    }
    FeatureMap::from_tensor(tensor)
}

/// The basic U-Net; see [`BasicUnetConfig`].
#[derive(Module, Debug)]
pub struct BasicUnet {
    first: TwoConv,
    downs: Vec<TwoConv>,
    ups: Vec<UpCat>,
    head: Conv,
    #[module(skip)]
    halves: [usize; 3],
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for BasicUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]` without a final activation. Where a size is odd, the
    /// enlarged map repeats its last pixel.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = self.first.forward(FeatureMap::from_tensor(inputs.main));
        let mut skips = Vec::with_capacity(DEPTH);
        for down in &self.downs {
            skips.push(map.clone());
            map = down.forward(max_pool(map, self.halves));
        }
        for up in &self.ups {
            if let Some(skip) = skips.pop() {
                map = up.forward(map, skip);
            }
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
