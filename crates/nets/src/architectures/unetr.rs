//! UNETR (Hatamizadeh et al. 2022): a vision transformer whose layers feed the decoder of a U-Net.
//!
//! With its defaults it is MONAI's `UNETR`, whose names its tensors have.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{Dropout, FeatureMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{
        Projection, ProjectionBlocks, SelfAttentionConfig, TransformerBlock, UnetResBlock, UnetrUp,
        as_plane, map_to_tokens, tokens_to_map,
    },
    build::{Distribution, Extent, Initialization, NetworkError, Scope},
    layers::{Conv, ConvConfig, DropoutLayer, LayerNorm, Linear, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Pixels of a patch along each axis.
const PATCH: usize = 16;
/// Layers of the transformer.
const LAYERS: usize = 12;
/// The layers after which skip connections leave the transformer, from the highest to the lowest.
const SKIPS: [usize; 3] = [3, 6, 9];

/// How a patch becomes a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PatchProjection {
    /// By a convolution with the size of a patch as kernel and stride.
    #[default]
    Conv,
    /// By a fully connected layer on the values of the patch: the same function, but the weights lie
    /// in another order in files.
    Perceptron,
}

/// UNETR (Hatamizadeh et al. 2022): vision transformer, convolutional decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the reference"
)]
pub struct UnetrConfig {
    /// Size `[z, y, x]` of the images the network computes, or `[y, x]`, or one number for all axes;
    /// multiples of 16. Each patch has a place that is learned, so other sizes cannot be computed.
    pub image_size: Extent,
    /// Channels of the decoder at full resolution.
    #[schemars(range(min = 1, max = 1024))]
    pub feature_size: usize,
    /// Channels of a token of the transformer; a multiple of `heads`.
    #[schemars(range(min = 1, max = 8192))]
    pub hidden_size: usize,
    /// Channels inside the perceptron of each layer of the transformer.
    #[schemars(range(min = 1, max = 32768))]
    pub mlp_size: usize,
    /// Heads of each attention.
    #[schemars(range(min = 1, max = 1024))]
    pub heads: usize,
    /// How a patch becomes a token.
    pub projection: PatchProjection,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Whether the skip connections are convolved between the steps that enlarge them.
    pub conv_block: bool,
    /// Whether the blocks of convolutions have shortcuts.
    pub res_block: bool,
    /// Share of values that is dropped in the transformer while training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub dropout: f64,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Whether each layer of the transformer has the normalisation that MONAI keeps there since 1.4
    /// and computes nothing with. Results do not depend on it; `false` for weights of older versions.
    pub unused_norms: bool,
}

impl Default for UnetrConfig {
    fn default() -> Self {
        Self {
            image_size: Extent::All(96),
            feature_size: 16,
            hidden_size: 768,
            mlp_size: 3072,
            heads: 12,
            projection: PatchProjection::default(),
            norm: NormConfig::INSTANCE,
            conv_block: true,
            res_block: true,
            dropout: 0.0,
            qkv_bias: false,
            unused_norms: true,
        }
    }
}

impl Architecture for UnetrConfig {
    type Network = Unetr;

    /// # Errors
    ///
    /// When an option is outside its range, the image is not made of whole patches, or the heads
    /// cannot share the channels of a token equally.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Unetr, NetworkError> {
        self.check_ranges()?;
        let attention = SelfAttentionConfig {
            channels: self.hidden_size,
            heads: self.heads,
            qkv_bias: self.qkv_bias,
            weight_dropout: self.dropout,
            dropout: self.dropout,
        };
        attention.check_heads("heads")?;
        let io = scope.io();
        let patch = scope.cube(PATCH);
        let size = self.image_size(patch, scope)?;
        // What every layer of the reference starts with.
        scope.set_initialization(Initialization::Pytorch);
        let grid = [0, 1, 2].map(|axis| size[axis] / patch[axis]);
        let (hidden, features, norm) = (self.hidden_size, self.feature_size, self.norm);
        let blocks = match (self.conv_block, self.res_block) {
            (false, _) => ProjectionBlocks::None,
            (true, false) => ProjectionBlocks::Plain,
            (true, true) => ProjectionBlocks::Residual,
        };
        let channels = [io.in_channels, hidden];
        let vit = &mut scope.at("vit");
        let embedding = PatchEmbedding::new(self, channels, grid, &mut vit.at("patch_embedding"));
        let layers = (0..LAYERS).map(|layer| {
            let scope = &mut vit.at(format!("blocks.{layer}"));
            TransformerBlock::new(attention, self.mlp_size, self.unused_norms, scope)
        });
        let layers = layers.collect();
        let token_norm = LayerNorm::new(hidden, &mut vit.at("norm"));
        let stem = UnetResBlock::new(
            [io.in_channels, features],
            norm,
            self.res_block,
            &mut scope.at("encoder1.layer"),
        );
        let projections = (0..SKIPS.len()).map(|index| {
            let channels = [hidden, features << (index + 1)];
            let scope = &mut scope.at(format!("encoder{}", index + 2));
            Projection::new(channels, SKIPS.len() - 1 - index, norm, blocks, scope)
        });
        let projections = projections.collect();
        let decoder = (2..=5).rev().map(|number| {
            let output = features << (number - 2);
            let input = if number == 5 { hidden } else { 2 * output };
            let scope = &mut scope.at(format!("decoder{number}"));
            UnetrUp::new([input, output], norm, self.res_block, scope)
        });
        let decoder = decoder.collect();
        let head = ConvConfig::new([features, io.out_channels], [1; 3]);
        Ok(Unetr {
            embedding,
            layers,
            token_norm,
            stem,
            projections,
            decoder,
            head: head.build(&mut scope.at("out.conv.conv")),
            grid,
            size,
        })
    }
}

impl UnetrConfig {
    fn check_ranges(&self) -> Result<(), NetworkError> {
        for (key, value, [least, most]) in [
            ("feature_size", self.feature_size as f64, [1.0, 1024.0]),
            ("hidden_size", self.hidden_size as f64, [1.0, 8192.0]),
            ("mlp_size", self.mlp_size as f64, [1.0, 32768.0]),
            ("heads", self.heads as f64, [1.0, 1024.0]),
            ("dropout", self.dropout, [0.0, 0.99]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        Ok(())
    }

    fn image_size(&self, patch: [usize; 3], scope: &Scope<'_>) -> Result<[usize; 3], NetworkError> {
        const KEY: &str = "image_size";
        let size = self.image_size.resolve(KEY, scope.io())?;
        for axis in 0..3 {
            NetworkError::check_range(KEY, size[axis] as f64, 1.0, 65536.0)?;
            if size[axis] % patch[axis] != 0 {
                let problem = format!(
                    "{size:?} (z, y, x) is not made of whole patches of {patch:?} pixels; use \
                     multiples of {PATCH}"
                );
                return Err(NetworkError::new(KEY, problem));
            }
        }
        Ok(size)
    }
}

/// Makes a token of each patch and adds the vector of its place.
#[derive(Module, Debug)]
struct PatchEmbedding {
    conv: Option<Conv>,
    perceptron: Option<Linear>,
    /// `[1, T, hidden]`.
    positions: Param<Tensor<3>>,
    dropout: DropoutLayer,
    #[module(skip)]
    patch: [usize; 3],
}

impl PatchEmbedding {
    fn new(
        config: &UnetrConfig,
        channels: [usize; 2],
        grid: [usize; 3],
        scope: &mut Scope<'_>,
    ) -> Self {
        let [input, hidden] = channels;
        let patch = scope.cube(PATCH);
        let is_conv = config.projection == PatchProjection::Conv;
        let tokens = grid.iter().product();
        let distribution = Distribution::Normal {
            mean: 0.0,
            deviation: 0.02,
        };
        let conv = ConvConfig::new(channels, patch)
            .stride(patch)
            .padding([0; 3]);
        let values = input * patch.iter().product::<usize>();
        Self {
            positions: scope.table("position_embeddings", [1, tokens, hidden], distribution),
            conv: is_conv.then(|| conv.build(&mut scope.at("patch_embeddings"))),
            perceptron: (!is_conv)
                .then(|| Linear::new([values, hidden], true, &mut scope.at("patch_embeddings.1"))),
            dropout: DropoutLayer::new(config.dropout, Dropout::Values, &scope.at("dropout")),
            patch,
        }
    }

    /// `[N, in, Z, Y, X]` to tokens `[N, T, hidden]`.
    fn forward(&self, image: FeatureMap) -> Tensor<3> {
        let tokens = match (&self.conv, &self.perceptron) {
            (Some(conv), _) => map_to_tokens(conv.forward(image)),
            (None, Some(perceptron)) => perceptron.forward(self.patches(image)),
            (None, None) => map_to_tokens(image),
        };
        as_plane(tokens + self.positions.val(), |map| {
            self.dropout.forward(map)
        })
    }

    /// The values of each patch, `[N, T, pz * py * px * in]`.
    fn patches(&self, image: FeatureMap) -> Tensor<3> {
        let [n, c, z, y, x] = image.dims();
        let [pz, py, px] = self.patch;
        let [gz, gy, gx] = [z / pz, y / py, x / px];
        let split = image.into_tensor().reshape([n, c, gz, pz, gy, py, gx, px]);
        let patches = split.permute([0, 2, 4, 6, 3, 5, 7, 1]);
        patches.reshape([n, gz * gy * gx, pz * py * px * c])
    }
}

/// UNETR; see [`UnetrConfig`].
#[derive(Module, Debug)]
pub struct Unetr {
    embedding: PatchEmbedding,
    layers: Vec<TransformerBlock>,
    token_norm: LayerNorm,
    stem: UnetResBlock,
    projections: Vec<Projection>,
    decoder: Vec<UnetrUp>,
    head: Conv,
    #[module(skip)]
    grid: [usize; 3],
    #[module(skip)]
    size: [usize; 3],
}

impl Network for Unetr {
    /// `[N, in, Z, Y, X]` to scores `[N, out, Z, Y, X]` without a final activation.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let image = FeatureMap::from_tensor(inputs.main);
        let mut tokens = self.embedding.forward(image.clone());
        let mut skips = vec![self.stem.forward(image)];
        for (index, layer) in self.layers.iter().enumerate() {
            tokens = layer.forward(tokens);
            if let Some(skip) = SKIPS.iter().position(|&layer| layer == index) {
                let map = tokens_to_map(tokens.clone(), self.grid);
                skips.push(self.projections[skip].forward(map));
            }
        }
        let mut map = tokens_to_map(self.token_norm.forward(tokens), self.grid);
        for up in &self.decoder {
            if let Some(skip) = skips.pop() {
                map = up.forward(map, skip);
            }
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of(self.embedding.patch).fixed(self.size)
    }
}
