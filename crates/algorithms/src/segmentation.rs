//! Objects found in images: watershed, peaks, class maps, embeddings.

pub mod classmap;
pub mod embedseg;
pub mod peaks;
pub mod watershed;
