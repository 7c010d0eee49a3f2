//! A GAN that invents masks of single nuclei, 28 x 28 pixels, from noise: the deep convolutional GAN
//! (Radford et al. 2016) of TensorFlow's tutorial, after which the nuclei GAN names its own.

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap, activate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvTransposeUnit, ConvUnit, PatchScores, keras},
    build::{Convention, Initialization, NetworkError, Scope},
    layers::{
        ConvConfig, ConvTranspose, ConvTransposeConfig, DropoutLayer, Linear, Norm, NormConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Pixels of a mask along each axis.
const SIZE: usize = 28;
/// Those of the coarsest map.
const COARSE: usize = 7;
const KERNEL: usize = 5;

fn check_dimensions(scope: &Scope<'_>) -> Result<(), NetworkError> {
    let dimensions = scope.io().dimensions;
    if dimensions == 2 {
        return Ok(());
    }
    let problem = format!("masks of {SIZE} x {SIZE} pixels are 2D; set 2 instead of {dimensions}");
    Err(NetworkError::new("dimensions", problem))
}

/// DCGAN generator of 28 x 28 masks from noise, `in_channels` values for each (Keras).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaskGeneratorConfig {
    /// Channels of the coarsest map, a multiple of 4; they halve twice.
    #[schemars(range(min = 4, max = 1024))]
    pub base: usize,
}

impl Default for MaskGeneratorConfig {
    fn default() -> Self {
        Self { base: 256 }
    }
}

impl Architecture for MaskGeneratorConfig {
    type Network = MaskGenerator;

    /// # Errors
    ///
    /// When an option is outside its range, or the images are stacks.
    fn build(&self, scope: &mut Scope<'_>) -> Result<MaskGenerator, NetworkError> {
        NetworkError::check_range("base", self.base as f64, 4.0, 1024.0)?;
        if !self.base.is_multiple_of(4) {
            let problem = format!("{} is not a multiple of 4", self.base);
            return Err(NetworkError::new("base", problem));
        }
        check_dimensions(scope)?;
        scope.set_convention(Convention::Keras);
        scope.set_initialization(Initialization::GlorotUniform);
        let io = scope.io();
        let (kernel, double) = (scope.cube(KERNEL), scope.cube(2));
        let values = COARSE * COARSE * self.base;
        let widths = [self.base, self.base / 2, self.base / 4];
        let dense = Linear::new([io.in_channels, values], false, &mut scope.next("dense"));
        let norm = NormConfig::KERAS.build(values, &mut scope.next("batch_normalization"));
        let same = keras::conv_transpose_unit([widths[0], widths[1]], kernel, [1; 3], scope);
        let up = keras::conv_transpose_unit([widths[1], widths[2]], kernel, double, scope);
        let head = ConvTransposeConfig::new([widths[2], io.out_channels], kernel).stride(double);
        let head = head.exact_multiple().bias(false);
        Ok(MaskGenerator {
            dense,
            norm,
            units: vec![same, up],
            head: head.build(&mut keras::next_conv_transpose(scope)),
        })
    }
}

/// The generator of masks; see [`MaskGeneratorConfig`].
#[derive(Module, Debug)]
pub struct MaskGenerator {
    dense: Linear,
    norm: Norm,
    units: Vec<ConvTransposeUnit>,
    head: ConvTranspose,
}

impl Network for MaskGenerator {
    /// Noise `[N, in, 1, 1, 1]` to masks `[N, out, 1, 28, 28]` from -1 to 1.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let [n, values, ..] = inputs.main.dims();
        let noise = inputs.main.reshape([n, values]);
        let dense = self.dense.forward(noise);
        let dense = self.norm.forward_dense(dense, keras::LEAK);
        let [_, values] = dense.dims();
        // Keras has the channels last.
        let pixels = dense.reshape([n, COARSE, COARSE, values / (COARSE * COARSE)]);
        let map = pixels.permute([0, 3, 1, 2]).unsqueeze_dim(2);
        let map = FeatureMap::from_tensor(map);
        let map = self.units.iter().fold(map, |map, unit| unit.forward(map));
        Outputs::new(activate(self.head.forward(map), Activation::Tanh).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of([1; 3]).fixed([1; 3])
    }
}

/// DCGAN discriminator of 28 x 28 masks (Keras).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaskDiscriminatorConfig {
    /// Channels of the first layer; the second has twice as many.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Share of values set to zero after each layer while training.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for MaskDiscriminatorConfig {
    fn default() -> Self {
        let (base, dropout) = (64, 0.3);
        Self { base, dropout }
    }
}

impl Architecture for MaskDiscriminatorConfig {
    type Network = MaskDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, the images are stacks, or more than one output channel is
    /// wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<MaskDiscriminator, NetworkError> {
        NetworkError::check_range("base", self.base as f64, 1.0, 1024.0)?;
        NetworkError::check_range("dropout", self.dropout, 0.0, 0.95)?;
        check_dimensions(scope)?;
        PatchScores::check_output(scope.io())?;
        scope.set_convention(Convention::Keras);
        scope.set_initialization(Initialization::GlorotUniform);
        let mut channels = scope.io().in_channels;
        let mut layers = Vec::new();
        for width in [self.base, 2 * self.base] {
            let conv = ConvConfig::new([channels, width], scope.cube(KERNEL));
            let conv = conv.stride(scope.cube(2)).covering();
            layers.push(MaskLayer {
                unit: keras::conv_unit(conv, false, scope),
                dropout: keras::next_dropout(self.dropout, scope),
            });
            channels = width;
        }
        let values = COARSE * COARSE * channels;
        let dense = Linear::new([values, 1], true, &mut scope.next("dense"));
        Ok(MaskDiscriminator { layers, dense })
    }
}

/// A convolution that halves, an activation, and dropout.
#[derive(Module, Debug)]
struct MaskLayer {
    unit: ConvUnit,
    dropout: Option<DropoutLayer>,
}

/// The discriminator of masks; see [`MaskDiscriminatorConfig`].
#[derive(Module, Debug)]
pub struct MaskDiscriminator {
    layers: Vec<MaskLayer>,
    dense: Linear,
}

impl Network for MaskDiscriminator {
    /// Masks `[N, in, 1, 28, 28]` to scores `[N, 1, 1, 1, 1]` before a logistic function.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        for MaskLayer { unit, dropout } in &self.layers {
            map = unit.forward(map);
            if let Some(dropout) = dropout {
                map = dropout.forward(map);
            }
        }
        let [n, c, _, y, x] = map.dims();
        // Keras has the channels last.
        let pixels = map
            .into_tensor()
            .reshape([n, c, y, x])
            .permute([0, 2, 3, 1]);
        let scores = self.dense.forward(pixels.reshape([n, y * x * c]));
        Outputs::new(scores.reshape([n, 1, 1, 1, 1]))
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of([1; 3]).fixed([1, SIZE, SIZE])
    }
}
