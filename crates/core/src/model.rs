//! Models in files: the package that training writes and prediction reads, import and export.

pub mod export;
pub mod import;
pub mod package;
mod tiling;

pub use tiling::Tiling;
