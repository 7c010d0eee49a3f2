//! Coverslip: train and apply image-to-image networks on microscopy images.

pub mod base;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod framework;
pub mod inspect;
pub mod learning;
pub mod model;
pub mod names;
pub mod predict;
pub mod registry;
pub mod steps;
pub mod tools;
pub mod train;
pub mod weights;
