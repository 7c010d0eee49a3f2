use burn::{
    module::Param,
    tensor::{Device, Tensor, TensorData},
};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Draws initial parameters from one stream of random numbers, in the order the layers are made.
///
/// burn's own generator is one per process; a stream of our own makes the weights depend on the
/// seed alone.
pub struct Initializer<'a> {
    /// The stream all draws come from.
    pub random: &'a mut ChaCha8Rng,
    /// Where parameters are put.
    pub device: &'a Device,
}

impl Initializer<'_> {
    /// A convolution kernel with normally distributed values of standard deviation
    /// `sqrt(2 / fan_in)`, `fan_in = shape[1] * kernel size` (He et al. 2015).
    pub fn kernel(&mut self, shape: [usize; 5]) -> Param<Tensor<5>> {
        let fan_in = shape[1..].iter().product::<usize>();
        let deviation = (2.0 / fan_in as f32).sqrt();
        let values: Vec<f32> = (0..shape.iter().product::<usize>())
            .map(|_| {
                let sample: f32 = StandardNormal.sample(self.random);
                deviation * sample
            })
            .collect();
        let data = TensorData::new(values, shape);
        Param::from_tensor(Tensor::from_data(data, self.device))
    }

    /// `len` parameters of one value.
    pub fn constant(&self, len: usize, value: f32) -> Param<Tensor<1>> {
        Param::from_tensor(Tensor::full([len], value, self.device))
    }
}
