//! Scores that compare a prediction with the truth.
//!
//! Sums accumulate in `f64` in a fixed order, so a score is the same on every run and with any
//! number of threads. Undefined scores (the correlation of a constant image) are NaN; each
//! function says when.
//!
//! ```
//! use coverslip_algorithms::metrics::semantic::MaskOverlap;
//! use ndarray::arr2;
//!
//! let truth = arr2(&[[true, true], [false, false]]);
//! let prediction = arr2(&[[true, false], [false, false]]);
//! let overlap = MaskOverlap::of(&prediction.view(), &truth.view())?;
//! assert_eq!((overlap.dice(), overlap.iou()), (2.0 / 3.0, 0.5));
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod bootstrap;
pub mod detection;
pub mod distribution;
pub mod edge;
pub mod image;
pub mod instance;
pub mod semantic;
pub mod ssim;
