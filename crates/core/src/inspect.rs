//! What networks are, and how fast this machine computes them.

pub mod networks;
pub mod speed;
