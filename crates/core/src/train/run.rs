//! Training a config into a run folder.
//!
//! ```text
//! RUN/config.yaml       the settings with every default written out
//! RUN/log.jsonl         one line an epoch
//! RUN/curves.svg        loss and scores over the epochs
//! RUN/samples/*.png     input, target, prediction and outlines of validation images
//! RUN/checkpoints/      what `--resume` continues from
//! RUN/model/            the model package
//! ```

mod data;
mod error;
mod find;
mod folder;
mod pictures;
mod subset;

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use burn::tensor::Device;
use coverslip_nets::NetworkIo;
use serde::Serialize;

use crate::{
    base::{error::Error, files, monitor::Monitor},
    config::{Config, Settings},
    data::{Loader, Sampler},
    framework::{Framework, NETWORK, NetworkParts, Plan},
    learning::averaging::WeightAverage,
    model::package::{self, Description, TrainingRecord},
    registry::{NetworkBuilder, Registry, TrainingBuilder},
    train::{
        fine_tuning::FineTuning,
        trainer::{EpochRecord, Progress, Trainer, restore_average},
    },
};

pub use crate::train::trainer::Ending;
use data::RunData;
pub use error::RunError;
use folder::RunFolder;

/// What a training came to.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Why it ended.
    #[serde(serialize_with = "ending_name")]
    pub ending: Ending,
    /// The model package; empty after an interruption before the first epoch's end.
    pub model: Option<PathBuf>,
    /// Epochs that are done.
    pub epochs: usize,
    /// The epoch whose weights the model has.
    pub best_epoch: Option<usize>,
    /// Its validation loss.
    pub validation_loss: Option<f64>,
    /// How long the epochs took, validation included, also those before a resumption.
    pub train_s: f64,
    /// Mean time of a step, with its share of the validation.
    pub train_step_s: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn ending_name<S: serde::Serializer>(ending: &Ending, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match ending {
        Ending::Complete => "complete",
        Ending::EarlyStop => "early_stop",
        Ending::Interrupted => "interrupted",
    })
}

/// Trains what `config` says into the folder `out`, or goes on where the run there stopped.
///
/// ```
/// use std::sync::atomic::AtomicBool;
///
/// use coverslip::{
///     base::monitor::Silent, config::Config, registry::Registry, train::run::train,
/// };
///
/// let registry = Registry::builtin()?;
/// # let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/nuclei2d");
/// # let folder = tempfile::tempdir()?;
/// # let out = folder.path();
/// let overrides = [
///     format!("data.train.source={samples}/images"),
///     format!("data.train.target={samples}/masks"),
///     "network.unet={base: 4, depth: 2}".to_owned(),
///     "training={epochs: 1, patches_per_epoch: 4, validation_patches: 1}".to_owned(),
/// ];
/// let config = Config::load("nuclei-2d", &overrides, &registry)?;
/// let stop = AtomicBool::new(false);
/// let outcome = train(&config, &registry, out, false, &Silent, &stop)?;
/// assert!(outcome.model.is_some_and(|model| model.join("model.yaml").exists()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Setting `stop` ends it after the present step, saved and ready to resume.
///
/// # Errors
///
/// When data, config or folder cannot be used, or the loss is no longer finite.
pub fn train(
    config: &Config,
    registry: &Registry,
    out: &Path,
    resume: bool,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<Outcome, Error> {
    let device = config.settings.device.open()?;
    let folder = RunFolder::open(out, config, resume)?;
    let settings = &package::without_files(&config.settings, registry)?;
    let entry = &registry.frameworks.get(&settings.framework.name)?.build;
    let plan = entry.plan(&settings.framework, &settings.network, &settings.data)?;
    let judge = plan.judge.clone();
    let settings = &with_steps_of(&plan, settings);
    let data = RunData::find(settings, plan, registry, monitor)?;
    let io = data.network_io(settings, registry)?;
    let networks = NetworkBuilder {
        registry,
        network: &settings.network,
        io,
        target_kind: settings.data.target_kind,
        seed: settings.seed,
        exact_conv: settings.exact_conv,
        device: device.clone().autodiff(),
    };
    let fresh = networks.network(NETWORK, None, io)?;
    let fine_tuning = FineTuning::prepare(settings, &fresh, resume, monitor)?;
    let parts = TrainingBuilder {
        networks,
        loss: &settings.loss,
        optimizer: &settings.optimizer,
        clip_gradient: settings.training.clip_gradient,
        initial_weights: Some(&|network| fine_tuning.apply(network)),
    };
    let mut framework = entry.train(&settings.framework, &parts)?;
    check_patch(settings, framework.as_ref())?;
    let (mut progress, average) = resume_from(&folder, framework.as_mut(), resume, &device)?;
    progress.started_from = progress.started_from.or(fine_tuning.origin.clone());
    folder.create(config)?;

    let mut on_epoch = |history: &[EpochRecord]| folder.write_log(history);
    let mut trainer = Trainer {
        framework,
        judge,
        average,
        schedule: (registry.schedules.get(&settings.schedule.name)?.build)(&settings.schedule)?,
        settings: &settings.training,
        seed: settings.seed,
        validation: data.validation_batches(settings)?,
        checkpoints: folder.checkpoints(),
        monitor,
        stop,
        on_epoch: &mut on_epoch,
    };
    data.pass_warnings(monitor);
    let sampler = data.training_sampler(settings, registry)?;
    let (ending, progress) =
        trainer.run(progress, |first| start_loader(&sampler, settings, first))?;
    data.pass_warnings(monitor);
    let train_s = progress
        .history
        .iter()
        .map(|record| record.seconds)
        .sum::<f64>();
    let steps = progress.epoch * Trainer::steps_per_epoch(&settings.training);
    let model = match ending {
        Ending::Interrupted => None,
        _ => Some(finish(
            settings, registry, &folder, &data, io, &progress, &device,
        )?),
    };
    Ok(Outcome {
        ending,
        model,
        epochs: progress.epoch,
        best_epoch: progress.best.as_ref().map(|best| best.epoch),
        validation_loss: loss_of_best(&progress),
        train_s,
        train_step_s: train_s / steps.max(1) as f64,
    })
}

/// The validation loss of the epoch whose weights the model has.
fn loss_of_best(progress: &Progress) -> Option<f64> {
    let best = progress.best.as_ref()?.epoch;
    let record = progress.history.iter().find(|record| record.epoch == best);
    record?.validation.get("loss").copied()
}

/// The settings with the steps of the framework behind its predictions, if the config names none.
fn with_steps_of(plan: &Plan, settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if settings.postprocess.is_empty() {
        settings.postprocess.clone_from(&plan.postprocess);
    }
    settings
}

fn resume_from(
    folder: &RunFolder,
    framework: &mut dyn Framework,
    resume: bool,
    device: &Device,
) -> Result<(Progress, WeightAverage), Error> {
    if !resume {
        return Ok((Progress::default(), WeightAverage::default()));
    }
    let (state, progress) = folder.checkpoints().load_last()?;
    folder.restore(framework, &state, device)?;
    // A run that was killed may have saved an epoch that it did not log any more.
    folder.write_log(&progress.history)?;
    Ok((progress, restore_average(&state, device)))
}

/// Refuses a patch of a size that the network cannot compute.
fn check_patch(settings: &Settings, framework: &dyn Framework) -> Result<(), Error> {
    let patch = settings.data.patch.size.clone();
    let sizes = framework.predictor().sizes();
    let size = settings.data.patch.size_zyx();
    let missing = 3 - patch.len();
    if sizes.accepts(size) {
        return Ok(());
    }
    Err(RunError::PatchSize {
        patch,
        allowed: sizes.to_string(),
        nearest: sizes.fit(size)[missing..].to_vec(),
    }
    .into())
}

fn start_loader(sampler: &Sampler, settings: &Settings, first: u64) -> Result<Loader, Error> {
    let size = settings.training.batch_size;
    Ok(Loader::start(sampler, size, first, settings.data.workers)?)
}

/// Writes the model package of the best epoch, and the pictures.
fn finish(
    settings: &Settings,
    registry: &Registry,
    folder: &RunFolder,
    data: &RunData,
    io: NetworkIo,
    progress: &Progress,
    device: &Device,
) -> Result<PathBuf, Error> {
    let weights = folder.checkpoints().load_best()?;
    let best_epoch = progress.best.as_ref().map_or(0, |best| best.epoch);
    let record = progress
        .history
        .iter()
        .find(|record| record.epoch == best_epoch);
    let training = TrainingRecord {
        coverslip_version: env!("CARGO_PKG_VERSION").to_owned(),
        date: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        seed: settings.seed,
        epochs: progress.epoch,
        best_epoch,
        data: data.record()?,
        scores: record
            .map(|record| record.validation.clone())
            .unwrap_or_default(),
        started_from: progress.started_from.clone(),
    };
    let description = Description::new(settings, io, training);
    let path = folder.model();
    package::save(&path, &description, &weights)?;
    let model = package::build(description, &weights, registry, device)?;
    pictures::write(&model, data, settings.training.sample_pictures, folder)?;
    Ok(path)
}

impl RunFolder {
    fn write_log(&self, history: &[EpochRecord]) -> Result<(), Error> {
        let mut lines = String::new();
        for record in history {
            lines +=
                &serde_json::to_string(record).map_err(|error| Error::bug(error.to_string()))?;
            lines.push('\n');
        }
        files::write_atomic(&self.log(), lines.as_bytes())?;
        files::write_atomic(&self.curves(), pictures::curves(history).as_bytes())?;
        Ok(())
    }
}
