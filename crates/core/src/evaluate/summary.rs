//! A score over all images.

use coverslip_algorithms::metrics::bootstrap::{Bootstrap, mean, standard_deviation};
use serde::Serialize;

/// Mean over images with its uncertainty.
///
/// Images for which the score is undefined or infinite (the PSNR of equal images) are left out;
/// `images` tells how many are in. Without any, all values are NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation over images (ddof 1).
    pub sd: f64,
    /// Lower end of the percentile interval of the mean.
    pub low: f64,
    /// Upper end of the percentile interval of the mean.
    pub high: f64,
    /// Number of images behind it.
    pub images: usize,
}

impl Summary {
    /// Summarises one value an image.
    pub fn of(values: &[f64], bootstrap: &Bootstrap) -> Self {
        let finite: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        let images = finite.len();
        match bootstrap.interval(&finite, mean) {
            Ok(found) => Self {
                mean: found.estimate,
                sd: standard_deviation(&finite),
                low: found.percentile[0],
                high: found.percentile[1],
                images,
            },
            Err(_) => Self {
                mean: f64::NAN,
                sd: f64::NAN,
                low: f64::NAN,
                high: f64::NAN,
                images,
            },
        }
    }
}
