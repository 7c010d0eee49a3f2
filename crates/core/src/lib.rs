//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod averaging;
pub mod config;
pub mod data;
pub mod demo;
pub mod devices;
pub mod error;
pub mod evaluate;
pub mod files;
mod finite;
pub mod framework;
pub mod monitor;
pub mod networks;
pub mod optimizer;
pub mod package;
pub mod picture;
pub mod postprocess;
pub mod predict;
pub mod preprocess;
pub mod random;
pub mod registry;
pub mod report;
pub mod run;
pub mod schedule;
pub mod speed;
pub mod state_dict;
pub mod trainer;
