//! Instances by spatial embeddings (`EmbedSeg`, Lalit et al. 2022).
//!
//! A network points each pixel to the centre of its object: the pixel's coordinate and an offset
//! make its embedding. Embeddings near that of a likely centre, by the margin of that pixel, are
//! one object. [`instance_centers`] makes the centres that training needs of label maps, [`cluster`]
//! makes label maps of what a network predicts.

mod centers;
mod cluster;
mod embedding;
mod index;

pub use centers::{CenterMode, InstanceCenter, center_image, instance_centers};
pub use cluster::{ClusterOptions, cluster, cluster_with_truth};
pub use embedding::CoordinateGrid;

#[cfg(test)]
mod tests;
