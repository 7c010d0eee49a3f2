//! Objects found in images: watershed, peaks, class maps, embeddings.
//!
//! ```
//! use coverslip_algorithms::segmentation::watershed::Watershed;
//! use ndarray::arr1;
//!
//! let heights = arr1(&[0.0_f32, 1.0, 3.0, 2.0, 0.0]);
//! let markers = arr1(&[1_u32, 0, 0, 0, 2]);
//! let basins = Watershed::default().apply(&heights.view(), &markers.view(), None)?;
//! assert_eq!(basins, arr1(&[1, 1, 1, 2, 2]));
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod classmap;
pub mod embedseg;
pub mod peaks;
pub mod watershed;
