//! A pool of generated images that a discriminator is trained on (Shrivastava et al. 2017).

use burn::tensor::{Device, Tensor};
use rand::{Rng, RngExt};

use crate::{
    learning::memory::{Memory, MemoryError},
    weights::state_dict::StateDict,
};

/// Where a pool's random numbers come from.
pub trait Draws {
    /// A number from 0 to below 1.
    fn uniform(&mut self) -> f64;

    /// A whole number from 0 to below `end`.
    fn below(&mut self, end: usize) -> usize;
}

/// One of this crate's streams of random numbers, see [`crate::base::random::stream`].
pub struct Drawn<R>(pub R);

impl<R: Rng> Draws for Drawn<R> {
    fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }
}

/// The name of the stored images.
const IMAGES: &str = "images";

/// The last images of a generator, of which a discriminator sees some again.
///
/// Until it is full, a pool stores each image and gives it back. Then it draws a number for each:
/// above one half, it gives a stored image, drawn too, and stores the new one in its place;
/// otherwise it gives the new one.
pub struct ImagePool {
    size: usize,
    /// Each `[1, C, Z, Y, X]`, without gradients.
    images: Vec<Tensor<5>>,
}

impl ImagePool {
    /// An empty pool of at most `size` images; one of 0 gives every image back.
    pub fn new(size: usize) -> Self {
        let images = Vec::new();
        Self { size, images }
    }

    /// What the discriminator sees instead of `images`, both `[N, C, Z, Y, X]`; without gradients.
    pub fn exchange(&mut self, images: Tensor<5>, draws: &mut impl Draws) -> Tensor<5> {
        if self.size == 0 {
            return images.detach();
        }
        let shown = images.detach().split(1, 0).into_iter();
        Tensor::cat(
            shown.map(|image| self.exchange_one(image, draws)).collect(),
            0,
        )
    }

    fn exchange_one(&mut self, image: Tensor<5>, draws: &mut impl Draws) -> Tensor<5> {
        if self.images.len() < self.size {
            self.images.push(image.clone());
            return image;
        }
        if draws.uniform() > 0.5 {
            let stored = &mut self.images[draws.below(self.size)];
            return std::mem::replace(stored, image);
        }
        image
    }
}

/// The stored images in their order.
impl Memory for ImagePool {
    fn state(&self) -> StateDict {
        if self.images.is_empty() {
            return StateDict::new();
        }
        let images = Tensor::cat(self.images.clone(), 0);
        StateDict::from([(IMAGES.to_owned(), images.into_data())])
    }

    fn restore(&mut self, state: &StateDict, device: &Device) -> Result<(), MemoryError> {
        self.images.clear();
        let Some(data) = state.get(IMAGES) else {
            return Ok(());
        };
        match data.shape().to_vec()[..] {
            [count, _, _, _, _] if count <= self.size => {
                self.images = Tensor::<5>::from_data(data.clone(), device).split(1, 0);
                Ok(())
            }
            ref shape => Err(MemoryError(format!(
                "{IMAGES} is {shape:?}, not at most {} images",
                self.size
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random;

    fn values(images: Tensor<5>) -> Vec<f32> {
        images.into_data().iter::<f32>().collect()
    }

    fn batch(first: f32) -> Tensor<5> {
        let device = Device::flex();
        Tensor::<1>::from_floats([first, first + 1.0], &device).reshape([2, 1, 1, 1, 1])
    }

    #[test]
    fn a_restored_pool_goes_on_as_before() {
        let mut pool = ImagePool::new(3);
        let mut draws = |index| Drawn(random::stream(7, "image pool", index));
        for step in 0..4 {
            pool.exchange(batch(10.0 * step as f32), &mut draws(step));
        }
        let mut again = ImagePool::new(3);
        again.restore(&pool.state(), &Device::flex()).unwrap();
        let next = |pool: &mut ImagePool, draws: &mut dyn FnMut(u64) -> _| {
            let mut shown = Vec::new();
            for step in 4..12 {
                shown.extend(values(pool.exchange(batch(step as f32), &mut draws(step))));
            }
            shown
        };
        let (first, second) = (next(&mut pool, &mut draws), next(&mut again, &mut draws));
        assert_eq!(first, second);
        assert!(first.iter().any(|&value| value >= 10.0), "{first:?}");
        let mut small = ImagePool::new(2);
        assert!(small.restore(&pool.state(), &Device::flex()).is_err());
    }

    #[test]
    fn an_empty_pool_gives_everything_back() {
        let mut draws = Drawn(random::stream(0, "image pool", 0));
        let shown = ImagePool::new(0).exchange(batch(5.0), &mut draws);
        assert_eq!(values(shown), [5.0, 6.0]);
    }
}
