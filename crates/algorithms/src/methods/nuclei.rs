//! Nuclei from stacks of electron-microscopy slices: outlines in a slice, identity through the
//! stack, and crops of one size, as the FIB-SEM pipeline of synaptonemal complexes does it.

mod cluster;
mod crop;
mod exterior;
mod extract;

pub use cluster::{Clustering, Clusters, Member};
pub use crop::FixedCrop;
pub use exterior::ExteriorClass;
pub use extract::{ExtractedSlice, Extraction, Nucleus};

#[cfg(test)]
mod tests;
