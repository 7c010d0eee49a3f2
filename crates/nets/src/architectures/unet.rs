//! The U-Net (Ronneberger et al. 2015, with batch normalisation and size-preserving convolutions),
//! 2D, 3D and anisotropic.
//!
//! With its defaults and `base: 64` it is the U-Net of milesial's Pytorch-UNet, whose names its
//! tensors have; `upsampling: bilinear` is that of `bilinear=True`.

use burn::module::Module;
use coverslip_ops::{FeatureMap, Interpolation, Window, average_pool, max_pool, upsample};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvStack, UnitConfig},
    build::{Extent, NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// How the decoder enlarges its maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// A learned transposed convolution.
    #[default]
    Transposed,
    /// (Bi/tri)linear interpolation between pixel edges, with half the channels below: smoother, no
    /// checkerboard, fewer weights.
    Interpolated,
    /// The same between pixel centres (`align_corners`), as milesial's U-Net does it: a pixel's result
    /// depends on the tile it is in.
    Bilinear,
}

impl Upsampling {
    fn interpolation(self) -> Option<Interpolation> {
        let align_corners = self == Self::Bilinear;
        (self != Self::Transposed).then_some(Interpolation::Linear { align_corners })
    }
}

/// U-Net (Ronneberger et al. 2015), 2D, 3D or anisotropic; with `base: 64` that of milesial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UnetConfig {
    /// Channels at full resolution; more see more patterns and cost time quadratically.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// How often the image is halved; each level doubles how far a pixel sees.
    #[schemars(range(min = 1, max = 8))]
    pub depth: usize,
    /// Factor by which channels grow from level to level.
    #[schemars(range(min = 1.0, max = 4.0))]
    pub growth: f64,
    /// Convolutions at each level of the encoder and of the decoder.
    #[schemars(range(min = 1, max = 8))]
    pub convolutions: usize,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation.
    pub activation: ActivationConfig,
    /// How the decoder enlarges its maps.
    pub upsampling: Upsampling,
    /// Kernel `[z, y, x]` of each level from the finest, `depth + 1` of them; 3 everywhere when
    /// absent (1 along z for 2D images).
    pub kernels: Option<Vec<Extent>>,
    /// Reduction `[z, y, x]` below each level, `depth` of them; 2 everywhere when absent (1 along z
    /// for 2D images). `[1, 2, 2]` at the first levels suits stacks with thick planes.
    pub strides: Option<Vec<Extent>>,
    /// As in N2V2 (Höck et al. 2022): maps are blurred between the maximum and the reduction, and no
    /// connection skips from the first level to the last, so that no checkerboard arises and no
    /// noise passes by. For the framework `noise2void`.
    pub n2v2: bool,
}

impl Default for UnetConfig {
    fn default() -> Self {
        Self {
            base: 32,
            depth: 4,
            growth: 2.0,
            convolutions: 2,
            norm: NormConfig::BATCH,
            activation: ActivationConfig::RELU,
            upsampling: Upsampling::default(),
            kernels: None,
            strides: None,
            n2v2: false,
        }
    }
}

impl Architecture for UnetConfig {
    type Network = Unet;

    /// # Errors
    ///
    /// When an option is outside its range, the lists of kernels and strides do not fit `depth`, a
    /// kernel is even, or a 2D network is given a kernel or stride along Z.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Unet, NetworkError> {
        self.check_ranges()?;
        let io = scope.io();
        let kernels = self.kernels(scope)?;
        let strides = self.strides(scope)?;
        let unit = UnitConfig::new(self.norm, self.activation);
        let through = |[input, middle, output]: [usize; 3], level: usize, scope: &mut Scope<'_>| {
            let mut channels = vec![input];
            channels.resize(self.convolutions, middle);
            channels.push(output);
            let conv = |pair| {
                // The shift of a batch norm makes a bias before it redundant.
                ConvConfig::new(pair, kernels[level]).bias(!self.norm.is_batch())
            };
            ConvStack::numbered(&channels, conv, unit, ConvStack::steps(unit), scope)
        };
        let mut encoder = Vec::new();
        let mut input = io.in_channels;
        for level in 0..=self.depth {
            let name = match level {
                0 => "inc.double_conv".to_owned(),
                _ => format!("down{level}.maxpool_conv.1.double_conv"),
            };
            let output = self.encoder_channels(level);
            let path = [input, output, output];
            encoder.push(through(path, level, &mut scope.at(name)));
            input = output;
        }
        let mut ups = Vec::new();
        let mut decoder = Vec::new();
        for level in (0..self.depth).rev() {
            let mut scope = scope.at(format!("up{}", self.depth - level));
            let skip = self.encoder_channels(level);
            ups.push(Up::new(
                self.upsampling,
                [input, skip],
                strides[level],
                &mut scope.at("up"),
            ));
            let is_transposed = self.upsampling == Upsampling::Transposed;
            let raised = if is_transposed { skip } else { input };
            let is_skipped = self.n2v2 && level == 0;
            let joined = raised + if is_skipped { 0 } else { skip };
            input = self.decoder_channels(level);
            let middle = if is_transposed {
                input
            } else {
                (joined / 2).max(1)
            };
            let scope = &mut scope.at("conv.double_conv");
            decoder.push(through([joined, middle, input], level, scope));
        }
        let head = ConvConfig::new([input, io.out_channels], [1; 3]);
        Ok(Unet {
            encoder,
            ups,
            decoder,
            head: head.build(&mut scope.at("outc.conv")),
            sizes: self.size_rule(&kernels, &strides),
            strides,
            n2v2: self.n2v2,
        })
    }
}

impl UnetConfig {
    /// The ranges of the schema, which a model package need not have passed.
    fn check_ranges(&self) -> Result<(), NetworkError> {
        for (key, value, [least, most]) in [
            ("base", self.base as f64, [1.0, 1024.0]),
            ("depth", self.depth as f64, [1.0, 8.0]),
            ("growth", self.growth, [1.0, 4.0]),
            ("convolutions", self.convolutions as f64, [1.0, 8.0]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        Ok(())
    }

    fn channels(&self, level: usize) -> usize {
        (self.base as f64 * self.growth.powi(level as i32)).round() as usize
    }

    /// Where maps are enlarged without weights, those that are to be enlarged have the channels of
    /// the level above already.
    fn encoder_channels(&self, level: usize) -> usize {
        if level == self.depth && self.upsampling != Upsampling::Transposed {
            self.channels(level - 1)
        } else {
            self.channels(level)
        }
    }

    fn decoder_channels(&self, level: usize) -> usize {
        if level > 0 && self.upsampling != Upsampling::Transposed {
            self.channels(level - 1)
        } else {
            self.channels(level)
        }
    }

    fn kernels(&self, scope: &Scope<'_>) -> Result<Vec<[usize; 3]>, NetworkError> {
        let levels = self.depth + 1;
        let Some(kernels) = &self.kernels else {
            return Ok(vec![scope.cube(3); levels]);
        };
        let kernels = Extent::resolve_levels(kernels, levels, "kernels", scope.io())?;
        let is_even = |kernel: &&[usize; 3]| kernel.iter().any(|size| size % 2 == 0);
        if let Some(kernel) = kernels.iter().find(is_even) {
            let problem = format!("kernel {kernel:?} has an even size; use odd sizes such as 3");
            return Err(NetworkError::new("kernels", problem));
        }
        Ok(kernels)
    }

    fn strides(&self, scope: &Scope<'_>) -> Result<Vec<[usize; 3]>, NetworkError> {
        let Some(strides) = &self.strides else {
            return Ok(vec![scope.cube(2); self.depth]);
        };
        let strides = Extent::resolve_levels(strides, self.depth, "strides", scope.io())?;
        let is_other = |stride: &&[usize; 3]| stride.iter().any(|&step| step > 2);
        if let (true, Some(stride)) = (self.n2v2, strides.iter().find(is_other)) {
            let problem = format!("stride {stride:?} is above 2, which `n2v2` cannot blur");
            return Err(NetworkError::new("strides", problem));
        }
        Ok(strides)
    }

    /// The reach of a pixel is the sum of half-widths along the deepest path, each in pixels of
    /// full resolution: the convolutions of a level on the way down and up, the pooling block, and
    /// one coarse pixel for the interpolation.
    fn size_rule(&self, kernels: &[[usize; 3]], strides: &[[usize; 3]]) -> SizeRule {
        let mut jump = [1usize; 3];
        let mut margin = [0usize; 3];
        for (level, kernel) in kernels.iter().enumerate() {
            let passes = if level == self.depth { 1 } else { 2 };
            let up = usize::from(self.upsampling != Upsampling::Transposed);
            for axis in 0..3 {
                margin[axis] += passes * self.convolutions * (kernel[axis] / 2) * jump[axis];
                if let Some(stride) = strides.get(level) {
                    let coarse = jump[axis] * stride[axis];
                    let blur = if self.n2v2 {
                        2 * (coarse - jump[axis])
                    } else {
                        0
                    };
                    margin[axis] += (coarse - jump[axis]) * 2 + up * coarse + blur;
                    jump[axis] = coarse;
                }
            }
        }
        let sizes = SizeRule::multiples_of(jump).fitting_any();
        if self.norm.sees_whole_image() || self.upsampling == Upsampling::Bilinear {
            return sizes;
        }
        sizes.with_margin(margin)
    }
}

/// The maximum over pairs of pixels, blurred by `[1, 2, 1] / 4` about each second one, along the axes
/// that are halved (N2V2's pooling; the pairs of each window lie symmetrically about the pair that it
/// stands for). At the edges pixels are repeated.
fn blurred_pool(map: FeatureMap, stride: [usize; 3]) -> FeatureMap {
    let pairs = |stride: [usize; 3], padding: [usize; 3], kernel: [usize; 3]| Window {
        kernel,
        stride,
        padding,
    };
    // The blur is the mean of two means of neighbours.
    let padding = stride.map(|step| step - 1);
    let largest = max_pool(map, pairs([1; 3], padding, stride));
    let means = average_pool(largest, pairs([1; 3], [0; 3], stride), false);
    average_pool(means, pairs(stride, [0; 3], stride), false)
}

/// Enlarges a map on the way up.
#[derive(Module, Debug)]
struct Up {
    transposed: Option<ConvTranspose>,
    #[module(skip)]
    interpolation: Option<Interpolation>,
    #[module(skip)]
    factors: [usize; 3],
}

impl Up {
    fn new(
        upsampling: Upsampling,
        channels: [usize; 2],
        factors: [usize; 3],
        scope: &mut Scope<'_>,
    ) -> Self {
        let interpolation = upsampling.interpolation();
        let transposed = interpolation
            .is_none()
            .then(|| ConvTransposeConfig::blocks(channels, factors).build(scope));
        Self {
            transposed,
            interpolation,
            factors,
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        match (&self.transposed, self.interpolation) {
            (Some(transposed), _) => transposed.forward(input),
            (None, Some(interpolation)) => upsample(input, self.factors, interpolation),
            (None, None) => input,
        }
    }
}

/// The U-Net; see [`UnetConfig`].
#[derive(Module, Debug)]
pub struct Unet {
    encoder: Vec<ConvStack>,
    ups: Vec<Up>,
    decoder: Vec<ConvStack>,
    head: Conv,
    #[module(skip)]
    strides: Vec<[usize; 3]>,
    #[module(skip)]
    sizes: SizeRule,
    #[module(skip)]
    n2v2: bool,
}

impl Network for Unet {
    /// `[N, in, Z, Y, X]` to scores `[N, out, Z, Y, X]` without a final activation.
    ///
    /// Any size is computed: an up-sampled map is zero-padded to its skip connection. Sizes that
    /// are multiples of [`SizeRule::multiple`] need no such padding, and give tiles that agree with
    /// the whole image.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::with_capacity(self.strides.len());
        for (block, stride) in self.encoder.iter().zip(&self.strides) {
            map = block.forward(map);
            skips.push(map.clone());
            map = if self.n2v2 {
                blurred_pool(map, *stride)
            } else {
                max_pool(map, *stride)
            };
        }
        if let Some(bottom) = self.encoder.last() {
            map = bottom.forward(map);
        }
        for (up, block) in self.ups.iter().zip(&self.decoder) {
            if let Some(skip) = skips.pop() {
                let raised = up.forward(map).fit(skip.spatial());
                let is_last = skips.is_empty();
                map = block.forward(if self.n2v2 && is_last {
                    raised
                } else {
                    FeatureMap::concat(vec![skip, raised])
                });
            }
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
