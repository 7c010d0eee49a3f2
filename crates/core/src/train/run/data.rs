use std::sync::Arc;

use coverslip_nets::NetworkIo;
use rayon::prelude::*;

use crate::{
    base::{error::Error, monitor::Monitor},
    config::{ImagePairs, Sampling, Settings, TargetScale, Validation},
    data::{
        Augmentation, Batch, DataError, DataSet, Images, Places, Preparation, Recipe, Sampler,
        Target, TargetKind, split_fraction,
    },
    model::package::{DataRecord, preprocess_steps},
    names::Named,
    registry::Registry,
    steps::preprocess,
};

/// The images of a run.
pub(super) struct RunData {
    training: Arc<Images>,
    pub(super) validation: Arc<Images>,
}

impl RunData {
    /// Finds and pairs the files, and checks what can be checked without reading pixels.
    pub(super) fn find(
        settings: &Settings,
        registry: &Registry,
        monitor: &dyn Monitor,
    ) -> Result<Self, Error> {
        let (training, validation) = split(settings)?;
        training.check_sizes()?;
        validation.check_sizes()?;
        monitor.note(&format!(
            "images: {} to train on, {} to validate on",
            training.len(),
            validation.len()
        ));
        let recipe = recipe(settings, registry)?;
        let limit = (settings.data.cache_gib * f64::from(1 << 30)) as usize;
        let data = Self {
            training: Arc::new(Images::new(training, recipe.clone(), limit)),
            validation: Arc::new(Images::new(validation, recipe, limit)),
        };
        data.read_all(monitor)?;
        Ok(data)
    }

    /// Reads every image once: a faulty one is found now and not after an hour of training, and
    /// what fits into the cache is there already.
    fn read_all(&self, monitor: &dyn Monitor) -> Result<(), Error> {
        for images in [&self.training, &self.validation] {
            let _task = monitor.begin("reading images", images.len() as u64);
            // Before the threads start, which would otherwise wait for each other's first image.
            images.channels()?;
            let faults: Vec<Result<(), DataError>> = (0..images.len())
                .into_par_iter()
                .map(|index| images.get(index).map(|_| ()))
                .collect();
            // The first in the order of names, whichever thread was faster.
            faults.into_iter().collect::<Result<(), _>>()?;
        }
        self.pass_warnings(monitor);
        self.check_channels()
    }

    /// Training and validation images must have the same channels.
    fn check_channels(&self) -> Result<(), Error> {
        let [first, other] = [&self.training, &self.validation].map(|images| images.channels());
        let (first, other) = (first?, other?);
        let pair = |images: &Images| images.data().pairs()[0].clone();
        let (first_pair, pair) = (pair(&self.training), pair(&self.validation));
        for (what, index, path, first_path) in [
            ("source", 0, pair.source, first_pair.source),
            ("target", 1, pair.target, first_pair.target),
        ] {
            let (channels, first_channels) = (other[index], first[index]);
            if channels != first_channels {
                let fault = DataError::ChannelsDiffer {
                    what,
                    path,
                    channels,
                    first_path,
                    first_channels,
                };
                return Err(fault.into());
            }
        }
        Ok(())
    }

    /// What the network connects, from the config and the first image.
    pub(super) fn network_io(
        &self,
        settings: &Settings,
        registry: &Registry,
    ) -> Result<NetworkIo, Error> {
        let [in_channels, target_channels] = self.training.channels()?;
        let target_channels = settings.data.class_count().unwrap_or(target_channels);
        let mut out_channels = target_channels;
        for named in &settings.loss {
            out_channels = registry.loss(named)?.loss.output_channels(target_channels);
        }
        Ok(NetworkIo {
            in_channels,
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
        let augment = |named: &Named| -> Result<Arc<dyn Augmentation>, Error> {
            (registry.augmentations.get(&named.name)?.build)(named)
        };
        Ok(Sampler {
            images: Arc::clone(&self.training),
            seed: settings.seed,
            purpose: "training",
            patch: settings.data.patch.size_zyx(),
            places: match settings.data.patch.sampling {
                Sampling::Uniform => Places::Uniform,
                Sampling::Balanced => Places::Balanced(settings.data.patch.foreground),
                Sampling::Weighted => Places::Weighted,
            },
            augmentations: settings
                .data
                .augment
                .iter()
                .map(augment)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The fixed patches of the validation images.
    pub(super) fn validation_batches(&self, settings: &Settings) -> Result<Vec<Batch>, Error> {
        let sampler = Sampler {
            images: Arc::clone(&self.validation),
            seed: settings.seed,
            purpose: "validation",
            patch: settings.data.patch.size_zyx(),
            places: Places::Uniform,
            augmentations: Vec::new(),
        };
        let training = &settings.training;
        Ok(sampler.batches(training.validation_patches, training.batch_size)?)
    }

    /// Tells what the images gave reason to warn of, each thing once.
    pub(super) fn pass_warnings(&self, monitor: &dyn Monitor) {
        for images in [&self.training, &self.validation] {
            images
                .take_warnings()
                .iter()
                .for_each(|warning| monitor.warn(warning));
        }
    }

    /// Which images these are, for the model's record.
    pub(super) fn record(&self) -> Result<DataRecord, Error> {
        let [training, validation] = [&self.training, &self.validation].map(|images| images.data());
        Ok(DataRecord {
            training_images: training.len(),
            validation_images: validation.len(),
            fingerprint: format!("{}-{}", training.fingerprint()?, validation.fingerprint()?),
        })
    }
}

fn split(settings: &Settings) -> Result<(DataSet, DataSet), Error> {
    let train = &settings.data.train;
    let training = pairs(train)?;
    Ok(match &settings.data.validation {
        Validation::Fraction(fraction) => split_fraction(&training, *fraction, settings.seed)?,
        Validation::Subset(subset) => {
            let subset = ImagePairs {
                subset: Some(subset.subset.clone()),
                ..train.clone()
            };
            (training, pairs(&subset)?)
        }
        Validation::Pairs(validation) => (training, pairs(validation)?),
    })
}

fn pairs(pairs: &ImagePairs) -> Result<DataSet, Error> {
    let found = match (&pairs.split, &pairs.subset) {
        (Some(split), Some(subset)) => {
            DataSet::with_split(&pairs.source, &pairs.target, split, subset)?
        }
        _ => DataSet::from_folders(&pairs.source, &pairs.target)?,
    };
    Ok(match &pairs.weight {
        Some(weight) => found.with_weights(weight)?,
        None => found,
    })
}

fn recipe(settings: &Settings, registry: &Registry) -> Result<Recipe, Error> {
    let data = &settings.data;
    let classes = data.class_count().unwrap_or(0);
    let target = match data.target_kind {
        TargetKind::Semantic => Target::Semantic { classes },
        TargetKind::Instance => Target::Instance {
            border_width: data.border_width,
            by_section: data.spatial_axes() == 2,
        },
        TargetKind::Image => Target::Image,
    };
    let preparation = |steps: &[Named]| -> Result<Preparation, Error> {
        let steps = preprocess_steps(steps, registry)?;
        Ok(Arc::new(move |image: &mut ndarray::Array4<f32>| {
            Ok(preprocess::apply_all(&steps, image)?.warnings)
        }))
    };
    Ok(Recipe {
        channels: data.channels.clone(),
        target,
        ignore_label: data.ignore_label,
        prepare_source: preparation(&data.preprocess)?,
        prepare_target: preparation(&data.target_preprocess)?,
        match_source: data.target_scale == TargetScale::Source,
    })
}
