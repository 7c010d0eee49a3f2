//! The target of a loss, and the weights of its pixels.

use burn::tensor::Tensor;

use super::reduce::weighted_mean;

/// The truth that an output is compared with.
#[derive(Clone, Debug)]
pub struct Target {
    /// Class numbers `[N, 1, Z, Y, X]`, one 0 or 1 for each class `[N, C, Z, Y, X]`, or an image of the
    /// output's channels.
    pub values: Tensor<5>,
    /// Weight of each pixel, at least 0, `[N, 1, Z, Y, X]`: a pixel of 0 is left out. All pixels
    /// count alike without it. Losses of single values also take a weight for each channel,
    /// `[N, C, Z, Y, X]`.
    pub weight: Option<Tensor<5>>,
}

impl Target {
    /// A target whose pixels all count alike.
    pub fn new(values: Tensor<5>) -> Self {
        Self {
            values,
            weight: None,
        }
    }

    /// The same with a weight for each pixel, `[N, 1, Z, Y, X]`.
    pub fn with_weight(mut self, weight: Tensor<5>) -> Self {
        self.weight = Some(weight);
        self
    }

    /// The same where pixels of a class number do not count.
    pub fn ignoring(self, class: f32) -> Self {
        let counts = self.values.clone().not_equal_scalar(class).float();
        let weight = match &self.weight {
            Some(weight) => weight.clone() * counts,
            None => counts,
        };
        self.with_weight(weight)
    }

    /// The mean of values `[N, C, Z, Y, X]` by the weights of their pixels; 0 when nothing counts.
    pub fn mean(&self, values: Tensor<5>) -> Tensor<1> {
        weighted_mean(values, self.weight.as_ref())
    }

    /// Whether each pixel is in each class, `[N, classes, Z, Y, X]`; a pixel of a number that is no
    /// class is in none.
    pub fn indicators(&self, classes: usize) -> Tensor<5> {
        if classes == 1 || self.values.dims()[1] == classes {
            return self.values.clone();
        }
        let indicators = (0..classes)
            .map(|class| self.values.clone().equal_scalar(class as f32).float())
            .collect();
        Tensor::cat(indicators, 1)
    }
}
