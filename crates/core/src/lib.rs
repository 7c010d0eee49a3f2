//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod config;
pub mod devices;
pub mod optimizer;
pub mod registry;
pub mod schedule;
pub mod state_dict;
