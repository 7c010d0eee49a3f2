//! The main job on sample images that come with Coverslip: train, predict, evaluate, report.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use include_dir::{Dir, include_dir};

use crate::{
    config::{Config, Preset},
    error::Error,
    evaluate::{EvaluateOptions, Evaluation, Task, evaluate},
    files,
    monitor::Monitor,
    package,
    predict::predict_files,
    registry::Registry,
    report::{ReportOptions, write_report},
    run::{self, Ending, Outcome},
};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../samples/nuclei2d");

/// What the demo made.
pub struct Demo {
    /// What training came to.
    pub training: Outcome,
    /// Scores on the held-out images; `None` when the user stopped the training.
    pub evaluation: Option<Evaluation>,
    /// The report.
    pub report: PathBuf,
    /// The predictions of the held-out images.
    pub predictions: PathBuf,
}

/// Runs the demo into the folder `out`; one that was stopped goes on where it stopped.
///
/// # Errors
///
/// When the folder cannot be written, or holds a run of another kind.
pub fn demo(
    registry: &Registry,
    out: &Path,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<Demo, Error> {
    files::create_folder(out)?;
    let out = out.canonicalize().unwrap_or_else(|_| out.to_owned());
    let data = out.join("data");
    let held_out = write_sample(&data)?;
    let path = |name: &str| data.join(name).display().to_string();
    let overrides = [
        format!("data.train.source={}", path("images")),
        format!("data.train.target={}", path("masks")),
        format!("data.train.split={}", path("split.csv")),
        "data.train.subset=train".to_owned(),
        "data.validation={subset: val}".to_owned(),
    ];
    let preset = Preset::find("demo").ok_or_else(|| Error::Bug("no preset `demo`".to_owned()))?;
    let config = Config::from_preset(preset, &overrides, registry)?;
    let folder = out.join("run");
    let resume = folder.join("checkpoints/last.safetensors").exists();
    let training = run::train(&config, registry, &folder, resume, monitor, stop)?;
    let report = out.join("report");
    let predictions = out.join("predictions");
    let evaluation = if training.ending == Ending::Interrupted {
        None
    } else {
        let model = package::load(&folder.join("model"), registry)?;
        let held_out: Vec<PathBuf> = held_out
            .iter()
            .map(|name| data.join("images").join(name))
            .collect();
        predict_files(&model, &held_out, &predictions, monitor, stop)?;
        let options = EvaluateOptions::new(Task::Instance);
        let evaluation = evaluate_held_out(&predictions, &data, &held_out, &options)?;
        let images = data.join("images");
        let facts = vec![
            (
                "Model".to_owned(),
                folder.join("model").display().to_string(),
            ),
            ("Held-out images".to_owned(), held_out.len().to_string()),
        ];
        let title = "Coverslip demo: nuclei in fluorescence images".to_owned();
        write_report(
            &report,
            &evaluation,
            &ReportOptions {
                title,
                input: Some(&images),
                facts,
            },
        )?;
        Some(evaluation)
    };
    Ok(Demo {
        training,
        evaluation,
        report: report.join("report.html"),
        predictions,
    })
}

/// Compares the held-out predictions alone: the folder of masks also has those of the training
/// images.
fn evaluate_held_out(
    predictions: &Path,
    data: &Path,
    held_out: &[PathBuf],
    options: &EvaluateOptions,
) -> Result<Evaluation, Error> {
    let options = EvaluateOptions {
        partial: true,
        ..options.clone()
    };
    let evaluation = evaluate(predictions, &data.join("masks"), &options)?;
    if evaluation.rows.len() != held_out.len() {
        return Err(Error::Bug(format!(
            "{} of {} held-out images were scored",
            evaluation.rows.len(),
            held_out.len()
        )));
    }
    Ok(evaluation)
}

/// Writes the sample images; gives the names of the held-out ones.
fn write_sample(folder: &Path) -> Result<Vec<String>, Error> {
    let mut split = "";
    for file in SAMPLE.files().chain(SAMPLE.dirs().flat_map(Dir::files)) {
        let path = folder.join(file.path());
        if let Some(parent) = path.parent() {
            files::create_folder(parent)?;
        }
        if !path.exists() {
            files::write_atomic(&path, file.contents())?;
        }
        if file.path().ends_with("split.csv") {
            split = file.contents_utf8().unwrap_or_default();
        }
    }
    let test = split.lines().filter_map(|line| line.strip_suffix(",test"));
    Ok(test.map(str::to_owned).collect())
}
