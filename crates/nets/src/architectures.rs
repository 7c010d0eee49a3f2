//! The networks, one file each: options, building, computation.

pub mod anisotropic_unet;
pub mod branched_erfnet;
pub mod fnet;
pub mod msdnet;
pub mod probabilistic_unet;
pub mod tunable_unet;
pub mod unet;
