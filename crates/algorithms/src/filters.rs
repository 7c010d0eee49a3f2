//! Filters: blur, gradients, morphology, edges, thresholds, thinning and distances.
//!
//! ```
//! use coverslip_algorithms::filters::threshold::Threshold;
//! use ndarray::arr2;
//!
//! let image = arr2(&[[10_u8, 12, 200], [11, 210, 205]]);
//! let mask = Threshold::default().apply(&image.view())?;
//! assert_eq!(mask, arr2(&[[0, 0, 255], [0, 255, 255]]));
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod distance;
pub mod edge;
pub mod linear;
pub mod morphology;
pub mod thinning;
pub mod threshold;
