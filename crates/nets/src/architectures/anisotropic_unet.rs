//! The U-Net for stacks with thick planes of the Allen Institute's segmenter (`UNet3D`, `xy_zoom`):
//! it never reduces the image along Z.

use burn::module::Module;
use coverslip_ops::{FeatureMap, max_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvStack, UnitConfig},
    build::{NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// U-Net for stacks with thick planes of the Allen segmenter: never reduces along Z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnisotropicUnetConfig {
    /// Channels of the first convolution.
    #[schemars(range(min = 1, max = 256))]
    pub base: usize,
    /// How much the planes are reduced before everything else.
    #[schemars(range(min = 1, max = 16))]
    pub down_ratio: usize,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Channels of two further outputs, `head1` and `head2`, from the second and third level: training
    /// on them too reaches the deep layers. Scale and shift of the normalisations are then left out.
    pub further_heads: Option<[usize; 2]>,
}

impl Default for AnisotropicUnetConfig {
    fn default() -> Self {
        Self {
            base: 32,
            down_ratio: 2,
            norm: NormConfig::BATCH,
            further_heads: None,
        }
    }
}

impl AnisotropicUnetConfig {
    fn stack(&self, channels: [usize; 3], scope: &mut Scope<'_>) -> ConvStack {
        let norm = self.norm;
        let affine = norm.affine && self.further_heads.is_none();
        let unit = UnitConfig {
            norm: NormConfig { affine, ..norm },
            dropout: 0.0,
            activation: ActivationConfig::RELU,
        };
        let kernel = scope.cube(3);
        let conv = |pair| ConvConfig::new(pair, kernel);
        ConvStack::numbered(&channels, conv, unit, ConvStack::steps(unit), scope)
    }

    /// Half-widths of all layers on the deepest path, in pixels of full resolution.
    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let ratio = self.down_ratio;
        let sizes = SizeRule::multiples_of([1, 8 * ratio, 8 * ratio]);
        if self.norm.sees_whole_image() {
            return sizes;
        }
        // Convolutions at scales 1, 2, 4, 8 of the reduced planes on the way down and 4, 2, 1 back, two
        // each, and two at full resolution; each reduction adds its block twice.
        let planar = ratio * 2 * (1 + 2 + 4 + 8 + 4 + 2 + 1) + 2 + 2 * (8 * ratio - 1);
        let along_z = if scope.io().dimensions == 2 { 0 } else { 2 * 8 };
        sizes.with_margin([along_z, planar, planar])
    }
}

impl Architecture for AnisotropicUnetConfig {
    type Network = AnisotropicUnet;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<AnisotropicUnet, NetworkError> {
        NetworkError::check_range("base", self.base as f64, 1.0, 256.0)?;
        NetworkError::check_range("down_ratio", self.down_ratio as f64, 1.0, 16.0)?;
        if self.further_heads.is_some_and(|heads| heads.contains(&0)) {
            let problem = "a head without channels; give each at least 1";
            return Err(NetworkError::new("further_heads", problem));
        }
        let io = scope.io();
        let (b, ratio) = (self.base, self.down_ratio);
        let mut encoder = Vec::new();
        let mut input = io.in_channels;
        for level in 0..4 {
            let width = b << level;
            let name = format!("ec{}", level + 1);
            encoder.push(self.stack([input, width, 2 * width], &mut scope.at(name)));
            input = 2 * width;
        }
        let up = |channels, factor, name: &str, scope: &mut Scope<'_>| {
            ConvTransposeConfig::blocks(channels, [1, factor, factor]).build(&mut scope.at(name))
        };
        let mut ups = Vec::new();
        let mut decoder = Vec::new();
        for level in (1..4).rev() {
            ups.push(up([input; 2], 2, &format!("up{level}"), scope));
            let width = b << level;
            let channels = [input + width, width, width];
            decoder.push(self.stack(channels, &mut scope.at(format!("dc{level}"))));
            input = width;
        }
        let heads = match self.further_heads {
            Some([first, second]) => vec![
                FurtherHead::new([4 * b, first], 2 * ratio, 1, scope),
                FurtherHead::new([8 * b, second], 4 * ratio, 2, scope),
            ],
            None => Vec::new(),
        };
        Ok(AnisotropicUnet {
            encoder,
            ups,
            decoder,
            last_up: up([2 * b; 2], ratio, "up0", scope),
            last: self.stack([2 * b; 3], &mut scope.at("dc0")),
            head: ConvConfig::new([2 * b, io.out_channels], [1; 3])
                .build(&mut scope.at("predict0")),
            further_heads: heads,
            ratio,
            sizes: self.size_rule(scope),
        })
    }
}

/// An output of a deeper level at full resolution.
#[derive(Module, Debug)]
struct FurtherHead {
    up: ConvTranspose,
    conv: Conv,
    predict: Conv,
}

impl FurtherHead {
    fn new(
        [input, output]: [usize; 2],
        factor: usize,
        number: usize,
        scope: &mut Scope<'_>,
    ) -> Self {
        let kernel = scope.cube(3);
        let mut at = |name: &str| format!("{name}{number}a");
        let [up, conv, predict] = ["up", "conv", "predict"].map(&mut at);
        Self {
            up: ConvTransposeConfig::blocks([input, output], [1, factor, factor])
                .build(&mut scope.at(up)),
            conv: ConvConfig::new([output; 2], kernel).build(&mut scope.at(conv)),
            predict: ConvConfig::new([output; 2], [1; 3]).build(&mut scope.at(predict)),
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.predict
            .forward(self.conv.forward(self.up.forward(input)))
    }
}

/// The network; see [`AnisotropicUnetConfig`].
#[derive(Module, Debug)]
pub struct AnisotropicUnet {
    encoder: Vec<ConvStack>,
    ups: Vec<ConvTranspose>,
    decoder: Vec<ConvStack>,
    last_up: ConvTranspose,
    last: ConvStack,
    head: Conv,
    further_heads: Vec<FurtherHead>,
    #[module(skip)]
    ratio: usize,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for AnisotropicUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`; further outputs `head1` and `head2` of the same size
    /// where the config asks for them.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = max_pool(
            FeatureMap::from_tensor(inputs.main),
            [1, self.ratio, self.ratio],
        );
        let mut skips = Vec::new();
        for (level, block) in self.encoder.iter().enumerate() {
            if level > 0 {
                skips.push(map.clone());
                map = max_pool(map, [1, 2, 2]);
            }
            map = block.forward(map);
        }
        let mut decoded = Vec::new();
        for (up, block) in self.ups.iter().zip(&self.decoder) {
            if let Some(skip) = skips.pop() {
                map = block.forward(FeatureMap::concat(vec![up.forward(map), skip]));
                decoded.push(map.clone());
            }
        }
        let map = self.last.forward(self.last_up.forward(map));
        let mut outputs = Outputs::new(self.head.forward(map).into_tensor());
        // From the decoder's second level, then from its first.
        let levels = decoded.into_iter().rev().skip(1);
        for ((head, level), name) in self
            .further_heads
            .iter()
            .zip(levels)
            .zip(["head1", "head2"])
        {
            outputs = outputs.with(name, head.forward(level).into_tensor());
        }
        outputs
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
