//! A pool of images fed with given random numbers.

use burn::tensor::{Device, Tensor};
use coverslip::framework::{Draws, ImagePool};

use super::{RuleCase, compare};

/// Random numbers in the order they were drawn.
struct Replay<'a>(std::slice::Iter<'a, f64>);

impl Replay<'_> {
    fn next(&mut self) -> f64 {
        self.0.next().copied().unwrap_or(f64::NAN)
    }
}

impl Draws for Replay<'_> {
    fn uniform(&mut self) -> f64 {
        self.next()
    }

    fn below(&mut self, _: usize) -> usize {
        self.next() as usize
    }
}

pub fn check(case: &RuleCase) -> Result<String, String> {
    let size = case.config["max_size"].as_u64().ok_or("no max_size")? as usize;
    let mut pool = ImagePool::new(size);
    let mut draws = Replay(case.tensor("random_numbers")?.values.iter());
    let pushed = case.tensor("pushed")?;
    let images = pushed.shape[1];
    let values = pushed.shape[2..].iter().product::<usize>();
    let mut found = Vec::new();
    for row in pushed.rows() {
        let row: Vec<f32> = row.iter().map(|&value| value as f32).collect();
        let batch = Tensor::<1>::from_floats(row.as_slice(), &Device::flex());
        let shown = pool.exchange(batch.reshape([images, 1, 1, 1, values]), &mut draws);
        found.extend(shown.into_data().iter::<f32>().map(f64::from));
    }
    if draws.0.next().is_some() {
        return Err("not all random numbers were drawn".to_owned());
    }
    compare("returned", &found, &case.tensor("returned")?.values)?;
    Ok(format!("{} batches", pushed.shape[0]))
}
