//! Weights by name: in memory, in files of our own and of other programs.

pub(crate) mod patterns;
pub mod state_dict;
pub mod weights_file;

pub use patterns::Unmatched;
