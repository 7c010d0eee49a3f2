//! How entries are added: the options' type says what a config may write, a function builds the thing.
//! Each function gives the entry, for checks of its options ([`Entry::with_check`]).

use std::sync::Arc;

use coverslip_algorithms::exposure::normalize::Normalization;
use coverslip_image::Image;
use coverslip_nets::{AnyNetwork, Architecture, Loss, build::BuildSettings};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    BuildLoss, BuildNetwork, BuildOptimizer, BuildPatchStep, BuildPostprocess, BuildPreprocess,
    BuildSchedule, Registry,
};
use crate::{
    base::error::Error,
    data::PatchStep,
    framework::FrameworkKind,
    learning::{
        optimizer::UpdateRule,
        schedule::{Schedule, WarmUp},
    },
    names::{Entry, Named, RegistryError, TargetKind},
    steps::{
        operation::{Operation, OperationError, OperationKind, Product, expect_images},
        postprocess::{OnLabels, PostprocessStep},
        preprocess::PreprocessStep,
    },
};

/// Targets that say which class a pixel has.
pub(super) const CLASSES: [TargetKind; 2] = [TargetKind::Semantic, TargetKind::Instance];

impl Registry {
    /// Adds a network whose options are its architecture.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_network<A: Architecture + JsonSchema + DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildNetwork>, RegistryError> {
        let build = |named: &Named, settings: &BuildSettings| {
            Ok(AnyNetwork::build(&named.read::<A>()?, settings)?)
        };
        self.networks.register::<A>(name, Box::new(build))
    }

    /// Adds a loss whose options are the loss itself, with a `weight` in the sum of all terms.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_loss<L: Loss + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
        targets: &[TargetKind],
    ) -> Result<&mut Entry<BuildLoss>, RegistryError> {
        let weight = json!({
            "description": "What the term is multiplied by in the sum of all terms.",
            "type": "number",
            "minimum": 0,
            "default": 1.0,
        });
        let build =
            |named: &Named| -> Result<Box<dyn Loss>, Error> { Ok(Box::new(named.read::<L>()?)) };
        let entry = self.losses.register::<L>(name, Box::new(build))?;
        Ok(entry.with_option("weight", weight).only_for(targets))
    }

    pub(super) fn add_normalization<O: JsonSchema + DeserializeOwned + 'static>(
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

    /// Adds an operation on images that `coverslip op` runs: what `inputs` names.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_operation<O>(
        &mut self,
        name: &str,
        inputs: &'static [&'static str],
        run: fn(&O, &[Image]) -> Result<Product, OperationError>,
    ) -> Result<&mut Entry<OperationKind>, RegistryError>
    where
        O: JsonSchema + DeserializeOwned + Send + Sync + 'static,
    {
        self.add_operation_over(name, inputs, &json!({}), run)
    }

    /// Adds an operation with defaults that may differ from those of its options' type.
    pub(super) fn add_operation_over<O>(
        &mut self,
        name: &str,
        inputs: &'static [&'static str],
        defaults: &Value,
        run: fn(&O, &[Image]) -> Result<Product, OperationError>,
    ) -> Result<&mut Entry<OperationKind>, RegistryError>
    where
        O: JsonSchema + DeserializeOwned + Send + Sync + 'static,
    {
        let build = move |options: O| -> Result<Operation, Error> {
            Ok(Box::new(move |images| {
                expect_images(inputs.len(), images)?;
                run(&options, images)
            }))
        };
        self.add_operation_with(name, inputs, defaults, build)
    }

    /// Adds an operation that `build` makes of its options, and that counts its images itself.
    pub(super) fn add_operation_with<O: JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
        inputs: &'static [&'static str],
        defaults: &Value,
        build: impl Fn(O) -> Result<Operation, Error> + Send + Sync + 'static,
    ) -> Result<&mut Entry<OperationKind>, RegistryError> {
        let own = defaults.clone();
        let kind = OperationKind {
            inputs,
            build: Box::new(move |named| build(named.with_defaults(&own).read()?)),
        };
        let entry = self.operations.register::<O>(name, kind)?;
        Ok(entry.with_defaults(defaults))
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
    ) -> Result<&mut Entry<BuildPreprocess>, RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn PreprocessStep>, Error> {
            Ok(Box::new(named.read::<O>()?))
        };
        self.preprocess.register::<O>(name, Box::new(build))
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
    ) -> Result<&mut Entry<Box<dyn FrameworkKind>>, RegistryError> {
        let entry = self.frameworks.register::<O>(name, Box::new(kind))?;
        Ok(entry.only_for(targets))
    }

    /// Adds a random change of patches whose options are the change itself.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_augmentation<O: PatchStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildPatchStep>, RegistryError> {
        let build = |named: &Named| -> Result<Arc<dyn PatchStep>, Error> {
            Ok(Arc::new(named.read::<O>()?))
        };
        self.augmentations.register::<O>(name, Box::new(build))
    }

    /// Adds a step of post-processing, for targets that say classes, whose options are the step itself.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_postprocess<O: PostprocessStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildPostprocess>, RegistryError> {
        let build = build_postprocess::<O>;
        let entry = self.postprocess.register::<O>(name, Box::new(build))?;
        Ok(entry.only_for(&CLASSES))
    }

    /// Adds a step of post-processing that also makes labels of images, or cleans them.
    pub(super) fn add_label_maker<O: PostprocessStep + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildPostprocess>, RegistryError> {
        let build = build_postprocess::<O>;
        self.postprocess.register::<O>(name, Box::new(build))
    }

    pub(super) fn add_optimizer<O: UpdateRule + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildOptimizer>, RegistryError> {
        let build = |named: &Named| -> Result<Box<dyn UpdateRule>, Error> {
            Ok(Box::new(named.read::<O>()?))
        };
        self.optimizers.register::<O>(name, Box::new(build))
    }

    /// Adds a schedule whose options are the schedule itself, with a warm-up before it.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_schedule<O: Schedule + JsonSchema + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entry<BuildSchedule>, RegistryError> {
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
        let epochs = json!({
            "description": "Epochs of linear rise at the start.",
            "type": "integer",
            "format": "uint",
            "minimum": 0,
            "default": 0,
        });
        let start = json!({
            "description": "The rate at the start of the rise, as a share of the optimiser's.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.0,
        });
        let entry = self.schedules.register::<O>(name, Box::new(build))?;
        let entry = entry.with_option("warmup_epochs", epochs);
        Ok(entry.with_option("warmup_start", start))
    }
}

fn build_postprocess<O: PostprocessStep + JsonSchema + DeserializeOwned + 'static>(
    named: &Named,
) -> Result<Box<dyn PostprocessStep>, Error> {
    Ok(Box::new(named.read::<O>()?))
}
