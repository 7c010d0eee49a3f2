//! Images cut for networks: places of training patches, and tiles of a prediction.
//!
//! ```
//! use coverslip_algorithms::patches::tile::{Blender, PositionRule, positions};
//! use ndarray::{Array3, Array4};
//!
//! let starts = positions(&[1, 1, 6], &[1, 1, 4], 0.25, PositionRule::Fixed)?;
//! assert_eq!(starts, [[0, 0, 0], [0, 0, 2]]);
//! let mut blended = Blender::new(1, [1, 1, 6]);
//! let weights = Array3::ones([1, 1, 4]);
//! for start in starts {
//!     // A network would predict the tile; here it is filled with its own first column.
//!     let tile = Array4::from_elem([1, 1, 1, 4], start[2] as f32);
//!     blended.add([start[0], start[1], start[2]], tile.view(), weights.view())?;
//! }
//! let (image, _) = blended.finish()?.into_raw_vec_and_offset();
//! assert_eq!(image, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
//! # Ok::<(), coverslip_algorithms::AlgorithmError>(())
//! ```

pub mod sampling;
pub mod tile;
