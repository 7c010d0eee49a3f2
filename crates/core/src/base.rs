//! What everything stands on: the error, devices, files, random numbers, progress.

pub mod devices;
pub mod error;
pub mod files;
pub(crate) mod finite;
pub(crate) mod listing;
pub mod monitor;
pub mod random;
pub(crate) mod words;
