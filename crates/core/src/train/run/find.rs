//! Which files a config names, and how they are prepared.

use std::sync::Arc;

use super::subset::{Recipes, Sets};
use crate::{
    base::error::Error,
    config::Settings,
    data::{
        DataError, DataSet, ImagePairs, Preparation, Recipe, TargetForm, TargetScale, Validation,
        split_fraction,
    },
    framework::{Pairing, Plan},
    model::package::preprocess_steps,
    names::Named,
    registry::Registry,
    steps::preprocess,
};

/// The files to train on, and those to validate on.
pub(super) fn sets(settings: &Settings, pairing: Pairing) -> Result<[Sets; 2], Error> {
    let train = &settings.data.train;
    let training = find(train, pairing)?;
    Ok(match &settings.data.validation {
        Validation::Fraction(fraction) => split(&training, *fraction, settings.seed)?,
        Validation::Subset(subset) => {
            let subset = ImagePairs {
                subset: Some(subset.subset.clone()),
                ..train.clone()
            };
            [training, find(&subset, pairing)?]
        }
        Validation::Pairs(validation) => [training, find(validation, pairing)?],
    })
}

/// Sets a share of either side aside.
fn split(sets: &Sets, fraction: f64, seed: u64) -> Result<[Sets; 2], DataError> {
    let (training, validation) = split_fraction(&sets.images, fraction, seed)?;
    let targets = (sets.targets.as_ref()).map(|set| split_fraction(set, fraction, seed));
    let (training_targets, validation_targets) = targets.transpose()?.unzip();
    let join = |images, targets| Sets { images, targets };
    Ok([
        join(training, training_targets),
        join(validation, validation_targets),
    ])
}

fn find(pairs: &ImagePairs, pairing: Pairing) -> Result<Sets, DataError> {
    let split = pairs.split.as_deref().zip(pairs.subset.as_deref());
    // The check of the config has found targets where they are needed.
    let target = pairs.target.as_deref();
    let target = target.filter(|_| pairing != Pairing::SourceOnly);
    let (found, targets) = match (target, pairing, split) {
        (None, ..) => (DataSet::of_sources(&pairs.source, split)?, None),
        (Some(target), Pairing::Unpaired, _) => (
            DataSet::of_sources(&pairs.source, None)?,
            Some(DataSet::of_sources(target, None)?),
        ),
        (Some(target), _, Some((split, subset))) => {
            let found = DataSet::with_split(&pairs.source, target, split, subset)?;
            (found, None)
        }
        (Some(target), ..) => (DataSet::from_folders(&pairs.source, target)?, None),
    };
    let images = match &pairs.weight {
        Some(weight) => found.with_weights(weight)?,
        None => found,
    };
    Ok(Sets { images, targets })
}

/// How images become arrays.
pub(super) fn recipes(
    settings: &Settings,
    plan: &Plan,
    registry: &Registry,
) -> Result<Recipes, Error> {
    let data = &settings.data;
    let preparation = |steps: &[Named]| -> Result<Preparation, Error> {
        let steps = preprocess_steps(steps, registry)?;
        Ok(Arc::new(move |image: &mut ndarray::Array4<f32>| {
            Ok(preprocess::apply_all(&steps, image)?.warnings)
        }))
    };
    let prepare_target = preparation(&data.target_preprocess)?;
    let images = Recipe {
        channels: data.channels.clone(),
        source: TargetForm::Values,
        target: plan.target,
        ignore_label: data.ignore_label,
        prepare_source: preparation(&data.preprocess)?,
        prepare_target: Arc::clone(&prepare_target),
        match_source: data.target_scale == TargetScale::Source,
    };
    let targets = Recipe {
        source: plan.target,
        prepare_source: prepare_target,
        ..Recipe::new(plan.target)
    };
    Ok(Recipes { images, targets })
}
