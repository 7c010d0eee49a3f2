//! Sums and means with the same bits for every number of threads.

use burn::tensor::Tensor;

/// Values that one thread adds up in one go; the tree of partial sums is then the same whatever
/// the number of threads.
const ROW: usize = 4096;

/// The sum of all values, as a tensor of one value, added in an order that depends on the shape
/// alone.
///
/// burn's own `sum` hands a large tensor to several threads and adds the parts in the order they
/// finish, so that its last bits change from run to run.
pub fn sum<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let mut flat = tensor.flatten::<1>(0, D - 1);
    loop {
        let len = flat.dims()[0];
        if len <= ROW {
            return flat.sum_dim(0);
        }
        let rows = len.div_ceil(ROW);
        let padded = flat.pad([(0, rows * ROW - len)], 0.0);
        flat = padded.reshape([rows, ROW]).sum_dim(1).reshape([rows]);
    }
}

/// The mean of all values, see [`sum`]; the mean of nothing is NaN.
pub fn mean<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    sum(tensor).div_scalar(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn equals_the_sum_in_double_precision_and_repeats_bit_for_bit() {
        // Above 4 Mi elements burn's own sum goes parallel.
        let len = 5 * 1024 * 1024 + 7;
        let tensor = Tensor::<1>::random([len], Distribution::Uniform(0.0, 1.0), &Device::flex());
        let exact: f64 = tensor
            .clone()
            .into_data()
            .try_to_vec::<f32>()
            .unwrap()
            .iter()
            .map(|&v| f64::from(v))
            .sum();
        let first = sum(tensor.clone()).into_scalar::<f32>();
        assert!(
            (f64::from(first) / exact - 1.0).abs() < 1e-6,
            "{first} {exact}"
        );
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let again = pool.install(|| sum(tensor.clone()).into_scalar::<f32>());
            assert_eq!(first.to_bits(), again.to_bits(), "{threads} threads");
        }
    }

    #[test]
    fn the_gradient_of_the_mean_is_one_over_the_count() {
        let device = Device::flex().autodiff();
        let tensor = Tensor::<2>::ones([3, 5000], &device).require_grad();
        let gradients = mean(tensor.clone()).backward();
        let gradient = tensor.grad(&gradients).unwrap();
        let values = gradient.into_data().try_to_vec::<f32>().unwrap();
        assert!(values.iter().all(|&v| (v * 15000.0 - 1.0).abs() < 1e-6));
    }
}
