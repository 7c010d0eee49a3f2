//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod config;
pub mod registry;
