//! The networks, one kind per file: options, building, computation.

pub mod chained_unet;
pub mod mask_gan;
pub mod multiscale_discriminator;
pub mod patch_discriminator;
pub mod pix2pix_unet;
pub mod resnet_generator;
pub mod unet;
