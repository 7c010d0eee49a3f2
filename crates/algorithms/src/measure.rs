//! Objects of label images and masks: components, sizes, outlines and annotations.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use coverslip_algorithms::measure::components::connected_components;
//! use coverslip_algorithms::measure::labels::label_sizes;
//! use ndarray::arr2;
//!
//! let mask = arr2(&[[true, true, false], [false, false, true]]);
//! let objects = connected_components(&mask.view(), 1)?.labels;
//! assert_eq!(label_sizes(&objects.view()), BTreeMap::from([(1, 2), (2, 1)]));
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod coco;
pub mod components;
pub mod contour;
pub mod labels;
pub mod outline;
pub mod region;
