//! The tunable U-Net (Ronneberger et al. 2015, with batch normalisation and size-preserving
//! convolutions), 2D, 3D and anisotropic.

use burn::module::Module;
use coverslip_ops::{FeatureMap, Interpolation, max_pool, upsample};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    layers::{
        ActivationName, Conv, ConvBlock, ConvBlockConfig, ConvTranspose, Initializer, NormName,
    },
    network::{Inputs, Network, NetworkError, NetworkIo, Outputs, SizeRule},
};

/// How the decoder enlarges its maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// A learned transposed convolution.
    #[default]
    Transposed,
    /// (Bi/tri)linear interpolation and a convolution: smoother, no checkerboard.
    Interpolated,
}

/// Options of the U-Net.
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
    pub norm: NormName,
    /// Activation after each normalisation.
    pub activation: ActivationName,
    /// How the decoder enlarges its maps.
    pub upsampling: Upsampling,
    /// Kernel `[z, y, x]` of each level from the finest, `depth + 1` of them; 3 everywhere when
    /// absent (1 along z for 2D images).
    pub kernels: Option<Vec<[usize; 3]>>,
    /// Reduction `[z, y, x]` below each level, `depth` of them; 2 everywhere when absent (1 along z
    /// for 2D images). `[1, 2, 2]` at the first levels suits stacks with thick planes.
    pub strides: Option<Vec<[usize; 3]>>,
}

/// The most weights a network may have: 4 GiB of them.
const MOST_WEIGHTS: f64 = (1u64 << 30) as f64;

impl Default for UnetConfig {
    fn default() -> Self {
        Self {
            base: 32,
            depth: 4,
            growth: 2.0,
            convolutions: 2,
            norm: NormName::default(),
            activation: ActivationName::default(),
            upsampling: Upsampling::default(),
            kernels: None,
            strides: None,
        }
    }
}

impl UnetConfig {
    /// Builds the network with weights drawn from `random`.
    ///
    /// # Errors
    ///
    /// When an option is outside its range, the lists of kernels and strides do not fit `depth`, a
    /// kernel is even, a 2D network is given a kernel or stride along Z, or there would be more than
    /// 2^30 weights.
    pub fn init(
        &self,
        io: NetworkIo,
        random: &mut ChaCha8Rng,
        device: &burn::tensor::Device,
    ) -> Result<Unet, NetworkError> {
        self.check_ranges()?;
        let kernels = self.kernels(io.dimensions)?;
        let strides = self.strides(io.dimensions)?;
        self.check_weights(io, &kernels, &strides)?;
        let mut init = Initializer { random, device };
        let channels: Vec<usize> = (0..=self.depth).map(|level| self.channels(level)).collect();
        let block = |kernel| ConvBlockConfig {
            kernel,
            norm: self.norm,
            activation: self.activation,
        };
        let through = |input: usize, level: usize| {
            let mut path = vec![input];
            path.resize(self.convolutions + 1, channels[level]);
            path
        };
        let mut encoder = Vec::new();
        for level in 0..=self.depth {
            let input = if level == 0 {
                io.in_channels
            } else {
                channels[level - 1]
            };
            encoder.push(ConvBlock::new(
                &through(input, level),
                block(kernels[level]),
                &mut init,
            ));
        }
        let mut ups = Vec::new();
        let mut decoder = Vec::new();
        for level in (0..self.depth).rev() {
            let pair = [channels[level + 1], channels[level]];
            ups.push(Up::new(
                self.upsampling,
                pair,
                kernels[level],
                strides[level],
                &mut init,
            ));
            let path = through(2 * channels[level], level);
            decoder.push(ConvBlock::new(&path, block(kernels[level]), &mut init));
        }
        let head = Conv::new([channels[0], io.out_channels], [1; 3], true, &mut init);
        let sizes = self.size_rule(&kernels, &strides);
        Ok(Unet {
            encoder,
            ups,
            decoder,
            head,
            strides,
            sizes,
        })
    }

    /// The ranges of the schema, which a model package need not have passed.
    fn check_ranges(&self) -> Result<(), NetworkError> {
        let ranges = [
            ("base", self.base as f64, [1.0, 1024.0]),
            ("depth", self.depth as f64, [1.0, 8.0]),
            ("growth", self.growth, [1.0, 4.0]),
            ("convolutions", self.convolutions as f64, [1.0, 8.0]),
        ];
        for (key, value, [least, most]) in ranges {
            if !(least..=most).contains(&value) {
                let problem = format!("{value} is not from {least} to {most}");
                return Err(NetworkError { key, problem });
            }
        }
        Ok(())
    }

    /// Counted before memory is asked for, in floating point because the product may be any size.
    fn check_weights(
        &self,
        io: NetworkIo,
        kernels: &[[usize; 3]],
        strides: &[[usize; 3]],
    ) -> Result<(), NetworkError> {
        let volume = |sizes: [usize; 3]| sizes.map(|size| size as f64).iter().product::<f64>();
        let width = |level: usize| self.channels(level) as f64;
        let mut weights =
            width(0) * (io.in_channels as f64 * volume(kernels[0]) + io.out_channels as f64);
        for (level, &kernel) in kernels.iter().enumerate() {
            let passes = if level == self.depth { 1 } else { 2 };
            let convolutions = (passes * self.convolutions) as f64;
            weights += convolutions * width(level).powi(2) * volume(kernel);
            if let Some(&stride) = strides.get(level) {
                weights += width(level) * width(level + 1) * volume(stride);
            }
        }
        if weights <= MOST_WEIGHTS {
            return Ok(());
        }
        Err(NetworkError {
            key: "base",
            problem: format!(
                "together with depth, growth, kernels, strides and channels it makes about \
                 {weights:.0e} weights; at most {MOST_WEIGHTS:.0e} are possible"
            ),
        })
    }

    fn channels(&self, level: usize) -> usize {
        (self.base as f64 * self.growth.powi(level as i32)).round() as usize
    }

    fn kernels(&self, dimensions: usize) -> Result<Vec<[usize; 3]>, NetworkError> {
        let default = if dimensions == 2 { [1, 3, 3] } else { [3; 3] };
        let kernels = self
            .kernels
            .clone()
            .unwrap_or_else(|| vec![default; self.depth + 1]);
        check_levels("kernels", &kernels, self.depth + 1, dimensions)?;
        if let Some(kernel) = kernels
            .iter()
            .find(|kernel| kernel.iter().any(|k| k % 2 == 0))
        {
            let problem = format!("kernel {kernel:?} has an even size; use odd sizes such as 3");
            return Err(NetworkError {
                key: "kernels",
                problem,
            });
        }
        Ok(kernels)
    }

    fn strides(&self, dimensions: usize) -> Result<Vec<[usize; 3]>, NetworkError> {
        let default = if dimensions == 2 { [1, 2, 2] } else { [2; 3] };
        let strides = self
            .strides
            .clone()
            .unwrap_or_else(|| vec![default; self.depth]);
        check_levels("strides", &strides, self.depth, dimensions)?;
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
            let up = usize::from(level < self.depth && self.upsampling == Upsampling::Interpolated);
            for axis in 0..3 {
                let convolutions = passes * self.convolutions + up;
                margin[axis] += convolutions * (kernel[axis] / 2) * jump[axis];
                if let Some(stride) = strides.get(level) {
                    let coarse = jump[axis] * stride[axis];
                    margin[axis] += (coarse - jump[axis]) * 2 + up * coarse;
                    jump[axis] = coarse;
                }
            }
        }
        let margin = (self.norm != NormName::Instance).then_some(margin);
        SizeRule {
            multiple: jump,
            margin,
        }
    }
}

fn check_levels(
    key: &'static str,
    levels: &[[usize; 3]],
    expected: usize,
    dimensions: usize,
) -> Result<(), NetworkError> {
    let fault = |problem| Err(NetworkError { key, problem });
    if levels.len() != expected {
        return fault(format!(
            "expected {expected} entries for this depth, found {}",
            levels.len()
        ));
    }
    if let Some(level) = levels.iter().find(|level| level.contains(&0)) {
        return fault(format!(
            "{level:?} contains 0; every size must be at least 1"
        ));
    }
    if let Some(level) = levels.iter().find(|level| dimensions == 2 && level[0] != 1) {
        return fault(format!("{level:?} must begin with 1 (z) for 2D images"));
    }
    Ok(())
}

/// Enlarges a map on the way up.
#[derive(Module, Debug)]
struct Up {
    transposed: Option<ConvTranspose>,
    interpolated: Option<Conv>,
    #[module(skip)]
    factors: [usize; 3],
}

impl Up {
    fn new(
        upsampling: Upsampling,
        channels: [usize; 2],
        kernel: [usize; 3],
        factors: [usize; 3],
        init: &mut Initializer<'_>,
    ) -> Self {
        let mut up = Self {
            transposed: None,
            interpolated: None,
            factors,
        };
        match upsampling {
            Upsampling::Transposed => {
                up.transposed = Some(ConvTranspose::new(channels, factors, init));
            }
            Upsampling::Interpolated => {
                up.interpolated = Some(Conv::new(channels, kernel, true, init));
            }
        }
        up
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let map = match &self.transposed {
            Some(transposed) => return transposed.forward(input),
            None => upsample(
                input,
                self.factors,
                Interpolation::Linear {
                    align_corners: false,
                },
            ),
        };
        match &self.interpolated {
            Some(conv) => conv.forward(map),
            None => map,
        }
    }
}

/// The U-Net; see [`UnetConfig`].
#[derive(Module, Debug)]
pub struct Unet {
    encoder: Vec<ConvBlock>,
    ups: Vec<Up>,
    decoder: Vec<ConvBlock>,
    head: Conv,
    #[module(skip)]
    strides: Vec<[usize; 3]>,
    #[module(skip)]
    sizes: SizeRule,
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
            map = max_pool(map, *stride);
        }
        if let Some(bottom) = self.encoder.last() {
            map = bottom.forward(map);
        }
        for (up, block) in self.ups.iter().zip(&self.decoder) {
            if let Some(skip) = skips.pop() {
                let raised = up.forward(map).fit(skip.spatial());
                map = block.forward(FeatureMap::concat(vec![skip, raised]));
            }
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
