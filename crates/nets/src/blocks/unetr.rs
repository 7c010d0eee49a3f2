//! The convolutional blocks around the transformers of UNETR (Hatamizadeh et al. 2022) and Swin
//! UNETR, named as in MONAI.

use burn::module::Module;
use coverslip_ops::FeatureMap;

use super::unet_res_block::UnetResBlock;
use crate::{
    build::Scope,
    layers::{ConvTranspose, ConvTransposeConfig, NormConfig},
};

/// Doubles the size of a map without a bias.
fn doubling(channels: [usize; 2], scope: &mut Scope<'_>) -> ConvTranspose {
    let config = ConvTransposeConfig::blocks(channels, scope.cube(2));
    config.bias(false).build(&mut scope.at("conv"))
}

/// Raises the tokens of a layer of the transformer to the size of a level of the decoder
/// (`UnetrPrUpBlock`).
#[derive(Module, Debug)]
pub struct Projection {
    first: ConvTranspose,
    /// The other doublings.
    ups: Vec<ConvTranspose>,
    /// One after each of `ups`, if any.
    blocks: Vec<UnetResBlock>,
}

/// What convolutions follow each further doubling of a [`Projection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectionBlocks {
    /// None.
    None,
    /// Two convolutions.
    Plain,
    /// Two convolutions with a shortcut.
    Residual,
}

impl Projection {
    /// Doubles the size `1 + further` times.
    pub fn new(
        channels: [usize; 2],
        further: usize,
        norm: NormConfig,
        blocks: ProjectionBlocks,
        scope: &mut Scope<'_>,
    ) -> Self {
        let [_, output] = channels;
        let mut projection = Self {
            first: doubling(channels, &mut scope.at("transp_conv_init")),
            ups: Vec::new(),
            blocks: Vec::new(),
        };
        for index in 0..further {
            let mut scope = scope.at(format!("blocks.{index}"));
            let pair = [output, output];
            if blocks == ProjectionBlocks::None {
                projection.ups.push(doubling(pair, &mut scope));
                continue;
            }
            let is_residual = blocks == ProjectionBlocks::Residual;
            projection.ups.push(doubling(pair, &mut scope.at("0")));
            let block = UnetResBlock::new(pair, norm, is_residual, &mut scope.at("1"));
            projection.blocks.push(block);
        }
        projection
    }

    /// `[N, in, Z, Y, X]` to `[N, out, f Z, f Y, f X]` with `f = 2^(1 + further)` (1 along Z in 2D).
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = self.first.forward(input);
        for (index, up) in self.ups.iter().enumerate() {
            map = up.forward(map);
            if let Some(block) = self.blocks.get(index) {
                map = block.forward(map);
            }
        }
        map
    }
}

/// Doubles a map, joins it with a skip connection and convolves both (`UnetrUpBlock`).
#[derive(Module, Debug)]
pub struct UnetrUp {
    up: ConvTranspose,
    block: UnetResBlock,
}

impl UnetrUp {
    /// From `channels[0]` below to `channels[1]`, which the skip connection has too.
    pub fn new(
        channels: [usize; 2],
        norm: NormConfig,
        is_residual: bool,
        scope: &mut Scope<'_>,
    ) -> Self {
        let [_, output] = channels;
        let joined = [2 * output, output];
        Self {
            up: doubling(channels, &mut scope.at("transp_conv")),
            block: UnetResBlock::new(joined, norm, is_residual, &mut scope.at("conv_block")),
        }
    }

    /// `[N, in, Z, Y, X]` and a skip `[N, out, 2 Z, 2 Y, 2 X]` (Z in 2D) to the size of the skip.
    pub fn forward(&self, input: FeatureMap, skip: FeatureMap) -> FeatureMap {
        let raised = self.up.forward(input);
        self.block.forward(FeatureMap::concat(vec![raised, skip]))
    }
}
