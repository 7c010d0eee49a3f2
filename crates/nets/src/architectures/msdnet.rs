//! The mixed-scale dense network of dlsia (`MixedScaleDenseNetwork`, after Pelt and Sethian 2018): no
//! scaling, dilated convolutions, every layer sees all maps before it.

use std::fmt::Display;

use burn::module::Module;
use coverslip_ops::{Activation, Dropout, FeatureMap, Margin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    build::{NetworkError, Scope},
    layers::{Activate, ActivationConfig, Conv, ConvConfig, DropoutLayer, Norm, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// What lies beyond the edge of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaddingMode {
    /// Zeros.
    #[default]
    Zeros,
    /// The mirror image, the outermost pixels not repeated; images must be larger than the dilation.
    Reflect,
    /// The outermost pixels.
    Replicate,
    /// The pixels of the other side.
    Circular,
}

/// Mixed-scale dense network of dlsia (Pelt and Sethian 2018): few weights, no scaling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MsdnetConfig {
    /// Number of layers.
    #[schemars(range(min = 1, max = 1000))]
    pub layers: usize,
    /// New maps that each layer adds.
    #[schemars(range(min = 1, max = 64))]
    pub width: usize,
    /// The dilations go round from 1 to this.
    #[schemars(range(min = 1, max = 1000))]
    pub max_dilation: usize,
    /// Dilations that the layers take in turn instead.
    pub dilations: Option<Vec<usize>>,
    /// Dilations of each new map (rows) in each layer (columns) instead; they decide `layers` and
    /// `width`.
    pub dilation_table: Option<Vec<Vec<usize>>>,
    /// Size of the convolutions, odd.
    #[schemars(range(min = 1, max = 15))]
    pub kernel: usize,
    /// What lies beyond the edge of a map.
    pub padding: PaddingMode,
    /// Normalisation of all maps behind each layer, after the activation.
    pub norm: NormConfig,
    /// Activation of all maps behind each layer.
    pub activation: ActivationConfig,
    /// Function of the output.
    pub final_activation: ActivationConfig,
    /// Whether the input too goes through `activation` and then `final_activation`, as in dlsia, whose
    /// weights expect it. Without it negative values of an image are not lost.
    pub activate_input: bool,
    /// Shares that dropout sets to zero: of the input, behind each layer, and before the last
    /// convolution.
    pub dropout: [f64; 3],
}

impl Default for MsdnetConfig {
    fn default() -> Self {
        Self {
            layers: 40,
            width: 1,
            max_dilation: 10,
            dilations: None,
            dilation_table: None,
            kernel: 3,
            padding: PaddingMode::Zeros,
            norm: NormConfig::BATCH,
            activation: ActivationConfig::RELU,
            final_activation: ActivationConfig::NONE,
            activate_input: true,
            dropout: [0.0; 3],
        }
    }
}

impl MsdnetConfig {
    fn check(&self) -> Result<(), NetworkError> {
        for (key, value, [least, most]) in [
            ("layers", self.layers as f64, [1.0, 1000.0]),
            ("width", self.width as f64, [1.0, 64.0]),
            ("max_dilation", self.max_dilation as f64, [1.0, 1000.0]),
            ("kernel", self.kernel as f64, [1.0, 15.0]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        for rate in self.dropout {
            NetworkError::check_range("dropout", rate, 0.0, 0.99)?;
        }
        if self.kernel.is_multiple_of(2) {
            let problem = format!("{} is even; use an odd size such as 3", self.kernel);
            return Err(NetworkError::new("kernel", problem));
        }
        Ok(())
    }

    /// The dilations of the new maps of each layer.
    fn plan(&self) -> Result<Vec<Vec<usize>>, NetworkError> {
        let plan = if let Some(rows) = &self.dilation_table {
            let layers = rows.first().map_or(0, Vec::len);
            if layers == 0 || rows.iter().any(|row| row.len() != layers) {
                let problem = "the rows must have one entry for each layer, all as many";
                return Err(NetworkError::new("dilation_table", problem));
            }
            NetworkError::check_range("dilation_table", layers as f64, 1.0, 1000.0)?;
            NetworkError::check_range("dilation_table", rows.len() as f64, 1.0, 64.0)?;
            let column = |layer: usize| rows.iter().map(|row| row[layer]).collect();
            (0..layers).map(column).collect()
        } else if let Some(dilations) = &self.dilations {
            if dilations.is_empty() {
                return Err(NetworkError::new("dilations", "the list is empty"));
            }
            let of_layer = |layer: usize| vec![dilations[layer % dilations.len()]; self.width];
            (0..self.layers).map(of_layer).collect()
        } else {
            let of_layer = |layer: usize| {
                let number = |map: usize| (layer * self.width + map) % self.max_dilation + 1;
                (0..self.width).map(number).collect()
            };
            (0..self.layers).map(of_layer).collect::<Vec<Vec<usize>>>()
        };
        let most = plan.iter().flatten().copied().max().unwrap_or(1);
        let least = plan.iter().flatten().copied().min().unwrap_or(1);
        NetworkError::check_range("dilations", least as f64, 1.0, 1000.0)?;
        NetworkError::check_range("dilations", most as f64, 1.0, 1000.0)?;
        Ok(plan)
    }

    fn margin(&self) -> Option<Margin> {
        match self.padding {
            PaddingMode::Zeros => None,
            PaddingMode::Reflect => Some(Margin::Reflect),
            PaddingMode::Replicate => Some(Margin::Replicate),
            PaddingMode::Circular => Some(Margin::Circular),
        }
    }

    /// The activation that all layers share.
    fn activation(&self, layers: usize, scope: &mut Scope<'_>) -> Activate {
        let names = (0..layers).map(|layer| format!("activation_{layer}"));
        let names: Vec<String> = std::iter::once("activation".to_owned())
            .chain(names)
            .collect();
        let names: Vec<_> = names.iter().map(|name| name as &dyn Display).collect();
        self.activation.build(1, &mut scope.at_any(&names))
    }

    fn size_rule(&self, plan: &[Vec<usize>], scope: &Scope<'_>) -> SizeRule {
        let half = self.kernel / 2;
        let widest = |layer: &Vec<usize>| half * layer.iter().max().unwrap_or(&1);
        let reach: usize = plan.iter().map(widest).sum();
        let is_stack = scope.io().dimensions == 3;
        let along = |pixels: usize| [if is_stack { pixels } else { 0 }, pixels, pixels];
        let sizes = SizeRule::multiples_of([1; 3]);
        // A mirror image or the other side is of the tile, not of the image, but only at the edge.
        let widest = plan.iter().map(widest).max().unwrap_or(0);
        let least = match self.padding {
            PaddingMode::Reflect | PaddingMode::Circular => along(widest + 1).map(|n| n.max(1)),
            PaddingMode::Zeros | PaddingMode::Replicate => [1; 3],
        };
        if self.norm.sees_whole_image() || self.padding == PaddingMode::Circular {
            return sizes.at_least(least);
        }
        sizes.at_least(least).with_margin(along(reach))
    }
}

impl Architecture for MsdnetConfig {
    type Network = Msdnet;

    /// # Errors
    ///
    /// When an option is outside its range or the dilations do not fit the layers.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Msdnet, NetworkError> {
        self.check()?;
        let plan = self.plan()?;
        if self.activation.is_per_channel() {
            return Err(self.activation.not_shared("activation"));
        }
        let io = scope.io();
        let mut channels = io.in_channels;
        let mut layers = Vec::new();
        for (index, dilations) in plan.iter().enumerate() {
            let convs: Vec<Conv> = dilations
                .iter()
                .enumerate()
                .map(|(number, &dilation)| {
                    let kernel = scope.cube(self.kernel);
                    let mut dilations = scope.cube(dilation);
                    if io.dimensions == 2 {
                        dilations[0] = 1;
                    }
                    let mut conv = ConvConfig::new([channels, 1], kernel).dilation(dilations);
                    if self.margin().is_some() {
                        conv = conv.padding([0; 3]);
                    }
                    conv.build(&mut scope.at(format!("layer_{index}.conv_{number}")))
                })
                .collect();
            channels += convs.len();
            let norm = self.norm;
            let reach = |&dilation: &usize| {
                let pixels = self.kernel / 2 * dilation;
                [if io.dimensions == 3 { pixels } else { 0 }, pixels, pixels]
            };
            layers.push(Layer {
                convs,
                norm: norm.build(channels, &mut scope.at(format!("normalization_{index}"))),
                reaches: dilations.iter().map(reach).collect(),
            });
        }
        let head = ConvConfig::new([channels, io.out_channels], [1; 3]);
        let dropout = |rate: f64, scope: &Scope<'_>| {
            (rate > 0.0).then(|| DropoutLayer::new(rate, Dropout::Values, scope))
        };
        let [initial, hidden, last] = self.dropout;
        Ok(Msdnet {
            initial_dropout: dropout(initial, &scope.at("initial_dropout")),
            hidden_dropout: dropout(hidden, &scope.at("hidden_dropout")),
            final_dropout: dropout(last, &scope.at("final_dropout")),
            layers,
            head: head.build(&mut scope.at("final_convolution")),
            margin: self.margin(),
            activation: self.activation(plan.len(), scope),
            final_activation: self.final_activation.build(
                io.out_channels,
                &mut scope.at_any(&[&"final_layer", &"final_activation"]),
            ),
            activate_input: self.activate_input,
            sizes: self.size_rule(&plan, scope),
        })
    }
}

/// New maps from all maps before, which go through the activation and the normalisation with them.
#[derive(Module, Debug)]
struct Layer {
    convs: Vec<Conv>,
    norm: Norm,
    /// How far each convolution looks beyond a pixel, `[Z, Y, X]`.
    #[module(skip)]
    reaches: Vec<[usize; 3]>,
}

impl Layer {
    fn forward(&self, input: FeatureMap, network: &Msdnet) -> FeatureMap {
        let function = network.activation.function();
        if let ([conv], None, None, Some(function)) = (
            self.convs.as_slice(),
            network.margin,
            &network.hidden_dropout,
            function,
        ) {
            return conv.forward_stacked(input, &self.norm, function);
        }
        let new = self.convs.iter().zip(&self.reaches).map(|(conv, reach)| {
            let input = input.clone();
            conv.forward(match network.margin {
                Some(margin) => input.pad(reach.map(|pixels| (pixels, pixels)), margin),
                None => input,
            })
        });
        let mut maps: Vec<FeatureMap> = std::iter::once(input.clone()).chain(new).collect();
        if let Some(dropout) = &network.hidden_dropout {
            maps = vec![dropout.forward(FeatureMap::concat(maps))];
        }
        if let Some(function) = function {
            return self.norm.forward_stacked(maps, function);
        }
        let map = network.activation.forward(FeatureMap::concat(maps));
        self.norm.forward(map, Activation::None)
    }
}

/// The network; see [`MsdnetConfig`].
#[derive(Module, Debug)]
pub struct Msdnet {
    initial_dropout: Option<DropoutLayer>,
    hidden_dropout: Option<DropoutLayer>,
    final_dropout: Option<DropoutLayer>,
    layers: Vec<Layer>,
    head: Conv,
    #[module(skip)]
    margin: Option<Margin>,
    activation: Activate,
    final_activation: Activate,
    #[module(skip)]
    activate_input: bool,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for Msdnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let drop = |dropout: &Option<DropoutLayer>, map| match dropout {
            Some(dropout) => dropout.forward(map),
            None => map,
        };
        let mut map = FeatureMap::from_tensor(inputs.main);
        if self.activate_input {
            map = self.final_activation.forward(self.activation.forward(map));
        }
        map = drop(&self.initial_dropout, map);
        for layer in &self.layers {
            map = layer.forward(map, self);
        }
        let output = self.head.forward(drop(&self.final_dropout, map));
        Outputs::new(self.final_activation.forward(output).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
