//! The main job on sample images that come with Coverslip: train, predict, evaluate, report.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use include_dir::{Dir, include_dir};

use crate::{
    base::{error::Error, files, monitor::Monitor},
    config::{Config, Preset},
    evaluate::{
        EvaluateOptions, Evaluation, evaluate,
        report::{ReportOptions, write_report},
    },
    model::package,
    names::TargetKind,
    predict::{PredictOptions, predict_files},
    registry::Registry,
    train::run::{self, Ending, Outcome},
};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../samples/nuclei2d");

/// What the demo made.
pub struct Demo {
    /// What training came to.
    pub training: Outcome,
    /// Scores on the held-out images; `None` when the user stopped before there were any.
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
    let config = config(&data, registry)?;
    let folder = out.join("run");
    let resume = folder.join("checkpoints/last.safetensors").exists();
    let training = run::train(&config, registry, &folder, resume, monitor, stop)?;
    let mut demo = Demo {
        training,
        evaluation: None,
        report: out.join("report/report.html"),
        predictions: out.join("predictions"),
    };
    if demo.training.ending == Ending::Interrupted {
        return Ok(demo);
    }
    let model = package::load(
        &folder.join("model"),
        registry,
        &config.settings.device.open()?,
    )?;
    let images = data.join("images");
    let held_out: Vec<PathBuf> = held_out.iter().map(|name| images.join(name)).collect();
    let predicted = predict_files(
        &model,
        &held_out,
        &demo.predictions,
        &PredictOptions::default(),
        monitor,
        stop,
    )?;
    if predicted.interrupted {
        return Ok(demo);
    }
    if let Some((_, error)) = predicted.failed.into_iter().next() {
        return Err(error);
    }
    let evaluation = evaluate_held_out(&demo.predictions, &data, held_out.len())?;
    let facts = [
        ("Model", folder.join("model").display().to_string()),
        ("Held-out images", held_out.len().to_string()),
    ];
    let options = ReportOptions {
        title: "Coverslip demo: nuclei in fluorescence images".to_owned(),
        input: Some(&images),
        facts: facts.map(|(name, fact)| (name.to_owned(), fact)).to_vec(),
    };
    write_report(&out.join("report"), &evaluation, &options)?;
    demo.evaluation = Some(evaluation);
    Ok(demo)
}

/// The preset `demo` on the sample images in `data`.
fn config(data: &Path, registry: &Registry) -> Result<Config, Error> {
    let path = |name: &str| data.join(name).display().to_string();
    let overrides = [
        format!("data.train.source={}", path("images")),
        format!("data.train.target={}", path("masks")),
        format!("data.train.split={}", path("split.csv")),
        "data.train.subset=train".to_owned(),
        "data.validation={subset: val}".to_owned(),
    ];
    Ok(Config::from_preset(Preset::DEMO, &overrides, registry)?)
}

/// Compares the held-out predictions alone: the folder of masks also has those of the training
/// images.
fn evaluate_held_out(
    predictions: &Path,
    data: &Path,
    held_out: usize,
) -> Result<Evaluation, Error> {
    let options = EvaluateOptions {
        partial: true,
        ..EvaluateOptions::new(TargetKind::Instance)
    };
    let evaluation = evaluate(predictions, &data.join("masks"), &options)?;
    let scored = evaluation.rows.len();
    if scored != held_out {
        return Err(Error::bug(format!(
            "{scored} of {held_out} held-out images were scored"
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
