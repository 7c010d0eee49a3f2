//! Prediction in tiles: where tiles lie, how they are weighted, and how they become one image.
//!
//! Two ways to join tiles:
//! - **blending** ([`positions`], [`Window`], [`Blender`]): overlapping tiles are averaged with
//!   weights that fall towards the tile's edge. Smooth for any network; not equal to the untiled
//!   prediction.
//! - **cropping** ([`CropPlan`]): only pixels at least the network's receptive field from the
//!   tile's edge are used, and tiles start at multiples of the network's stride. Equal to the
//!   untiled prediction for networks without statistics over the tile (batch norm is fine,
//!   instance norm is not).

mod blend;
mod crop;
mod origins;
mod positions;
mod window;

pub use blend::{Blender, Block};
pub use crop::{CropPlan, CropTile};
pub use origins::{CanvasTiles, DenseCrops, ReleasedTiles, released_crop_count};
pub use positions::{PositionRule, positions};
pub use window::{Window, partition_windows};

#[cfg(test)]
mod tests;
