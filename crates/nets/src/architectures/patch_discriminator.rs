//! Discriminators of patches (Isola et al. 2017): each output pixel scores whether the patch of the
//! image around it is real. A conditional one is given the input and the image, joined along the
//! channels.

use burn::module::Module;
use coverslip_ops::FeatureMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{PatchConfig, PatchScores, keras},
    build::{Convention, Initialization, NetworkError, Scope},
    layers::{ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Patch discriminator of pix2pix (Isola et al. 2017): with 3 layers patches of 70 x 70 pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatchGanConfig {
    /// Channels of the first layer; they double up to eight times as many.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Layers that halve the image; a score sees 16, 34, 70, 142 pixels with 1, 2, 3, 4 of them.
    #[schemars(range(min = 1, max = 8))]
    pub layers: usize,
    /// Normalisation of all layers but the first. Only convolutions before an instance or group
    /// normalisation, the first and the last have a bias.
    pub norm: NormConfig,
}

impl Default for PatchGanConfig {
    fn default() -> Self {
        Self {
            base: 64,
            layers: 3,
            norm: NormConfig::BATCH,
        }
    }
}

impl Architecture for PatchGanConfig {
    type Network = PatchDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, or more than one output channel is wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<PatchDiscriminator, NetworkError> {
        check(self.base, self.layers, scope)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let patches = PatchConfig {
            widths: widths(self.base, self.layers + 1),
            halving: self.layers,
            padding: 1,
            norm: self.norm,
            has_bias: self.norm.wants_bias(),
        };
        Ok(PatchDiscriminator::new(
            patches.build(|index| vec![in_sequence("model", index)], scope),
            patches.least_size(),
            scope,
        ))
    }
}

/// Patch discriminator of `MMV_Im2Im`: with 3 layers patches of 46 x 46 pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MmvPatchDiscriminatorConfig {
    /// Channels of the first layer; they double up to eight times as many.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Layers that halve the image; a score sees 22, 46, 94 pixels with 2, 3, 4 of them.
    #[schemars(range(min = 1, max = 8))]
    pub layers: usize,
    /// Normalisation of all layers but the first.
    pub norm: NormConfig,
}

impl Default for MmvPatchDiscriminatorConfig {
    fn default() -> Self {
        Self {
            base: 64,
            layers: 4,
            norm: NormConfig::INSTANCE,
        }
    }
}

impl MmvPatchDiscriminatorConfig {
    /// Refuses options outside their ranges, and gives the layers.
    pub(super) fn patches(&self, scope: &Scope<'_>) -> Result<PatchConfig, NetworkError> {
        check(self.base, self.layers, scope)?;
        Ok(PatchConfig {
            widths: widths(self.base, self.layers),
            halving: self.layers,
            padding: 1,
            norm: self.norm,
            has_bias: true,
        })
    }

    /// The reference's names of a layer; the activation of the first layer has the number 1.
    pub(super) fn names(index: usize) -> Vec<[String; 2]> {
        let number = if index == 0 { 0 } else { index + 1 };
        vec![["conv", "adn.N"].map(|part| format!("model.{number}.{part}"))]
    }
}

impl Architecture for MmvPatchDiscriminatorConfig {
    type Network = PatchDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, or more than one output channel is wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<PatchDiscriminator, NetworkError> {
        let patches = self.patches(scope)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let scores = patches.build(Self::names, scope);
        Ok(PatchDiscriminator::new(scores, patches.least_size(), scope))
    }
}

/// Patch discriminator of the nuclei GAN (Keras): kernels of 2, patches of 24 x 24 pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KerasPatchDiscriminatorConfig {
    /// Channels of the first layer; they double with each of the next three.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Size of the kernels.
    #[schemars(range(min = 1, max = 8))]
    pub kernel: usize,
}

impl Default for KerasPatchDiscriminatorConfig {
    fn default() -> Self {
        let (base, kernel) = (64, 2);
        Self { base, kernel }
    }
}

impl Architecture for KerasPatchDiscriminatorConfig {
    type Network = PatchDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, or more than one output channel is wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<PatchDiscriminator, NetworkError> {
        check(self.base, 1, scope)?;
        NetworkError::check_range("kernel", self.kernel as f64, 1.0, 8.0)?;
        scope.set_convention(Convention::Keras);
        scope.set_initialization(Initialization::HeTruncated);
        let (kernel, stride) = (scope.cube(self.kernel), scope.cube(2));
        let (none, around) = (scope.border(0), scope.border(1));
        let mut channels = scope.io().in_channels;
        let mut layers = Vec::new();
        for index in 0..4 {
            let width = self.base << index;
            let conv = ConvConfig::new([channels, width], kernel).bias(false);
            let conv = if index < 3 {
                conv.padding(none).stride(stride).covering()
            } else {
                conv.padding(around)
            };
            layers.push(keras::conv_unit(conv, index > 0, scope));
            channels = width;
        }
        let scores = ConvConfig::new([channels, 1], kernel).padding(around);
        let scores = scores.build(&mut keras::next_conv(scope));
        // The last two layers, with one zero around, take away kernel - 3 pixels each.
        let coarse = (2 * self.kernel).saturating_sub(5).max(1);
        let least = 8 * (coarse - 1) + 1;
        let scores = PatchScores::new(layers, scores);
        Ok(PatchDiscriminator::new(scores, least, scope))
    }
}

/// Refuses what no discriminator can be built from.
pub(super) fn check(base: usize, layers: usize, scope: &Scope<'_>) -> Result<(), NetworkError> {
    NetworkError::check_range("base", base as f64, 1.0, 1024.0)?;
    NetworkError::check_range("layers", layers as f64, 1.0, 8.0)?;
    PatchScores::check_output(scope.io())
}

/// `count` widths that double up to eight times the first.
fn widths(base: usize, count: usize) -> Vec<usize> {
    (0..count).map(|index| base << index.min(3)).collect()
}

/// The names of a layer in a sequence of convolution, normalisation and activation that begins with
/// a layer without normalisation.
pub(super) fn in_sequence(sequence: &str, index: usize) -> [String; 2] {
    let number = if index == 0 { 0 } else { 3 * index - 1 };
    [number, number + 1].map(|number| format!("{sequence}.{number}"))
}

/// A discriminator of patches; see [`PatchGanConfig`].
#[derive(Module, Debug)]
pub struct PatchDiscriminator {
    patches: PatchScores,
    #[module(skip)]
    sizes: SizeRule,
}

impl PatchDiscriminator {
    fn new(patches: PatchScores, least: usize, scope: &Scope<'_>) -> Self {
        let sizes = SizeRule::multiples_of([1; 3]).at_least(scope.cube(least));
        Self { patches, sizes }
    }
}

impl Network for PatchDiscriminator {
    /// `[N, in, Z, Y, X]` to scores `[N, 1, Z', Y', X']` before a logistic function.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut maps = self.patches.forward(FeatureMap::from_tensor(inputs.main));
        let scores = maps.pop().expect("the scores are the last of the maps");
        Outputs::new(scores.into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
