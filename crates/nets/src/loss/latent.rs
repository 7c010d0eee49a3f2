//! The Kullback-Leibler divergence of the probabilistic U-Net.

use burn::tensor::Tensor;
use coverslip_ops::mean;

/// Kullback-Leibler divergence of two Gaussians with diagonal covariance, posterior `q` from prior `p`:
/// `sum (lv_p - lv_q + (exp lv_q + (m_q - m_p)^2) / exp lv_p - 1) / 2`, the mean over the batch (Kohl et
/// al. 2018, the term of the probabilistic U-Net).
///
/// - `posterior`, `prior`: means and logarithms of variances, `[N, L]` each
/// - `clamp`: logarithms of variances are cut off at plus and minus this
pub fn latent_divergence(
    posterior: [Tensor<2>; 2],
    prior: [Tensor<2>; 2],
    clamp: Option<f64>,
) -> Tensor<1> {
    let cut = |log_variance: Tensor<2>| match clamp {
        Some(most) => log_variance.clamp(-most, most),
        None => log_variance,
    };
    let [mean_q, log_q] = posterior;
    let [mean_p, log_p] = prior;
    let (log_q, log_p) = (cut(log_q), cut(log_p));
    let spread = (log_q.clone().exp() + (mean_q - mean_p).square()) / log_p.clone().exp();
    let terms = (log_p - log_q + spread).sub_scalar(1.0);
    mean(terms.sum_dim(1).mul_scalar(0.5))
}
