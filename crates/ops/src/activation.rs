use burn::tensor::activation;

use crate::FeatureMap;

/// A function applied to every value of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// The identity.
    None,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu {
        /// Slope of the negative half.
        slope: f64,
    },
    /// Gaussian error linear unit, exact form: `x * Phi(x)`.
    Gelu,
    /// `x * sigmoid(x)`, also called Swish.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
}

/// Applies `function` to every value.
pub fn activate(input: FeatureMap, function: Activation) -> FeatureMap {
    let tensor = input.into_tensor();
    FeatureMap::from_tensor(match function {
        Activation::None => tensor,
        Activation::Relu => activation::relu(tensor),
        Activation::LeakyRelu { slope } => activation::leaky_relu(tensor, slope),
        Activation::Gelu => activation::gelu(tensor),
        Activation::Silu => activation::silu(tensor),
        Activation::Tanh => activation::tanh(tensor),
        Activation::Sigmoid => activation::sigmoid(tensor),
    })
}
