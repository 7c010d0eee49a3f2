//! The entries that come with Coverslip.

mod checks;
mod operations;
#[cfg(test)]
mod tests;

use coverslip_algorithms::exposure::normalize::{
    CenterZ, MinMax, Normalization, Percentile, Rescale, Standard,
};
use coverslip_algorithms::filters::linear::{Gaussian, GaussianBlur};
use coverslip_algorithms::filters::morphology::GrayMorphology;
use coverslip_nets::{
    architectures::{
        anisotropic_unet, attention_unet, basic_unet, branched_erfnet, chained_unet, dynunet, fnet,
        highresnet, mask_gan, monai_unet, msdnet, multiscale_discriminator, nnunet_plain,
        nnunet_resenc, patch_discriminator, pix2pix_unet, probabilistic_unet, resnet_generator,
        swin_unetr, tunable_unet, unet, unetr,
    },
    loss::{
        BinaryCrossEntropy, CrossEntropy, Dice, Focal, GeneralizedDice, Heteroscedastic, Huber, L1,
        LovaszHinge, LovaszSoftmax, MsSsim, Mse, SmoothL1, Ssim, Tversky,
    },
};

use super::{Registry, add::CLASSES};
use crate::{
    base::error::Error,
    data::{Flip, Rotate90},
    framework::{Fcn, FcnOptions, Noise2Void, Noise2VoidOptions},
    learning::{
        optimizer::{AdamOptions, AdamWOptions, RmspropOptions, SgdOptions},
        schedule::{
            Constant, Cosine, CosineRestarts, Exponential, Linear, LinearDecay, Multistep,
            OneCycle, Plateau, Polynomial, Step,
        },
    },
    names::{Named, RegistryError, TargetKind},
    steps::{
        algorithm::{
            Components, FillHoles, MatchHistogram, MatchHistogramOptions, RemoveSmall, Threshold,
            Watershed,
        },
        operation::Stains,
        postprocess::Argmax,
        preprocess::PreprocessStep,
    },
};
use operations::{add_label_steps, add_operations};

/// Targets that are images themselves.
const IMAGES: [TargetKind; 1] = [TargetKind::Image];

impl Registry {
    /// The registry with the entries that come with Coverslip.
    ///
    /// # Errors
    /// None in practice: each name is registered once.
    pub fn builtin() -> Result<Self, RegistryError> {
        let mut registry = Self::empty();
        registry.add_framework::<FcnOptions>("fcn", Fcn, &[])?;
        registry.add_framework::<Noise2VoidOptions>("noise2void", Noise2Void, &IMAGES)?;
        registry.add_networks()?;
        registry.add_losses()?;
        registry.add_normalization(
            "percentile",
            Normalization::Percentile as fn(Percentile) -> _,
        )?;
        registry.add_normalization("standard", Normalization::Standard as fn(Standard) -> _)?;
        registry.add_normalization("min_max", Normalization::MinMax as fn(MinMax) -> _)?;
        registry.add_normalization("rescale", Normalization::Rescale as fn(Rescale) -> _)?;
        registry.add_normalization("center_z", Normalization::CenterZ as fn(CenterZ) -> _)?;
        registry.add_preprocess::<Gaussian>("gaussian")?;
        registry.add_preprocess::<GaussianBlur>("gaussian_blur")?;
        registry.add_preprocess::<GrayMorphology>("morphology")?;
        registry.add_preprocess::<Stains>("macenko")?;
        registry.add_match_histogram()?;
        registry.add_augmentation::<Flip>("flip")?;
        registry.add_augmentation::<Rotate90>("rotate90")?;
        registry.add_postprocess::<Argmax>("argmax")?;
        registry.add_label_maker::<Threshold>("threshold")?;
        registry
            .add_label_maker::<Watershed>("watershed")?
            .with_check(checks::seeds);
        registry.add_label_maker::<Components>("components")?;
        registry.add_label_maker::<RemoveSmall>("remove_small")?;
        registry.add_label_maker::<FillHoles>("fill_holes")?;
        add_label_steps(&mut registry)?;
        registry.add_optimizer::<AdamOptions>("adam")?;
        registry.add_optimizer::<AdamWOptions>("adamw")?;
        registry
            .add_optimizer::<SgdOptions>("sgd")?
            .with_check(checks::nesterov);
        registry.add_optimizer::<RmspropOptions>("rmsprop")?;
        registry.add_schedules()?;
        add_operations(&mut registry)?;
        Ok(registry)
    }

    fn add_networks(&mut self) -> Result<(), RegistryError> {
        self.add_network::<unet::UnetConfig>("unet")?;
        self.add_network::<tunable_unet::TunableUnetConfig>("tunable_unet")?;
        self.add_network::<msdnet::MsdnetConfig>("msdnet")?;
        self.add_network::<fnet::FnetConfig>("fnet")?;
        self.add_network::<anisotropic_unet::AnisotropicUnetConfig>("anisotropic_unet")?;
        self.add_network::<branched_erfnet::BranchedErfnetConfig>("branched_erfnet")?;
        self.add_network::<probabilistic_unet::ProbabilisticUnetConfig>("probabilistic_unet")?;
        self.add_network::<basic_unet::BasicUnetConfig>("basic_unet")?;
        self.add_network::<monai_unet::MonaiUnetConfig>("monai_unet")?;
        self.add_network::<attention_unet::AttentionUnetConfig>("attention_unet")?;
        self.add_network::<dynunet::DynunetConfig>("dynunet")?;
        self.add_network::<highresnet::HighResNetConfig>("highresnet")?;
        self.add_network::<nnunet_plain::NnunetPlainConfig>("nnunet_plain")?;
        self.add_network::<nnunet_resenc::NnunetResencConfig>("nnunet_resenc")?;
        self.add_network::<unetr::UnetrConfig>("unetr")?;
        self.add_network::<swin_unetr::SwinUnetrConfig>("swin_unetr")?;
        self.add_network::<chained_unet::ChainedUnetConfig>("chained_unet")?;
        self.add_network::<pix2pix_unet::Pix2pixUnetConfig>("pix2pix_unet")?;
        self.add_network::<resnet_generator::ResnetGeneratorConfig>("resnet_generator")?;
        self.add_network::<resnet_generator::PredefinedResnetConfig>("predefined_resnet")?;
        self.add_network::<patch_discriminator::PatchGanConfig>("patch_gan")?;
        self.add_network::<patch_discriminator::MmvPatchDiscriminatorConfig>(
            "mmv_patch_discriminator",
        )?;
        self.add_network::<patch_discriminator::KerasPatchDiscriminatorConfig>(
            "keras_patch_discriminator",
        )?;
        self.add_network::<multiscale_discriminator::MultiscaleDiscriminatorConfig>(
            "multiscale_discriminator",
        )?;
        self.add_network::<multiscale_discriminator::HdMultiscaleDiscriminatorConfig>(
            "hd_multiscale_discriminator",
        )?;
        self.add_network::<mask_gan::MaskGeneratorConfig>("mask_generator")?;
        self.add_network::<mask_gan::MaskDiscriminatorConfig>("mask_discriminator")?;
        Ok(())
    }

    fn add_losses(&mut self) -> Result<(), RegistryError> {
        self.add_loss::<CrossEntropy>("cross_entropy", &CLASSES)?
            .with_check(|given| given.numbers_per_class("class_weights"));
        self.add_loss::<BinaryCrossEntropy>("binary_cross_entropy", &CLASSES)?
            .with_check(|given| given.numbers_per_class("positive_weights"));
        self.add_loss::<Dice>("dice", &CLASSES)?
            .with_check(|given| given.numbers_per_class("class_weights"));
        self.add_loss::<GeneralizedDice>("generalized_dice", &CLASSES)?;
        self.add_loss::<Tversky>("tversky", &CLASSES)?;
        self.add_loss::<Focal>("focal", &CLASSES)?
            .with_check(|given| given.numbers_per_class("class_weights"))
            .with_check(|given| given.numbers_per_class("alpha"));
        self.add_loss::<LovaszSoftmax>("lovasz_softmax", &CLASSES)?;
        self.add_loss::<LovaszHinge>("lovasz_hinge", &CLASSES)?;
        self.add_loss::<Mse>("mse", &IMAGES)?;
        self.add_loss::<L1>("l1", &IMAGES)?;
        self.add_loss::<SmoothL1>("smooth_l1", &IMAGES)?;
        self.add_loss::<Huber>("huber", &IMAGES)?;
        self.add_loss::<Heteroscedastic>("heteroscedastic", &IMAGES)?;
        self.add_loss::<Ssim>("ssim", &IMAGES)?;
        self.add_loss::<MsSsim>("ms_ssim", &IMAGES)?;
        Ok(())
    }

    fn add_match_histogram(&mut self) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn PreprocessStep>, Error> {
            Ok(Box::new(MatchHistogram::new(named.read()?)?))
        };
        (self.preprocess).register::<MatchHistogramOptions>("match_histogram", Box::new(build))?;
        Ok(())
    }

    fn add_schedules(&mut self) -> Result<(), RegistryError> {
        self.add_schedule::<Constant>("constant")?;
        self.add_schedule::<Step>("step")?;
        self.add_schedule::<Multistep>("multistep")?;
        self.add_schedule::<Exponential>("exponential")?;
        self.add_schedule::<Linear>("linear")?;
        self.add_schedule::<LinearDecay>("linear_decay")?;
        self.add_schedule::<Polynomial>("polynomial")?;
        self.add_schedule::<Cosine>("cosine")?;
        self.add_schedule::<CosineRestarts>("cosine_restarts")?;
        self.add_schedule::<OneCycle>("one_cycle")?;
        self.add_schedule::<Plateau>("plateau")?;
        Ok(())
    }
}
