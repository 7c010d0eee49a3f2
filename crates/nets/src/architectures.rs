//! The networks, one file each: options, building, computation.

pub mod swin_unetr;
pub mod unet;
pub mod unetr;
