//! MONAI's `DynUNet`: the U-Net of nnU-Net (Isensee et al. 2021) with kernels and strides of each
//! level, residual blocks and deep supervision.

use burn::module::Module;
use coverslip_ops::{FeatureMap, Interpolation, add, resize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{AdnConfig, AdnStep, ConvAdn, PartNames, TransposedAdn, levels},
    build::{Extent, Initialization, NetworkError, Scope},
    layers::{
        Activate, ActivationConfig, ActivationName, ConvConfig, ConvTransposeConfig, NormConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, ReceptiveField, SizeRule},
};

/// MONAI's `DynUNet` (after nnU-Net): kernels and strides of each level, deep supervision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DynunetConfig {
    /// Reduction `[z, y, x]` by the first convolution of each level from the finest, at least three
    /// levels; 1, then 2 four times when absent (1 along z for 2D images). With another first one
    /// than 1 the output is smaller than the image.
    pub strides: Option<Vec<Extent>>,
    /// Kernel `[z, y, x]` of each level; 3 everywhere when absent (1 along z for 2D images).
    pub kernels: Option<Vec<Extent>>,
    /// Channels of each level; 32, doubled at each level up to 320 for stacks and 512 for 2D images
    /// when absent.
    pub channels: Option<Vec<usize>>,
    /// Whether blocks on the way down have residual connections.
    pub residual: bool,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation.
    pub activation: ActivationConfig,
    /// Share of values that are set to zero after every convolution while training, against
    /// overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether transposed convolutions add a learned number to each channel.
    pub transposed_bias: bool,
    /// How many coarser levels of the decoder give an output too while training, as `deep_1`,
    /// `deep_2`, ... from the finest, enlarged to the size of the main one; two fewer than there are
    /// levels at most.
    #[schemars(range(min = 0, max = 10))]
    pub deep_supervision: usize,
}

impl Default for DynunetConfig {
    fn default() -> Self {
        Self {
            strides: None,
            kernels: None,
            channels: None,
            residual: false,
            norm: NormConfig::INSTANCE_AFFINE,
            activation: ActivationConfig::of(ActivationName::LeakyRelu),
            dropout: 0.0,
            transposed_bias: false,
            deep_supervision: 0,
        }
    }
}

impl Architecture for DynunetConfig {
    type Network = Dynunet;

    /// # Errors
    ///
    /// When an option is outside its range, the lists do not have one entry for each level, or a
    /// kernel is even or too small for its stride.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Dynunet, NetworkError> {
        let plan = self.plan(scope)?;
        scope.set_initialization(Initialization::HeNormal { slope: 0.01 });
        let io = scope.io();
        let levels = plan.levels.len();
        // Where the levels are a second time: each inside the one above.
        let nested = |level: usize| format!("skip_layers{}", ".next_layer".repeat(level));
        let mut encoder = Vec::new();
        for level in 0..levels {
            let input = match level {
                0 => io.in_channels,
                _ => plan.levels[level - 1].channels,
            };
            let (name, alias) = match level {
                0 => ("input_block".to_owned(), nested(0) + ".downsample"),
                _ if level + 1 == levels => ("bottleneck".to_owned(), nested(level)),
                _ => (
                    format!("downsamples.{}", level - 1),
                    nested(level) + ".downsample",
                ),
            };
            let mut scope = scope.at(name).also(alias);
            encoder.push(plan.block(input, level, self.residual, &mut scope));
        }
        let mut decoder = Vec::new();
        for level in (0..levels - 1).rev() {
            let name = format!("upsamples.{}", levels - 2 - level);
            let mut scope = scope.at(name).also(nested(level) + ".upsample");
            decoder.push(plan.up(level, self.transposed_bias, &mut scope));
        }
        let head = plan.head(0, io.out_channels, &mut scope.at("output_block"));
        let heads = (1..=self.deep_supervision).map(|level| {
            let scope = scope.at(format!("deep_supervision_heads.{}", level - 1));
            let mut scope = scope.also(nested(level) + ".super_head");
            plan.head(level, io.out_channels, &mut scope)
        });
        let heads = heads.collect();
        Ok(Dynunet {
            encoder,
            decoder,
            head,
            heads,
            sizes: plan.size_rule(self.norm),
        })
    }
}

impl DynunetConfig {
    fn plan(&self, scope: &Scope<'_>) -> Result<Plan, NetworkError> {
        let listed = [&self.strides, &self.kernels].map(|list| list.as_ref().map(Vec::len));
        let listed = listed.into_iter().flatten();
        let listed = listed.chain(self.channels.as_ref().map(Vec::len)).next();
        let count = listed.unwrap_or(5);
        if count < 3 {
            let problem = format!("expected at least 3 entries, found {count}");
            return Err(NetworkError::new("strides", problem));
        }
        // Also bounds the number of levels before anything is made for each.
        NetworkError::check_range("strides", count as f64, 3.0, 12.0)?;
        let most = if scope.io().dimensions == 2 { 512 } else { 320 };
        let default = || (0..count).map(|level| most.min(32 << level)).collect();
        let channels = self.channels.clone().unwrap_or_else(default);
        levels::check_channels("channels", &channels, 3)?;
        if channels.len() != count {
            let problem = format!("expected {count} entries, found {}", channels.len());
            return Err(NetworkError::new("channels", problem));
        }
        let kernels = levels::odd_kernels("kernels", self.kernels.as_deref(), count, scope)?;
        let strides = levels::strides("strides", self.strides.as_deref(), count, 1, scope)?;
        let adn = AdnConfig::new(self.norm, self.activation).dropout(self.dropout);
        adn.check()?;
        let most_heads = count as f64 - 2.0;
        let heads = self.deep_supervision as f64;
        NetworkError::check_range("deep_supervision", heads, 0.0, most_heads)?;
        let mut levels = Vec::new();
        for ((channels, kernel), stride) in channels.into_iter().zip(kernels).zip(strides) {
            if (0..3).any(|axis| kernel[axis] + 1 < stride[axis]) {
                let problem = format!("kernel {kernel:?} is too small for the stride {stride:?}");
                return Err(NetworkError::new("kernels", problem));
            }
            levels.push(Level {
                channels,
                kernel,
                stride,
            });
        }
        Ok(Plan { levels, adn })
    }
}

#[derive(Clone, Copy, Debug)]
struct Level {
    channels: usize,
    kernel: [usize; 3],
    stride: [usize; 3],
}

impl Level {
    /// Zeros on both sides, rounded down where they would not be the same.
    fn padding(&self, stride: [usize; 3]) -> [usize; 3] {
        [0, 1, 2].map(|axis| (self.kernel[axis] + 1 - stride[axis]) / 2)
    }
}

/// What the blocks are built by.
struct Plan {
    levels: Vec<Level>,
    adn: AdnConfig,
}

impl Plan {
    fn block(&self, input: usize, level: usize, is_residual: bool, scope: &mut Scope<'_>) -> Block {
        let level = self.levels[level];
        let pair = [input, level.channels];
        self.convolutions(pair, level, level.stride, is_residual, scope)
    }

    fn convolutions(
        &self,
        channels: [usize; 2],
        level: Level,
        stride: [usize; 3],
        is_residual: bool,
        scope: &mut Scope<'_>,
    ) -> Block {
        use AdnStep::{Activation, Dropout, Norm};
        let unit = |conv: ConvConfig, number: usize, steps: &[AdnStep], scope: &mut Scope<'_>| {
            let names = PartNames {
                conv: &[&format!("conv{number}.conv")],
                norm: &[&format!("norm{number}")],
                activation: &["lrelu"],
            };
            ConvAdn::new(conv.bias(false), &self.adn.order(steps), names, scope)
        };
        let conv = |pair, stride| {
            ConvConfig::new(pair, level.kernel)
                .stride(stride)
                .padding(level.padding(stride))
        };
        // Both convolutions of a block share the slope of an activation with a parameter.
        let activation = self
            .adn
            .activation
            .build(channels[1], &mut scope.at("lrelu"));
        let both: &[AdnStep] = match activation.function() {
            Some(_) => &[Dropout, Norm, Activation],
            None => &[Dropout, Norm],
        };
        let last = if is_residual { &[Dropout, Norm] } else { both };
        let [_, output] = channels;
        let changes = stride != [1; 3] || channels[0] != output;
        let shortcut = || {
            let conv = ConvConfig::new(channels, [1; 3]).stride(stride);
            unit(conv, 3, &[Dropout, Norm], scope)
        };
        let shortcut = (is_residual && changes).then(shortcut);
        Block {
            first: unit(conv(channels, stride), 1, both, scope),
            second: unit(conv([output; 2], [1; 3]), 2, last, scope),
            shortcut,
            activation,
            is_residual,
        }
    }

    fn up(&self, level: usize, bias: bool, scope: &mut Scope<'_>) -> Up {
        let [fine, coarse] = [self.levels[level], self.levels[level + 1]];
        let conv = ConvTransposeConfig::blocks([coarse.channels, fine.channels], coarse.stride);
        let only_dropout = self.adn.order(&[AdnStep::Dropout]);
        let mut transposed = scope.at("transp_conv");
        let transposed = TransposedAdn::new(
            conv.bias(bias),
            fine.channels,
            &only_dropout,
            PartNames::MONAI,
            &mut transposed,
        );
        // The block has the kernel of the level below, as the reference has it.
        let channels = [2 * fine.channels, fine.channels];
        let scope = &mut scope.at("conv_block");
        Up {
            transposed,
            block: self.convolutions(channels, coarse, [1; 3], false, scope),
        }
    }

    fn head(&self, level: usize, output: usize, scope: &mut Scope<'_>) -> ConvAdn {
        let conv = ConvConfig::new([self.levels[level].channels, output], [1; 3]);
        let only_dropout = self.adn.order(&[AdnStep::Dropout]);
        ConvAdn::new(conv, &only_dropout, PartNames::MONAI, &mut scope.at("conv"))
    }

    fn size_rule(&self, norm: NormConfig) -> SizeRule {
        let strides: Vec<_> = self.levels.iter().map(|level| level.stride).collect();
        let sizes = SizeRule::multiples_of(levels::total_stride(&strides));
        if norm.sees_whole_image() {
            return sizes;
        }
        let mut field = ReceptiveField::default();
        for level in &self.levels {
            field.window(level.kernel, level.padding(level.stride));
            field.down(level.stride);
            field.convolve(level.kernel, 1);
        }
        for level in self.levels[1..].iter().rev() {
            field.up(level.stride);
            field.window(level.stride, [0; 3]);
            field.convolve(level.kernel, 2);
        }
        sizes.with_margin(field.margin())
    }
}

/// Two convolutions, perhaps with a residual connection.
#[derive(Module, Debug)]
struct Block {
    first: ConvAdn,
    second: ConvAdn,
    /// Of the residual connection, where sizes or channels change.
    shortcut: Option<ConvAdn>,
    activation: Activate,
    #[module(skip)]
    is_residual: bool,
}

impl Block {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let is_fused = self.activation.function().is_some();
        let activate = |map, is_done| {
            if is_done {
                map
            } else {
                self.activation.forward(map)
            }
        };
        let map = activate(self.first.forward(input.clone()), is_fused);
        let map = self.second.forward(map);
        if !self.is_residual {
            return activate(map, is_fused);
        }
        let residual = match &self.shortcut {
            Some(shortcut) => shortcut.forward(input),
            None => input,
        };
        self.activation.forward(add(map, residual))
    }
}

/// The way up of a level.
#[derive(Module, Debug)]
struct Up {
    transposed: TransposedAdn,
    block: Block,
}

/// The dynamic U-Net; see [`DynunetConfig`].
#[derive(Module, Debug)]
pub struct Dynunet {
    /// From the finest level to the bottleneck.
    encoder: Vec<Block>,
    /// From the coarsest level.
    decoder: Vec<Up>,
    head: ConvAdn,
    /// Of deep supervision, from the finest level.
    heads: Vec<ConvAdn>,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for Dynunet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`, the image's size divided by the first stride,
    /// without a final activation. On a device that records gradients also `deep_1`, ... of the same
    /// size, one for each level of deep supervision.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let is_training = map.device().is_autodiff();
        let mut skips = Vec::with_capacity(self.encoder.len());
        for block in &self.encoder {
            map = block.forward(map);
            skips.push(map.clone());
        }
        skips.pop();
        let mut deep = Vec::new();
        for up in &self.decoder {
            let Some(skip) = skips.pop() else { break };
            let raised = up.transposed.forward(map);
            map = up.block.forward(FeatureMap::concat(vec![raised, skip]));
            let level = skips.len();
            let head = level.checked_sub(1).and_then(|index| self.heads.get(index));
            if let (true, Some(head)) = (is_training, head) {
                deep.push((level, head.forward(map.clone())));
            }
        }
        let main = self.head.forward(map);
        let size = main.spatial();
        let outputs = Outputs::new(main.into_tensor());
        deep.into_iter().fold(outputs, |outputs, (level, map)| {
            let map = resize(map, size, Interpolation::Nearest);
            outputs.with(&format!("deep_{level}"), map.into_tensor())
        })
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
