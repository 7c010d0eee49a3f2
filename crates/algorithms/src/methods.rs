//! Methods of papers that are made of several algorithms.
//!
//! ```
//! use coverslip_algorithms::methods::keypoint::{Reconstruction, reconstruct};
//! use ndarray::Array2;
//!
//! let mut keypoints = Array2::from_elem((5, 5), false);
//! keypoints[[2, 2]] = true;
//! let image = reconstruct(&keypoints.view(), &Reconstruction::default())?;
//! assert_eq!(image[[2, 2]], 1.0);
//! assert!(image[[2, 3]] < 1.0 && image[[2, 3]] > image[[2, 4]]);
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod keypoint;
pub mod nuclei;
pub mod synthesis;
