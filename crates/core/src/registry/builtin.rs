//! The entries that come with Coverslip.

mod operations;

use std::sync::Arc;

use coverslip_algorithms::exposure::normalize::{
    CenterZ, MinMax, Normalization, Percentile, Rescale, Standard,
};
use coverslip_algorithms::filters::linear::{Gaussian, GaussianBlur};
use coverslip_algorithms::filters::morphology::GrayMorphology;
use coverslip_image::Image;
use coverslip_nets::{
    AnyNetwork, Architecture, Loss,
    architectures::{
        anisotropic_unet, attention_unet, basic_unet, branched_erfnet, chained_unet, dynunet, fnet,
        highresnet, mask_gan, monai_unet, msdnet, multiscale_discriminator, nnunet_plain,
        nnunet_resenc, patch_discriminator, pix2pix_unet, probabilistic_unet, resnet_generator,
        swin_unetr, tunable_unet, unet, unetr,
    },
    build::BuildSettings,
    loss::{
        BinaryCrossEntropy, CrossEntropy, Dice, Focal, GeneralizedDice, Heteroscedastic, Huber, L1,
        LovaszHinge, LovaszSoftmax, MsSsim, Mse, SmoothL1, Ssim, Tversky,
    },
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::Registry;
use crate::{
    base::error::Error,
    data::{Flip, PatchStep, Rotate90},
    framework::{Fcn, FcnOptions, FrameworkKind, Noise2Void, Noise2VoidOptions},
    learning::{
        optimizer::{AdamOptions, AdamWOptions, RmspropOptions, SgdOptions, UpdateRule},
        schedule::{
            Constant, Cosine, CosineRestarts, Exponential, Linear, LinearDecay, Multistep,
            OneCycle, Plateau, Polynomial, Schedule, Step, WarmUp,
        },
    },
    names::{Named, RegistryError, TargetKind},
    steps::{
        operation::{Operation, OperationError, OperationKind, Product, Stains},
        postprocess::{
            Argmax, Components, FillHoles, OnLabels, PostprocessStep, RemoveSmall, Threshold,
            Watershed,
        },
        preprocess::{MatchHistogram, MatchHistogramOptions, PreprocessStep},
    },
};
use operations::{add_label_steps, add_operations};

/// Targets that say which class a pixel has.
const CLASSES: [TargetKind; 2] = [TargetKind::Semantic, TargetKind::Instance];
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
        registry.add_label_maker::<Watershed>("watershed")?;
        registry.add_label_maker::<Components>("components")?;
        registry.add_label_maker::<RemoveSmall>("remove_small")?;
        registry.add_label_maker::<FillHoles>("fill_holes")?;
        add_label_steps(&mut registry)?;
        registry.add_optimizer::<AdamOptions>("adam")?;
        registry.add_optimizer::<AdamWOptions>("adamw")?;
        registry.add_optimizer::<SgdOptions>("sgd")?;
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
        self.add_loss::<CrossEntropy>("cross_entropy", &CLASSES)?;
        self.add_loss::<BinaryCrossEntropy>("binary_cross_entropy", &CLASSES)?;
        self.add_loss::<Dice>("dice", &CLASSES)?;
        self.add_loss::<GeneralizedDice>("generalized_dice", &CLASSES)?;
        self.add_loss::<Tversky>("tversky", &CLASSES)?;
        self.add_loss::<Focal>("focal", &CLASSES)?;
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

    /// Adds a network whose options are its architecture.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_network<A: Architecture + JsonSchema + DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = |named: &Named, settings: &BuildSettings| {
            Ok(AnyNetwork::build(&named.read::<A>()?, settings)?)
        };
        self.networks.register::<A>(name, Box::new(build))?;
        Ok(())
    }

    /// Adds a loss whose options are the loss itself, with a `weight` in the sum of all terms.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_loss<L: Loss + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
        targets: &[TargetKind],
    ) -> Result<(), RegistryError> {
        let weight = serde_json::json!({
            "description": "What the term is multiplied by in the sum of all terms.",
            "type": "number",
            "minimum": 0,
            "default": 1.0,
        });
        self.losses
            .register::<L>(name, Box::new(|named| Ok(Box::new(named.read::<L>()?))))?
            .with_option("weight", weight)
            .only_for(targets);
        Ok(())
    }

    fn add_normalization<O: JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
        into: fn(O) -> Normalization,
    ) -> Result<(), RegistryError> {
        let build = move |named: &Named| -> Result<Box<dyn PreprocessStep>, Error> {
            Ok(Box::new(into(named.read()?)))
        };
        self.preprocess.register::<O>(name, Box::new(build))?;
        Ok(())
    }

    fn add_match_histogram(&mut self) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn PreprocessStep>, Error> {
            Ok(Box::new(MatchHistogram::new(named.read()?)?))
        };
        (self.preprocess).register::<MatchHistogramOptions>("match_histogram", Box::new(build))?;
        Ok(())
    }

    /// Adds an operation on images that `coverslip op` runs: what `inputs` names.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_operation<O>(
        &mut self,
        name: &str,
        inputs: &'static [&'static str],
        run: fn(&O, &[Image]) -> Result<Product, OperationError>,
    ) -> Result<(), RegistryError>
    where
        O: JsonSchema + DeserializeOwned + Send + Sync + 'static,
    {
        let build = move |named: &Named| -> Result<Operation, Error> {
            let options: O = named.read()?;
            Ok(Box::new(move |images| {
                let (expected, found) = (inputs.len(), images.len());
                if expected != found {
                    return Err(OperationError::Count { expected, found });
                }
                run(&options, images)
            }))
        };
        let kind = OperationKind {
            inputs,
            build: Box::new(build),
        };
        self.operations.register::<O>(name, kind)?;
        Ok(())
    }

    /// Adds an operation on labels as a step of post-processing.
    pub(crate) fn add_label_step<O>(
        &mut self,
        name: &'static str,
        run: fn(&O, &[Image]) -> Result<Product, OperationError>,
    ) -> Result<(), RegistryError>
    where
        O: JsonSchema + DeserializeOwned + Send + Sync + 'static,
    {
        let build = move |named: &Named| -> Result<Box<dyn PostprocessStep>, Error> {
            let options: O = named.read()?;
            let operation: Operation = Box::new(move |images| run(&options, images));
            Ok(Box::new(OnLabels { name, operation }))
        };
        self.postprocess.register::<O>(name, Box::new(build))?;
        Ok(())
    }

    /// Adds a step of preprocessing whose options are the step itself.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_preprocess<O: PreprocessStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn PreprocessStep>, Error> {
            Ok(Box::new(named.read::<O>()?))
        };
        self.preprocess.register::<O>(name, Box::new(build))?;
        Ok(())
    }

    /// Adds a framework whose options are an `O`, for some kinds of target; for all if none is named.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_framework<O: JsonSchema>(
        &mut self,
        name: &str,
        kind: impl FrameworkKind + 'static,
        targets: &[TargetKind],
    ) -> Result<(), RegistryError> {
        self.frameworks
            .register::<O>(name, Box::new(kind))?
            .only_for(targets);
        Ok(())
    }

    /// Adds a random change of patches whose options are the change itself.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_augmentation<O: PatchStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Arc<dyn PatchStep>, Error> {
            Ok(Arc::new(named.read::<O>()?))
        };
        self.augmentations.register::<O>(name, Box::new(build))?;
        Ok(())
    }

    /// Adds a step of post-processing, for targets that say classes, whose options are the step itself.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_postprocess<O: PostprocessStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = build_postprocess::<O>;
        self.postprocess
            .register::<O>(name, Box::new(build))?
            .only_for(&CLASSES);
        Ok(())
    }

    /// Adds a step of post-processing that also makes labels of images, or cleans them.
    fn add_label_maker<O: PostprocessStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = build_postprocess::<O>;
        self.postprocess.register::<O>(name, Box::new(build))?;
        Ok(())
    }

    fn add_optimizer<O: UpdateRule + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn UpdateRule>, Error> {
            Ok(Box::new(named.read::<O>()?))
        };
        self.optimizers.register::<O>(name, Box::new(build))?;
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

    /// Adds a schedule whose options are the schedule itself, with a warm-up before it.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_schedule<O: Schedule + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn Schedule>, Error> {
            let mut named = named.clone();
            let mut take = |key: &str| named.options.as_object_mut()?.shift_remove(key);
            let epochs = take("warmup_epochs").and_then(|value| value.as_u64());
            let start = take("warmup_start").and_then(|value| value.as_f64());
            Ok(Box::new(WarmUp {
                epochs: epochs.unwrap_or(0) as usize,
                start: start.unwrap_or(0.0),
                then: Box::new(named.read::<O>()?),
            }))
        };
        let epochs = serde_json::json!({
            "description": "Epochs of linear rise at the start.",
            "type": "integer",
            "format": "uint",
            "minimum": 0,
            "default": 0,
        });
        let start = serde_json::json!({
            "description": "The rate at the start of the rise, as a share of the optimiser's.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.0,
        });
        self.schedules
            .register::<O>(name, Box::new(build))?
            .with_option("warmup_epochs", epochs)
            .with_option("warmup_start", start);
        Ok(())
    }
}

fn build_postprocess<O: PostprocessStep + DeserializeOwned + 'static>(
    named: &Named,
) -> Result<Box<dyn PostprocessStep>, Error> {
    Ok(Box::new(named.read::<O>()?))
}
