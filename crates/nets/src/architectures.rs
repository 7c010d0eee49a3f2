//! The networks, one file each: options, building, computation.

pub mod attention_unet;
pub mod basic_unet;
pub mod dynunet;
pub mod highresnet;
pub mod monai_unet;
pub mod nnunet_plain;
pub mod nnunet_resenc;
pub mod unet;
