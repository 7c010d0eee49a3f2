//! The entries that come with Coverslip.

use coverslip_image::normalize::{MinMax, Percentile, Standard};
use coverslip_nets::loss::{CrossEntropy, Dice, L1, Mse};
use coverslip_nets::unet::UnetConfig;

use super::{Registry, RegistryError};
use crate::config::TargetKind;
use crate::config::options::{Argmax, Components, Fcn, FillHoles, Flip, RemoveSmall, Rotate90};
use crate::optimizer::{AdamOptions, AdamWOptions};
use crate::schedule::{Constant, Cosine, Exponential, Step};

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
        registry.frameworks.register::<Fcn>("fcn", ())?;
        registry.networks.register::<UnetConfig>("unet", ())?;
        registry.add_losses()?;
        registry.add_steps()?;
        registry.add_optimizers()?;
        Ok(registry)
    }

    fn add_losses(&mut self) -> Result<(), RegistryError> {
        self.losses
            .register::<CrossEntropy>("cross_entropy", ())?
            .with_weight()
            .only_for(&CLASSES);
        self.losses
            .register::<Dice>("dice", ())?
            .with_weight()
            .only_for(&CLASSES);
        self.losses
            .register::<Mse>("mse", ())?
            .with_weight()
            .only_for(&IMAGES);
        self.losses
            .register::<L1>("l1", ())?
            .with_weight()
            .only_for(&IMAGES);
        Ok(())
    }

    fn add_steps(&mut self) -> Result<(), RegistryError> {
        self.preprocess.register::<Percentile>("percentile", ())?;
        self.preprocess.register::<Standard>("standard", ())?;
        self.preprocess.register::<MinMax>("min_max", ())?;
        self.augmentations.register::<Flip>("flip", ())?;
        self.augmentations.register::<Rotate90>("rotate90", ())?;
        self.postprocess
            .register::<Argmax>("argmax", ())?
            .only_for(&CLASSES);
        self.postprocess
            .register::<Components>("components", ())?
            .only_for(&CLASSES);
        self.postprocess
            .register::<RemoveSmall>("remove_small", ())?
            .only_for(&CLASSES);
        self.postprocess
            .register::<FillHoles>("fill_holes", ())?
            .only_for(&CLASSES);
        Ok(())
    }

    fn add_optimizers(&mut self) -> Result<(), RegistryError> {
        self.optimizers.register::<AdamOptions>("adam", ())?;
        self.optimizers.register::<AdamWOptions>("adamw", ())?;
        self.schedules.register::<Constant>("constant", ())?;
        self.schedules.register::<Step>("step", ())?;
        self.schedules.register::<Exponential>("exponential", ())?;
        self.schedules.register::<Cosine>("cosine", ())?;
        Ok(())
    }
}
