//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod config;
pub mod evaluate;
pub mod files;
pub mod optimizer;
pub mod picture;
pub mod registry;
pub mod report;
pub mod schedule;
pub mod state_dict;
