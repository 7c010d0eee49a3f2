//! The probabilistic U-Net (Kohl et al. 2018) as `mmv_im2im` has it: a U-Net whose last layers also see
//! a random latent vector, so that one image has many plausible segmentations.

use burn::{
    module::Module,
    tensor::{Tensor, TensorData},
};
use coverslip_ops::{FeatureMap, global_average_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{AdnConfig, ConvAdn, PartNames, TransposedAdn, enlarging, levels},
    build::{Distribution, Extent, NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Probabilistic U-Net (Kohl et al. 2018): many plausible segmentations of one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProbabilisticUnetConfig {
    /// Channels of each level from the finest; each twice those of the level before.
    pub channels: Vec<usize>,
    /// Reduction before each level; 1 for the first.
    pub strides: Vec<Extent>,
    /// Kernel of the convolutions.
    pub kernel: Extent,
    /// Kernel of the transposed convolutions.
    pub up_kernel: Extent,
    /// Share of values that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Numbers in the latent vector.
    #[schemars(range(min = 1, max = 1024))]
    pub latent: usize,
}

impl Default for ProbabilisticUnetConfig {
    fn default() -> Self {
        let mut strides = vec![Extent::All(2); 5];
        strides[0] = Extent::All(1);
        Self {
            channels: vec![32, 64, 128, 256, 512],
            strides,
            kernel: Extent::All(3),
            up_kernel: Extent::All(3),
            dropout: 0.0,
            latent: 6,
        }
    }
}

impl ProbabilisticUnetConfig {
    fn check(&self) -> Result<(), NetworkError> {
        NetworkError::check_range("latent", self.latent as f64, 1.0, 1024.0)?;
        let levels = self.channels.len();
        NetworkError::check_range("channels", levels as f64, 2.0, 9.0)?;
        let mut pairs = self.channels.windows(2);
        if let Some([above, level]) = pairs.find(|pair| pair[1] != 2 * pair[0]) {
            let problem = format!("{level} must be twice {above}, the level above it");
            return Err(NetworkError::new("channels", problem));
        }
        NetworkError::check_range("channels", self.channels[0] as f64, 1.0, 4096.0)
    }
}

impl Architecture for ProbabilisticUnetConfig {
    type Network = ProbabilisticUnet;

    /// # Errors
    ///
    /// When an option is outside its range, channels do not double from level to level, there are not
    /// as many strides, or a kernel is even.
    fn build(&self, scope: &mut Scope<'_>) -> Result<ProbabilisticUnet, NetworkError> {
        self.check()?;
        let io = scope.io();
        let count = self.channels.len();
        let strides = Extent::resolve_levels(&self.strides, count, "strides", io)?;
        let unit = AdnConfig::new(NormConfig::BATCH, ActivationConfig::RELU).dropout(self.dropout);
        unit.check()?;
        let kernel = levels::odd_kernel("kernel", self.kernel, scope)?;
        let up_kernel = levels::odd_kernel("up_kernel", self.up_kernel, scope)?;
        let block =
            |pair, stride, scope: &mut Scope<'_>| Block::new(pair, kernel, stride, &unit, scope);
        let encoder = |input, name: &str, scope: &mut Scope<'_>| {
            let mut input = input;
            let mut blocks = Vec::new();
            for (level, &channels) in self.channels.iter().enumerate() {
                let scope = &mut scope.at(format!("{name}.{level}"));
                blocks.push(block([input, channels], strides[level], scope));
                input = channels;
            }
            blocks
        };
        let unet_encoder = encoder(io.in_channels, "unet_encoder", scope);
        let latent_net = |input, scope: &mut Scope<'_>| {
            let blocks = encoder(input, "blocks", scope);
            let bottom = self.channels[count - 1];
            let head = ConvConfig::new([bottom, self.latent], [1; 3]);
            LatentNet {
                blocks,
                mean: head.build(&mut scope.at("mu_layer.conv")),
                log_variance: head.build(&mut scope.at("logvar_layer.conv")),
            }
        };
        let prior_net = latent_net(io.in_channels, &mut scope.at("prior_net"));
        let both = io.in_channels.saturating_add(io.out_channels);
        let posterior_net = latent_net(both, &mut scope.at("posterior_net"));
        let mut unet_decoder = Vec::new();
        for (number, level) in (0..count - 1).rev().enumerate() {
            let pair = [self.channels[level + 1], self.channels[level]];
            let up = enlarging(pair, up_kernel, strides[level + 1]);
            let place = &mut scope.at(format!("unet_decoder.{}.up", 2 * number));
            let up = TransposedAdn::new(up, pair[1], &unit, PartNames::MONAI, place);
            let scope = &mut scope.at(format!("unet_decoder.{}", 2 * number + 1));
            unet_decoder.push((up, block(pair, [1; 3], scope)));
        }
        let (ups, decoder) = unet_decoder.into_iter().unzip();
        let top = self.channels[0];
        let path = [top + self.latent, top, top, io.out_channels];
        let mut f_comb = Vec::new();
        for (index, pair) in path.windows(2).enumerate() {
            let conv = ConvConfig::new([pair[0], pair[1]], [1; 3]);
            f_comb.push(conv.build(&mut scope.at(format!("f_comb.{index}.conv"))));
        }
        let total = [0, 1, 2].map(|axis| strides.iter().map(|stride| stride[axis]).product());
        Ok(ProbabilisticUnet {
            unet_encoder,
            prior_net,
            posterior_net,
            ups,
            decoder,
            f_comb,
            classes: io.out_channels,
            latent: self.latent,
            sizes: SizeRule::multiples_of(total),
        })
    }
}

/// Two convolutions, the first perhaps strided, with batch normalisation and `ReLU`.
#[derive(Module, Debug)]
struct Block {
    units: [ConvAdn; 2],
}

impl Block {
    fn new(
        [input, output]: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        adn: &AdnConfig,
        scope: &mut Scope<'_>,
    ) -> Self {
        let mut unit = |conv, name| ConvAdn::new(conv, adn, PartNames::MONAI, &mut scope.at(name));
        let first = ConvConfig::new([input, output], kernel).stride(stride);
        let second = ConvConfig::new([output; 2], kernel);
        Self {
            units: [unit(first, "conv.0"), unit(second, "conv.1")],
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.units.iter().fold(input, |map, unit| unit.forward(map))
    }
}

/// From images to a normal distribution of latent vectors.
#[derive(Module, Debug)]
struct LatentNet {
    blocks: Vec<Block>,
    mean: Conv,
    log_variance: Conv,
}

impl LatentNet {
    /// Mean and logarithm of the variance, each `[N, L, 1, 1, 1]`.
    fn forward(&self, input: FeatureMap) -> [Tensor<5>; 2] {
        let map = self
            .blocks
            .iter()
            .fold(input, |map, block| block.forward(map));
        let vector = global_average_pool(map);
        let mean = self.mean.forward(vector.clone());
        [mean, self.log_variance.forward(vector)].map(FeatureMap::into_tensor)
    }
}

/// The network; see [`ProbabilisticUnetConfig`].
#[derive(Module, Debug)]
pub struct ProbabilisticUnet {
    unet_encoder: Vec<Block>,
    prior_net: LatentNet,
    posterior_net: LatentNet,
    ups: Vec<TransposedAdn>,
    decoder: Vec<Block>,
    f_comb: Vec<Conv>,
    #[module(skip)]
    classes: usize,
    #[module(skip)]
    latent: usize,
    #[module(skip)]
    sizes: SizeRule,
}

impl ProbabilisticUnet {
    fn features(&self, image: FeatureMap) -> FeatureMap {
        let mut map = image;
        let mut skips = Vec::new();
        for block in &self.unet_encoder {
            map = block.forward(map);
            skips.push(map.clone());
        }
        skips.pop();
        for (up, block) in self.ups.iter().zip(&self.decoder) {
            if let Some(skip) = skips.pop() {
                map = block.forward(FeatureMap::concat(vec![up.forward(map), skip]));
            }
        }
        map
    }

    /// Class scores from features and a latent vector, `mean + noise * deviation`.
    fn combine(
        &self,
        features: &FeatureMap,
        latent: &[Tensor<5>; 2],
        noise: &Tensor<5>,
    ) -> Tensor<5> {
        let [mean, log_variance] = latent.clone();
        let vector = mean + noise.clone() * (log_variance * 0.5).exp();
        let [n, _, z, y, x] = features.dims();
        let vector = vector.expand([n, self.latent, z, y, x]);
        let both = FeatureMap::concat(vec![features.clone(), FeatureMap::from_tensor(vector)]);
        let scores = self.f_comb.iter().fold(both, |map, conv| conv.forward(map));
        scores.into_tensor()
    }

    fn noise(&self, inputs: &Inputs) -> Tensor<5> {
        let images = inputs.main.dims()[0];
        inputs.others.get("noise").cloned().unwrap_or_else(|| {
            let normal = Distribution::Normal {
                mean: 0.0,
                deviation: 1.0,
            };
            let values = normal.values(images * self.latent, inputs.draw, "latent");
            let data = TensorData::new(values, [images, self.latent, 1, 1, 1]);
            Tensor::from_data(data, &inputs.main.device())
        })
    }

    /// `[N, 1, Z, Y, X]` class numbers to `[N, classes, Z, Y, X]` of zeros and ones; a target of as many
    /// channels as there are classes stays as it is.
    fn one_hot(&self, labels: &Tensor<5>) -> Tensor<5> {
        if labels.dims()[1] == self.classes {
            return labels.clone();
        }
        let classes = (0..self.classes)
            .map(|class| labels.clone().equal_elem(class as f32).float())
            .collect();
        Tensor::cat(classes, 1)
    }
}

impl Network for ProbabilisticUnet {
    /// `[N, in, Z, Y, X]` to class scores `[N, out, Z, Y, X]`.
    ///
    /// Inputs by name: `target`, class numbers `[N, 1, Z, Y, X]` or a share of each class
    /// `[N, out, Z, Y, X]`, which training gives; `noise`, standard normal numbers `[N, L, 1, 1, 1]`, drawn when absent. With a target the latent vector
    /// is the posterior's, otherwise the prior's. Further outputs, each `[N, L, 1, 1, 1]`:
    /// `prior_mean`, `prior_log_variance`, and with a target `posterior_mean`,
    /// `posterior_log_variance`; also `prior_prediction`, the scores without the target.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let noise = self.noise(&inputs);
        let image = FeatureMap::from_tensor(inputs.main.clone());
        let features = self.features(image.clone());
        let prior = self.prior_net.forward(image);
        let from_prior = self.combine(&features, &prior, &noise);
        let mut outputs = match inputs.others.get("target") {
            None => Outputs::new(from_prior),
            Some(target) => {
                let both = vec![inputs.main, self.one_hot(target)];
                let both = FeatureMap::from_tensor(Tensor::cat(both, 1));
                let posterior = self.posterior_net.forward(both);
                let [mean, log_variance] = posterior.clone();
                Outputs::new(self.combine(&features, &posterior, &noise))
                    .with("posterior_mean", mean)
                    .with("posterior_log_variance", log_variance)
                    .with("prior_prediction", from_prior)
            }
        };
        let [mean, log_variance] = prior;
        outputs = outputs.with("prior_mean", mean);
        outputs.with("prior_log_variance", log_variance)
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
