//! The inputs and outputs of networks.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

/// The inputs of a network: a main image and, for some networks, further maps by name.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `[N, C, Z, Y, X]`.
    pub main: Tensor<5>,
    /// Further maps, e.g. the target that a probabilistic network encodes while training.
    pub others: BTreeMap<String, Tensor<5>>,
    /// Seed of random layers: the same number, the same draws. Training gives every pass
    /// another.
    pub draw: u64,
    /// Share of the batch in running statistics, instead of each layer's own momentum.
    pub statistics_share: Option<f64>,
}

impl Inputs {
    /// Inputs of one map.
    pub fn new(main: Tensor<5>) -> Self {
        Self {
            main,
            others: BTreeMap::new(),
            draw: 0,
            statistics_share: None,
        }
    }

    /// The same with a further map.
    pub fn with(mut self, name: &str, map: Tensor<5>) -> Self {
        self.others.insert(name.to_owned(), map);
        self
    }

    /// The same with another number to draw from.
    pub fn with_draw(self, draw: u64) -> Self {
        Self { draw, ..self }
    }

    /// The same with another share of the batch in running statistics: `1 / k` for the `k`-th batch
    /// makes them the mean over batches.
    pub fn with_statistics_share(self, share: f64) -> Self {
        Self {
            statistics_share: Some(share),
            ..self
        }
    }
}

/// The outputs of a network: a main map and, for some networks, further maps by name.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// `[N, C, Z, Y, X]`; class scores before soft-max, or image values.
    pub main: Tensor<5>,
    /// Further maps, e.g. further heads or the levels of deep supervision.
    pub others: BTreeMap<String, Tensor<5>>,
}

impl Outputs {
    /// Outputs of one map.
    pub fn new(main: Tensor<5>) -> Self {
        Self {
            main,
            others: BTreeMap::new(),
        }
    }

    /// The same with a further map.
    pub fn with(mut self, name: &str, map: Tensor<5>) -> Self {
        self.others.insert(name.to_owned(), map);
        self
    }
}
