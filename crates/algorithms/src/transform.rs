//! Changes of geometry: sizes, borders, turns.

pub mod pad;
pub mod resample;
pub mod symmetry;
