//! Discriminators that judge an image and smaller copies of it (Wang et al. 2018): coarse patches for
//! the whole, fine ones for textures.

use burn::module::Module;
use coverslip_ops::{FeatureMap, Window, average_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::patch_discriminator::{MmvPatchDiscriminatorConfig, check, in_sequence};
use crate::{
    blocks::{PatchConfig, PatchScores},
    build::{Initialization, NetworkError, Scope},
    layers::NormConfig,
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Patch discriminators of `MMV_Im2Im` on an image and its reductions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiscaleDiscriminatorConfig {
    /// How many sizes are judged: the image itself, half of it, a quarter of it...
    #[schemars(range(min = 1, max = 8))]
    pub scales: usize,
    /// Channels of the first layer; they double up to eight times as many.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Layers that halve the image.
    #[schemars(range(min = 1, max = 8))]
    pub layers: usize,
    /// Normalisation of all layers but the first.
    pub norm: NormConfig,
}

impl Default for MultiscaleDiscriminatorConfig {
    fn default() -> Self {
        Self {
            scales: 2,
            base: 64,
            layers: 3,
            norm: NormConfig::INSTANCE,
        }
    }
}

impl Architecture for MultiscaleDiscriminatorConfig {
    type Network = MultiscaleDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, or more than one output channel is wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<MultiscaleDiscriminator, NetworkError> {
        check_scales(self.scales)?;
        let single = MmvPatchDiscriminatorConfig {
            base: self.base,
            layers: self.layers,
            norm: self.norm,
        };
        let patches = single.patches(scope)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let scales = (0..self.scales).map(|scale| {
            let mut scope = scope.at(format!("Scale_{scale}"));
            patches.build(MmvPatchDiscriminatorConfig::names, &mut scope)
        });
        let scales = scales.collect();
        let least = patches.least_size();
        Ok(MultiscaleDiscriminator::new(scales, false, least, scope))
    }
}

/// Patch discriminators of `pix2pixHD` on an image and its reductions, with features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HdMultiscaleDiscriminatorConfig {
    /// How many sizes are judged: the image itself, half of it, a quarter of it...
    #[schemars(range(min = 1, max = 8))]
    pub scales: usize,
    /// Channels of the first layer; they double with each layer up to 512.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// Layers that halve the image.
    #[schemars(range(min = 1, max = 8))]
    pub layers: usize,
    /// Normalisation of all layers but the first.
    pub norm: NormConfig,
    /// Whether the maps of all layers are outputs too, for a loss that compares them between real and
    /// made images.
    pub features: bool,
}

impl Default for HdMultiscaleDiscriminatorConfig {
    fn default() -> Self {
        Self {
            scales: 2,
            base: 64,
            layers: 3,
            norm: NormConfig::INSTANCE,
            features: true,
        }
    }
}

impl Architecture for HdMultiscaleDiscriminatorConfig {
    type Network = MultiscaleDiscriminator;

    /// # Errors
    ///
    /// When an option is outside its range, or more than one output channel is wanted.
    fn build(&self, scope: &mut Scope<'_>) -> Result<MultiscaleDiscriminator, NetworkError> {
        check_scales(self.scales)?;
        check(self.base, self.layers, scope)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let widths = std::iter::successors(Some(self.base), |&width| Some((2 * width).min(512)));
        let patches = PatchConfig {
            widths: widths.take(self.layers + 1).collect(),
            halving: self.layers,
            padding: 2,
            norm: self.norm,
            has_bias: true,
        };
        // The last scale of the reference's names is that of the whole image.
        let scales = (0..self.scales).rev().map(|number| {
            let names = |index| {
                let alone = [0, 1].map(|part| format!("scale{number}_layer{index}.{part}"));
                let mut names = vec![alone, in_sequence(&format!("layer{number}"), index)];
                if !self.features {
                    names.reverse();
                }
                names
            };
            patches.build(names, scope)
        });
        let scales = scales.collect();
        let least = patches.least_size();
        Ok(MultiscaleDiscriminator::new(
            scales,
            self.features,
            least,
            scope,
        ))
    }
}

fn check_scales(scales: usize) -> Result<(), NetworkError> {
    NetworkError::check_range("scales", scales as f64, 1.0, 8.0)
}

/// Discriminators of patches, each of an image half the size; see [`MultiscaleDiscriminatorConfig`].
#[derive(Module, Debug)]
pub struct MultiscaleDiscriminator {
    /// The first judges the image itself.
    scales: Vec<PatchScores>,
    /// What halves an image.
    #[module(skip)]
    window: Window,
    #[module(skip)]
    has_features: bool,
    #[module(skip)]
    sizes: SizeRule,
}

impl MultiscaleDiscriminator {
    /// `least` pixels have a score.
    fn new(scales: Vec<PatchScores>, has_features: bool, least: usize, scope: &Scope<'_>) -> Self {
        // Of so many pixels pooling leaves `least`.
        let least = (1..scales.len()).fold(least, |least, _| 2 * least - 1);
        Self {
            scales,
            window: Window {
                kernel: scope.cube(3),
                stride: scope.cube(2),
                padding: scope.border(1),
            },
            has_features,
            sizes: SizeRule::multiples_of([1; 3]).at_least(scope.cube(least)),
        }
    }
}

impl Network for MultiscaleDiscriminator {
    /// `[N, in, Z, Y, X]` to scores `[N, 1, Z', Y', X']` before a logistic function: those of the
    /// image itself as `main` and `scale0`, those of its half as `scale1` and so on. The maps of the
    /// layers below are `scale0_layer0`, `scale0_layer1` ...
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut image = FeatureMap::from_tensor(inputs.main);
        let mut named = Vec::new();
        for (scale, patches) in self.scales.iter().enumerate() {
            if scale > 0 {
                image = average_pool(image, self.window, false);
            }
            let mut maps = patches.forward(image.clone());
            let scores = maps.pop().expect("the scores are the last of the maps");
            named.push((format!("scale{scale}"), scores));
            if self.has_features {
                let layers = maps.into_iter().enumerate();
                named
                    .extend(layers.map(|(layer, map)| (format!("scale{scale}_layer{layer}"), map)));
            }
        }
        let named: Vec<_> = named
            .into_iter()
            .map(|(name, map)| (name, map.into_tensor()))
            .collect();
        let outputs = Outputs::new(named[0].1.clone());
        let with = |outputs: Outputs, (name, map): (String, _)| outputs.with(&name, map);
        named.into_iter().fold(outputs, with)
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
