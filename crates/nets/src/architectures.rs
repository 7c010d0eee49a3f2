//! The networks, one file each: options, building, computation.

pub mod unet;
