//! Images cut for networks: places of training patches, and tiles of a prediction.

pub mod sampling;
pub mod tile;
