//! Scores of predictions against targets: a table with one row an image, and a summary with its
//! uncertainty.
//!
//! Files belong together when their names are equal up to the extension. Pairs are scored in
//! parallel, and images larger than the memory part by part; rows and sums keep the order of the file
//! names and of the parts, so results do not depend on the number of threads.

mod compare;
mod confusion;
mod detection;
mod error;
mod features;
mod headline;
mod instance;
mod intensity;
mod labels;
mod pairs;
mod parts;
pub mod picture;
pub mod report;
mod scores;
mod semantic;
mod summary;
mod write;

use std::path::Path;

use coverslip_algorithms::metrics::bootstrap::Bootstrap;
use rayon::prelude::*;

use crate::names::TargetKind;

pub use compare::{Difference, compare, write_comparison};
pub use confusion::ConfusionTable;
pub use detection::{DetectionRules, evaluate_detection_files};
pub use error::EvaluateError;
pub use features::evaluate_features;
pub use headline::{headline, main_columns};
pub(crate) use pairs::images_by_name;
pub use pairs::{EvaluationPair, pair_folders};
use scores::Scores;
pub use summary::Summary;

/// Settings of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateOptions {
    /// What is compared.
    pub task: TargetKind,
    /// Semantic: names of the classes, background first. Without names there are as many classes
    /// as the largest label asks for.
    pub classes: Option<Vec<String>>,
    /// Semantic: whether every label above 0 counts as one class, on both sides. For instance
    /// label maps that are to be scored as masks.
    pub foreground: bool,
    /// Image: distance between the lowest and highest possible intensity, in the targets' units.
    /// Without it integer targets use the full range of their type, and float targets their own
    /// maximum minus minimum, image by image.
    pub data_range: Option<f64>,
    /// Instance: whose limits the average precision of detections has.
    pub detection: DetectionRules,
    /// Instance: whether to add the simplified score of `MMV_Im2Im`.
    pub simplified: bool,
    /// Whether targets without a prediction are left out instead of being an error.
    pub partial: bool,
    /// How the confidence interval over images is computed.
    pub bootstrap: Bootstrap,
    /// Bytes that the images in work may take.
    pub memory: u64,
}

impl EvaluateOptions {
    /// The defaults for a task.
    pub fn new(task: TargetKind) -> Self {
        Self {
            task,
            classes: None,
            foreground: false,
            data_range: None,
            detection: DetectionRules::default(),
            simplified: false,
            partial: false,
            bootstrap: Bootstrap::default(),
            memory: 2 << 30,
        }
    }
}

/// Scores of one image, in the order of [`Evaluation::columns`].
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The files.
    pub pair: EvaluationPair,
    /// NaN where a score is not defined for this image.
    pub scores: Vec<f64>,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What was compared.
    pub task: TargetKind,
    /// Names of the scores.
    pub columns: Vec<String>,
    /// One row an image, by file name.
    pub rows: Vec<Row>,
    /// Mean, spread and interval of each column, in their order.
    pub summary: Vec<Summary>,
    /// Scores of all images taken together, by name.
    pub pooled: Vec<(String, f64)>,
    /// What a reader of the figures should know, such as the data range.
    pub notes: Vec<String>,
    /// Semantic: which classes are taken for which, over all images.
    pub confusion: Option<ConfusionTable>,
    /// How the intervals were computed.
    pub bootstrap: Bootstrap,
}

/// Scores of all images before they are summarised.
struct Table {
    /// Those of each image, in the order of the pairs; all images have the same scores.
    images: Vec<Scores>,
    pooled: Scores,
    notes: Vec<String>,
    confusion: Option<ConfusionTable>,
}

impl Evaluation {
    /// The score of an image or the mean over images, by column name.
    pub fn summary_of(&self, column: &str) -> Option<&Summary> {
        let index = self.columns.iter().position(|name| name == column)?;
        self.summary.get(index)
    }

    /// Index of the column that images are ranked by.
    pub fn headline_column(&self) -> usize {
        let headline = headline(self.task);
        self.columns
            .iter()
            .position(|name| name == headline)
            .unwrap_or(0)
    }

    /// Means over images and pooled scores under plain names, for machine-readable results.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let means = self.columns.iter().zip(&self.summary);
        let means = means.map(|(name, summary)| (name.clone(), summary.mean));
        means.chain(self.pooled.iter().cloned()).collect()
    }

    /// Writes `metrics.csv` (a row an image), `summary.json`, and for class maps `confusion.csv` and
    /// `confusion.svg` into a folder, which is created if it is missing.
    ///
    /// # Errors
    /// [`EvaluateError::File`] if the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), EvaluateError> {
        write::write(self, folder)
    }
}

/// Compares the images of two folders.
///
/// # Errors
/// [`EvaluateError`], naming the file or folder.
///
/// # Example
/// ```
/// use coverslip::{evaluate::{EvaluateOptions, evaluate}, names::TargetKind};
/// use coverslip_image::{Image, write_image};
/// use ndarray::arr2;
///
/// let folder = tempfile::tempdir()?;
/// let [prediction, target] = ["prediction", "target"].map(|name| folder.path().join(name));
/// for (path, mask) in [(&prediction, [[0_u8, 1, 1]]), (&target, [[0, 0, 1]])] {
///     std::fs::create_dir(path)?;
///     write_image(path.join("a.tif"), &Image::new(arr2(&mask), "yx".parse()?)?)?;
/// }
/// let options = EvaluateOptions::new(TargetKind::Semantic);
/// let found = evaluate(&prediction, &target, &options)?;
/// assert_eq!(found.summary_of("dice").unwrap().mean, 2.0 / 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate(
    prediction: &Path,
    target: &Path,
    options: &EvaluateOptions,
) -> Result<Evaluation, EvaluateError> {
    evaluate_pairs(&pair_folders(prediction, target, options.partial)?, options)
}

/// Compares given pairs of files.
///
/// # Errors
/// [`EvaluateError`], naming the file; the first in the order of the pairs if several fail.
pub fn evaluate_pairs(
    pairs: &[EvaluationPair],
    options: &EvaluateOptions,
) -> Result<Evaluation, EvaluateError> {
    let table = match options.task {
        TargetKind::Semantic => {
            let measures = measure(pairs, |pair| semantic::measure(pair, options))?;
            semantic::table(&measures, options.classes.as_deref())?
        }
        TargetKind::Instance => {
            let measures = measure(pairs, |pair| instance::measure(pair, options))?;
            instance::table(&measures, options)?
        }
        TargetKind::Image => {
            let measures = measure(pairs, |pair| intensity::measure(pair, options))?;
            intensity::table(&measures)
        }
    };
    let columns: Vec<String> = match table.images.first() {
        Some(scores) => scores.iter().map(|(name, _)| name.clone()).collect(),
        None => Vec::new(),
    };
    let values = |scores: Scores| scores.into_iter().map(|(_, score)| score).collect();
    let rows: Vec<Vec<f64>> = table.images.into_iter().map(values).collect();
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<_>>();
    let summary: Vec<Summary> = (0..columns.len())
        .into_par_iter()
        .map(|index| Summary::of(&column(index), &options.bootstrap))
        .collect();
    let rows = pairs.iter().cloned().zip(rows);
    Ok(Evaluation {
        task: options.task,
        columns,
        rows: rows.map(|(pair, scores)| Row { pair, scores }).collect(),
        summary,
        pooled: table.pooled,
        notes: table.notes,
        confusion: table.confusion,
        bootstrap: options.bootstrap,
    })
}

fn measure<M: Send>(
    pairs: &[EvaluationPair],
    one: impl Fn(&EvaluationPair) -> Result<M, EvaluateError> + Send + Sync,
) -> Result<Vec<M>, EvaluateError> {
    if pairs.is_empty() {
        return Err(EvaluateError::NoPairs);
    }
    let measured: Vec<Result<M, EvaluateError>> = pairs.par_iter().map(one).collect();
    measured.into_iter().collect()
}

#[cfg(test)]
mod tests;
