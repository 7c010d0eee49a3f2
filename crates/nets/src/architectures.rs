//! The networks, one file each: options, building, computation.

pub mod anisotropic_unet;
pub mod attention_unet;
pub mod basic_unet;
pub mod branched_erfnet;
pub mod chained_unet;
pub mod dynunet;
pub mod fnet;
pub mod highresnet;
pub mod mask_gan;
pub mod monai_unet;
pub mod msdnet;
pub mod multiscale_discriminator;
pub mod nnunet_plain;
pub mod nnunet_resenc;
pub mod patch_discriminator;
pub mod pix2pix_unet;
pub mod probabilistic_unet;
pub mod resnet_generator;
pub mod swin_unetr;
pub mod tunable_unet;
pub mod unet;
pub mod unetr;
