//! Training: from a config to a run folder.

pub mod fine_tuning;
pub mod run;
pub mod trainer;
