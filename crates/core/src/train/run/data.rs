//! The images of a run, and the patches that are drawn from them.

use std::sync::Arc;

use coverslip_nets::NetworkIo;

use super::{find, subset::Subset};
use crate::{
    base::{error::Error, monitor::Monitor},
    config::Settings,
    data::{Batch, ImagePair, PatchStep, Sampler, Sampling},
    framework::{OutputMap, Plan},
    model::package::DataRecord,
    names::Named,
    registry::Registry,
};

/// The images of a run.
pub(super) struct RunData {
    plan: Plan,
    training: Subset,
    validation: Subset,
}

impl RunData {
    /// Finds and pairs the files that the plan asks for, checks what can be checked without reading
    /// pixels, and reads every image once.
    pub(super) fn find(
        settings: &Settings,
        plan: Plan,
        registry: &Registry,
        monitor: &dyn Monitor,
    ) -> Result<Self, Error> {
        let [training, validation] = find::sets(settings, plan.pairing)?;
        training.check_sizes()?;
        validation.check_sizes()?;
        monitor.note(&format!(
            "images: {} to train on, {} to validate on",
            training.len(),
            validation.len()
        ));
        let recipes = find::recipes(settings, &plan, registry)?;
        let limit = (settings.data.cache_gib * f64::from(1 << 30)) as usize;
        let subset = |sets| Subset::new(sets, &recipes, limit);
        let data = Self {
            plan,
            training: subset(training),
            validation: subset(validation),
        };
        data.read_all(monitor)?;
        Ok(data)
    }

    /// Reads every image once: a faulty one is found now and not after an hour of training, and
    /// what fits into the cache is there already.
    fn read_all(&self, monitor: &dyn Monitor) -> Result<(), Error> {
        for subset in [&self.training, &self.validation] {
            subset.read_all(monitor)?;
        }
        self.pass_warnings(monitor);
        self.validation.check_channels(&self.training)
    }

    /// What the network connects, from the config, the plan and the first image.
    pub(super) fn network_io(
        &self,
        settings: &Settings,
        registry: &Registry,
    ) -> Result<NetworkIo, Error> {
        let channels = self.training.channels()?;
        let target_channels = channels.target.unwrap_or(channels.source);
        let target_channels = settings.data.class_count().unwrap_or(target_channels);
        let mut out_channels = target_channels;
        for named in &settings.loss {
            out_channels = registry.loss(named)?.loss.output_channels(target_channels);
        }
        if !self.plan.outputs.is_empty() {
            let maps = self.plan.outputs.iter();
            out_channels = maps.map(|OutputMap { channels, .. }| channels).sum();
        }
        Ok(NetworkIo {
            in_channels: channels.source,
            out_channels,
            dimensions: settings.data.spatial_axes(),
        })
    }

    /// Random patches of the training images.
    pub(super) fn training_sampler(
        &self,
        settings: &Settings,
        registry: &Registry,
    ) -> Result<Sampler, Error> {
        let augment = |named: &Named| -> Result<Arc<dyn PatchStep>, Error> {
            (registry.augmentations.get(&named.name)?.build)(named)
        };
        let augmentations = settings.data.augment.iter().map(augment);
        Ok(Sampler {
            purpose: "training",
            sampling: settings.data.patch.sampling,
            augmentations: augmentations.collect::<Result<_, _>>()?,
            ..self.sampler(&self.training, settings)
        })
    }

    /// The fixed patches of the validation images.
    pub(super) fn validation_batches(&self, settings: &Settings) -> Result<Vec<Batch>, Error> {
        let sampler = self.sampler(&self.validation, settings);
        let training = &settings.training;
        Ok(sampler.batches(training.validation_patches, training.batch_size)?)
    }

    /// Unchanged patches at uniform places.
    fn sampler(&self, subset: &Subset, settings: &Settings) -> Sampler {
        Sampler {
            images: Arc::clone(&subset.images),
            targets: subset.targets.clone(),
            seed: settings.seed,
            purpose: "validation",
            patch: settings.data.patch.size_zyx(),
            sampling: Sampling::Uniform,
            foreground: settings.data.patch.foreground,
            augmentations: Vec::new(),
            last_steps: self.plan.last_steps.clone(),
        }
    }

    /// The validation images in the order of their names.
    pub(super) fn validation_pairs(&self) -> &[ImagePair] {
        self.validation.images.data().pairs()
    }

    /// Tells what the images gave reason to warn of, each thing once.
    pub(super) fn pass_warnings(&self, monitor: &dyn Monitor) {
        for subset in [&self.training, &self.validation] {
            subset.pass_warnings(monitor);
        }
    }

    /// Which images these are, for the model's record.
    pub(super) fn record(&self) -> Result<DataRecord, Error> {
        let [training, validation] = [&self.training, &self.validation];
        Ok(DataRecord {
            training_images: training.images.len(),
            validation_images: validation.images.len(),
            fingerprint: format!("{}-{}", training.fingerprint()?, validation.fingerprint()?),
        })
    }
}
