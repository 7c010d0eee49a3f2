//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod config;
pub mod data;
pub mod optimizer;
pub mod random;
pub mod registry;
pub mod schedule;
pub mod state_dict;
