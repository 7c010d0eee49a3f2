//! The trainer: runs any framework for epochs of patches, validates, saves, stops and resumes.
//!
//! Every random draw of a run is a function of the seed and of what it is for (weights, patch
//! number), never of what was drawn before. With the checkpoint's weights, optimiser memory and
//! position, a resumed run therefore continues with the same bits as one that was never stopped.

mod average;
mod checkpoint;
mod error;
pub(crate) mod parts;
mod progress;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

pub(crate) use average::restore as restore_average;
pub use checkpoint::{Checkpoints, ResumeError};
pub use error::TrainerError;
pub use progress::{Best, EpochRecord, Progress};

use rand::RngExt;

use crate::{
    base::{
        error::Error,
        monitor::{Monitor, Task},
        random,
    },
    config::TrainingSettings,
    data::{Batch, Loader},
    framework::{Framework, Judge, Scores, Step},
    learning::{
        averaging::WeightAverage,
        schedule::{Moment, Pace, Schedule},
    },
};

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Complete,
    /// Validation had not improved for as long as the config's patience.
    EarlyStop,
    /// The user asked to stop; the run can be resumed.
    Interrupted,
}

/// Everything one training needs.
pub struct Trainer<'a> {
    /// What is trained.
    pub framework: Box<dyn Framework>,
    /// Which score of validation tells the best epoch.
    pub judge: Judge,
    /// The average of its weights so far, where the settings want one.
    pub average: WeightAverage,
    /// The learning rate's course.
    pub schedule: Box<dyn Schedule>,
    /// How long and in what portions.
    pub settings: &'a TrainingSettings,
    /// Drives the random layers of the network.
    pub seed: u64,
    /// The fixed patches every epoch is judged by.
    pub validation: Vec<Batch>,
    /// Where checkpoints are kept.
    pub checkpoints: Checkpoints,
    /// Shows the progress.
    pub monitor: &'a dyn Monitor,
    /// Set from outside to end the run after the present step.
    pub stop: &'a AtomicBool,
    /// Called after every epoch with all epochs so far, e.g. to write the log.
    pub on_epoch: &'a mut dyn FnMut(&[EpochRecord]) -> Result<(), Error>,
}

impl Trainer<'_> {
    /// Steps in one epoch.
    pub fn steps_per_epoch(settings: &TrainingSettings) -> usize {
        settings
            .patches_per_epoch
            .div_ceil(settings.batch_size)
            .max(1)
    }

    /// Runs from `progress` to the end; `batches(k)` makes a loader whose first batch is number `k`
    /// of the whole run.
    ///
    /// # Errors
    ///
    /// When a patch cannot be loaded, a checkpoint not written, the loss is no longer finite, or the
    /// schedule follows a score that there is not.
    pub fn run(
        &mut self,
        mut progress: Progress,
        batches: impl FnOnce(u64) -> Result<Loader, Error>,
    ) -> Result<(Ending, Progress), Error> {
        self.check_monitored()?;
        let steps = Self::steps_per_epoch(self.settings);
        let done = progress.epoch * steps + progress.step;
        let mut loader = batches(done as u64)?;
        let size = self.settings.batch_size;
        let monitor = self.monitor;
        let task = monitor.begin("training", (self.settings.epochs * steps * size) as u64);
        task.resume_at((done * size) as u64);
        while progress.epoch < self.settings.epochs {
            if self.should_stop_early(&progress) {
                return Ok((Ending::EarlyStop, progress));
            }
            let start = Instant::now();
            let is_done = self.train_epoch(&mut progress, &mut loader, steps, task.as_ref())?
                && self.average_epoch(&mut progress, &mut loader, steps)?;
            if !is_done {
                let state = self.state();
                self.checkpoints.save_last(&state, &progress)?;
                return Ok((Ending::Interrupted, progress));
            }
            self.close_epoch(&mut progress, steps, start)?;
        }
        Ok((Ending::Complete, progress))
    }

    /// Gives false when the user asked to stop.
    fn train_epoch(
        &mut self,
        progress: &mut Progress,
        loader: &mut Loader,
        steps: usize,
        task: &dyn Task,
    ) -> Result<bool, Error> {
        let epochs = self.settings.epochs;
        while progress.step < steps {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let batch = loader.next_batch()?;
            let position = progress.epoch as f64 + progress.step as f64 / steps as f64;
            let pace = self.pace(progress, position);
            let number = (progress.epoch * steps + progress.step) as u64;
            let mut scores = self.framework.train_step(
                &batch,
                Step {
                    pace,
                    draw: random::stream(self.seed, "pass", number).random(),
                },
            );
            let loss = scores.remove("loss").unwrap_or(f64::NAN);
            if !loss.is_finite() || scores.values().any(|score| !score.is_finite()) {
                return Err(TrainerError::Diverged {
                    epoch: progress.epoch + 1,
                    step: progress.step + 1,
                }
                .into());
            }
            self.average_step(progress);
            progress.step += 1;
            progress.loss_sum += loss;
            for (name, score) in scores {
                *progress.score_sums.entry(name).or_default() += score;
            }
            let mean = progress.loss_sum / progress.step as f64;
            let message = format!(
                "epoch {}/{epochs} step {}/{steps} loss {mean:.4}",
                progress.epoch + 1,
                progress.step
            );
            task.advance(self.settings.batch_size as u64, &message);
        }
        Ok(true)
    }

    /// The size of a step at `position`, in epochs from the start.
    fn pace(&self, progress: &Progress, position: f64) -> Pace {
        let name = self.schedule.monitors();
        let of = |record: &EpochRecord| record.validation.get(name?).copied();
        let scores: Vec<f64> = progress.history.iter().filter_map(of).collect();
        let scheduled = |position: f64, scores: &[f64]| {
            self.schedule.pace(&Moment {
                position,
                epochs: self.settings.epochs,
                steps_per_epoch: Self::steps_per_epoch(self.settings),
                warmup_epochs: 0,
                scores,
            })
        };
        if let Some(swa) = self.swa() {
            let first = swa.first_epoch(self.settings.epochs);
            let elapsed = position - first as f64;
            if elapsed >= 0.0 {
                let scores = &scores[..first.min(scores.len())];
                let from = scheduled(first as f64, scores).factor;
                return Pace::of(swa.factor(from, elapsed));
            }
        }
        scheduled(position, &scores)
    }

    /// Refuses a schedule that follows a score that validation does not give.
    fn check_monitored(&self) -> Result<(), Error> {
        let (Some(name), Some(batch)) = (self.schedule.monitors(), self.validation.first()) else {
            return Ok(());
        };
        let scores = self.framework.validate(batch);
        if scores.contains_key(name) {
            return Ok(());
        }
        Err(TrainerError::UnknownScore {
            name: name.to_owned(),
            known: scores.into_keys().collect(),
        }
        .into())
    }

    /// The mean of each score over the validation batches.
    fn validate(&self) -> Scores {
        let mut sums = Scores::new();
        let mut count = 0.0;
        for batch in &self.validation {
            let weight = batch.source.shape()[0] as f64;
            count += weight;
            for (name, score) in self.framework.validate(batch) {
                *sums.entry(name).or_default() += score * weight;
            }
        }
        for sum in sums.values_mut() {
            *sum /= count;
        }
        sums
    }

    fn close_epoch(
        &mut self,
        progress: &mut Progress,
        steps: usize,
        start: Instant,
    ) -> Result<(), Error> {
        let uses_average = self.is_judged_by_average(progress.epoch);
        if uses_average {
            self.exchange();
        }
        let validation = self.validate();
        let seconds = start.elapsed().as_secs_f64();
        let score = validation.get(self.judge.score).copied();
        let score = score.unwrap_or_else(|| self.judge.worst());
        let is_best = self.is_best(progress, score);
        let rate_factor = self.pace(progress, progress.epoch as f64).factor;
        progress.history.push(EpochRecord {
            epoch: progress.epoch + 1,
            train_loss: progress.loss_sum / steps as f64,
            training: (std::mem::take(&mut progress.score_sums).into_iter())
                .map(|(name, sum)| (name, sum / steps as f64))
                .collect(),
            validation,
            rate_factor,
            is_best,
            seconds,
            patches_per_second: (steps * self.settings.batch_size) as f64 / seconds,
        });
        progress.epoch += 1;
        progress.step = 0;
        progress.loss_sum = 0.0;
        if is_best {
            progress.best = Some(Best {
                epoch: progress.epoch,
                score,
            });
            let weights = parts::weights(self.framework.as_mut());
            self.checkpoints.save_best(&weights)?;
        }
        if uses_average {
            self.exchange();
        }
        // Last, so that a run killed before it repeats the epoch and writes the same files again.
        let state = self.state();
        self.checkpoints.save_last(&state, progress)?;
        if let Some(record) = progress.history.last() {
            self.monitor.note(&summary(record, self.settings.epochs));
        }
        (self.on_epoch)(&progress.history)
    }

    /// Whether the epoch that ends with a score becomes the model.
    fn is_best(&self, progress: &Progress, score: f64) -> bool {
        // The average that the run was for.
        if self.swa().is_some() && self.is_judged_by_average(progress.epoch) {
            return true;
        }
        let early_stopping = self.settings.early_stopping.as_ref();
        let min_delta = early_stopping.map_or(0.0, |stop| stop.min_delta);
        let best = progress.best.as_ref();
        best.is_none_or(|best| self.judge.prefers(score, best.score, min_delta))
    }

    fn should_stop_early(&self, progress: &Progress) -> bool {
        match (&self.settings.early_stopping, &progress.best) {
            (Some(stop), Some(best)) => progress.epoch - best.epoch >= stop.patience,
            _ => false,
        }
    }
}

/// One line about an epoch.
fn summary(record: &EpochRecord, epochs: usize) -> String {
    let scores: Vec<String> = record
        .validation
        .iter()
        .map(|(name, score)| format!("{name} {score:.4}"))
        .collect();
    let best = if record.is_best { " (best)" } else { "" };
    format!(
        "epoch {}/{epochs}: training loss {:.4}, validation {}{best}, {:.1} patches/s",
        record.epoch,
        record.train_loss,
        scores.join(" "),
        record.patches_per_second
    )
}
