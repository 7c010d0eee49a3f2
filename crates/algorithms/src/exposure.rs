//! Intensities: histograms and normalisation.
//!
//! ```
//! use coverslip_algorithms::exposure::normalize::{MinMax, Normalization};
//! use ndarray::arr2;
//!
//! let image = arr2(&[[100_u16, 300], [200, 500]]).into_dyn();
//! let scaling = Normalization::MinMax(MinMax::default()).fit(&image.view())?;
//! let mut values = image.mapv(f32::from);
//! scaling.apply(&mut values.view_mut());
//! assert_eq!(values, arr2(&[[0.0, 0.5], [0.25, 1.0]]).into_dyn());
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod histogram;
pub mod normalize;
