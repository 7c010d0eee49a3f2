//! Why predictions could not be compared with targets.

use std::path::PathBuf;

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::measure::coco::CocoError;
use coverslip_image::ImageError;

use crate::base::{error::Fault, files::FileError, words::list};

/// How many file names a message lists.
const LISTED: usize = 10;

/// A fault in the files to compare.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A path that should be a folder is not there, or is something else.
    #[error("`{}` {}", path.display(), if path.exists() { "is not a folder" } else { "does not exist" })]
    NotAFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder cannot be listed.
    #[error("cannot list `{}`: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// The answer of the operating system.
        source: std::io::Error,
    },
    /// A folder holds no image.
    #[error("`{}` holds no image file", path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
    },
    /// Two files of a folder differ only in their extension.
    #[error("`{}` has several files named `{stem}`", path.display())]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The name they share.
        stem: String,
    },
    /// Files without a partner in the other folder.
    #[error("`{}` has no {partner} for {}", folder.display(), list(names, LISTED))]
    Unpaired {
        /// What they lack.
        partner: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
        /// Their file names.
        names: Vec<String>,
    },
    /// There is nothing to compare.
    #[error("there are no pairs of predictions and targets")]
    NoPairs,
    /// Prediction and target differ in size.
    #[error(
        "`{}` is {} but its target `{}` is {}",
        prediction.display(), size(*prediction_shape), target.display(), size(*target_shape)
    )]
    SizeMismatch {
        /// The predicted file.
        prediction: PathBuf,
        /// Its channels and lengths along z, y, x.
        prediction_shape: [usize; 4],
        /// The target's file.
        target: PathBuf,
        /// Its channels and lengths along z, y, x.
        target_shape: [usize; 4],
    },
    /// A label map with more labels than a class map can sensibly have.
    #[error("`{}` has label {label}, too many for a map of classes", path.display())]
    ManyClasses {
        /// The file.
        path: PathBuf,
        /// The largest label.
        label: u32,
    },
    /// A label is not one of the named classes.
    #[error(
        "`{}` has label {label}, expected labels 0 to {} for {classes} classes",
        path.display(), classes.saturating_sub(1)
    )]
    UnknownClass {
        /// The file.
        path: PathBuf,
        /// The largest label.
        label: u32,
        /// How many classes there are, background included.
        classes: usize,
    },
    /// An intensity that is NaN or infinite.
    #[error("`{}` has {count} values that are NaN or infinite", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A score is not defined for a pair.
    #[error("cannot compare `{}` with its target: {source}", prediction.display())]
    Score {
        /// The predicted file.
        prediction: PathBuf,
        /// Why; boxed, as errors travel in every result.
        source: Box<AlgorithmError>,
    },
    /// A table of features that cannot be used.
    #[error("`{}` {problem}", path.display())]
    Features {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Annotations or detections that cannot be used.
    #[error(transparent)]
    Coco(Box<CocoError>),
    /// A file cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A result cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A result cannot be put into words.
    #[error("cannot write the {what}: {problem}")]
    Format {
        /// Which result.
        what: &'static str,
        /// Why.
        problem: String,
    },
}

impl From<CocoError> for EvaluateError {
    fn from(error: CocoError) -> Self {
        Self::Coco(Box::new(error))
    }
}

impl Fault for EvaluateError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotAFolder { .. } => {
                "check the spelling of the path; give the folder, not a file in it"
            }
            Self::List { .. } => "get the permissions of the folder changed",
            Self::NoImages { .. } | Self::NoPairs => "give folders that hold TIFF or PNG files",
            Self::Ambiguous { .. } => "keep only one of them in the folder",
            Self::Unpaired {
                partner: "prediction",
                ..
            } => {
                "predict the missing images, or compare only those that have a prediction with \
                 `--partial`"
            }
            Self::Unpaired { .. } => {
                "give each prediction the name of its target, or remove it from the folder"
            }
            Self::SizeMismatch { .. } => {
                "check that the two belong together and that neither was cropped or rescaled"
            }
            Self::ManyClasses { .. } => {
                "this looks like an instance label map: choose the task `instance`, or count every \
                 label as foreground with `--foreground`"
            }
            Self::UnknownClass { .. } => "name all classes, or check that the file is a class map",
            Self::Features { .. } => {
                "give a CSV table of numbers or an npy array, a row a sample and a column a feature"
            }
            Self::Coco(_) => {
                "give COCO's files: a list of results as prediction, annotations as target"
            }
            Self::NotFinite { .. } => "leave the image out, or predict or export it again",
            Self::Image(error) => return error.hint(),
            Self::File(error) => return error.hint(),
            Self::Score { source, .. } => return source.hint(),
            Self::Format { .. } => return None,
        };
        Some(text.to_owned())
    }
}

fn size([channels, z, y, x]: [usize; 4]) -> String {
    let depth = if z == 1 {
        String::new()
    } else {
        format!("{z} x ")
    };
    let channels = if channels == 1 {
        String::new()
    } else {
        format!(" in {channels} channels")
    };
    format!("{depth}{y} x {x} pixels{channels}")
}
