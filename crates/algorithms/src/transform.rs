//! Changes of geometry: sizes, borders, turns.
//!
//! ```
//! use coverslip_algorithms::transform::symmetry::Symmetry;
//! use ndarray::arr2;
//!
//! let image = arr2(&[[1, 2], [3, 4]]);
//! let turned = Symmetry::Rot90.apply(&image.view(), [0, 1])?;
//! assert_eq!(turned, arr2(&[[2, 4], [1, 3]]));
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod pad;
pub mod resample;
pub mod symmetry;
