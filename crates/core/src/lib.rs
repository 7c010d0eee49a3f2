//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod optimizer;
pub mod schedule;
pub mod state_dict;
