//! What can be wrong with the images to train on.

use std::path::{Path, PathBuf};

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{ImageError, format::known_extensions};

use crate::base::{error::Fault, listing::ListingFault, words::list};

/// The most names that a message lists.
pub(super) const MOST_NAMES: usize = 10;

/// What goes with a source image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Companion {
    /// What is to be learnt of it.
    Target,
    /// How much each of its pixels counts.
    Weights,
}

impl Companion {
    fn verb(self) -> &'static str {
        match self {
            Self::Target => "has",
            Self::Weights => "have",
        }
    }
}

impl std::fmt::Display for Companion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Target => "target",
            Self::Weights => "weights",
        })
    }
}

/// Why images cannot be trained on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing at a path.
    #[error("`{}` does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// One of source and target is a folder and the other a file.
    #[error("`{}` is a file, `{}` is a folder", file.display(), folder.display())]
    FileAndFolder {
        /// The one that is a file.
        file: PathBuf,
        /// The one that is a folder.
        folder: PathBuf,
    },
    /// A folder holds no image.
    #[error("`{}` holds no images", path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// The extensions that image files have.
        extensions: Vec<&'static str>,
    },
    /// Two files of a folder have the same name up to the extension.
    #[error("`{}` and `{}` have the same name up to the extension", first.display(), second.display())]
    SameName {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Source images have no target.
    #[error("{} in `{}` have no image of the same name in `{}`: {}", count(names.len(), *of), source_folder.display(), target_folder.display(), list(names, MOST_NAMES))]
    MissingTargets {
        /// The folder of the sources.
        source_folder: PathBuf,
        /// The folder of the targets.
        target_folder: PathBuf,
        /// The names of the sources.
        names: Vec<String>,
        /// How many sources there are.
        of: usize,
    },
    /// An image cannot say how much pixels count.
    #[error("`{}` does not hold weights of pixels: {problem}", path.display())]
    Weights {
        /// The image.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A source and its target, or its weights, differ in size.
    #[error("`{}` has {source_size}, its {what} `{}` {} {target_size}", source_path.display(), target_path.display(), what.verb())]
    SizesDiffer {
        /// What the other image is.
        what: Companion,
        /// The source.
        source_path: PathBuf,
        /// The target.
        target_path: PathBuf,
        /// Its size in words.
        source_size: Box<str>,
        /// The target's size in words.
        target_size: Box<str>,
    },
    /// A split file cannot be read.
    #[error("`{}` is not a split file: {problem}", path.display())]
    SplitFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        problem: String,
    },
    /// A split file does not have a subset.
    #[error("`{}` has no subset `{subset}`", path.display())]
    UnknownSubset {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        subset: String,
        /// The names it has.
        known: Vec<String>,
    },
    /// A split file names images that are not there.
    #[error("`{}` names {} that `{}` does not hold: {}", path.display(), plural(names.len(), "image"), folder.display(), list(names, MOST_NAMES))]
    SplitNamesMissing {
        /// The split file.
        path: PathBuf,
        /// The folder of the sources.
        folder: PathBuf,
        /// The names.
        names: Vec<String>,
    },
    /// Too few images to set some aside.
    #[error("{} cannot be split into training and validation", plural(*images, "image"))]
    TooFewToSplit {
        /// How many there are.
        images: usize,
    },
    /// A mask has labels that the config has no class for.
    #[error("`{}` has the label {largest}, but with {classes} classes the labels go from 0 to {}", path.display(), classes - 1)]
    TooManyClasses {
        /// The mask.
        path: PathBuf,
        /// Its largest label.
        largest: u32,
        /// The number of classes with the background.
        classes: usize,
    },
    /// An image has values that are no numbers.
    #[error("`{}` has {} that {} NaN or infinite, the first ({value}) at {place}", path.display(), plural(*count, "value"), if *count == 1 { "is" } else { "are" })]
    NotFinite {
        /// The image.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The first of them.
        value: f32,
        /// Where it is, as in `channel 0, y 3, x 5`.
        place: String,
    },
    /// An image does not have a channel that is asked for.
    #[error("`{}` has {}, channel {channel} (counted from 0) is asked for", path.display(), plural(*channels, "channel"))]
    NoSuchChannel {
        /// The image.
        path: PathBuf,
        /// How many it has.
        channels: usize,
        /// The one asked for.
        channel: usize,
    },
    /// A data set is empty.
    #[error("there are no images to take patches from")]
    NoPairs,
    /// Images differ in their channels.
    #[error("the {what} `{}` has {}, `{}` has {first_channels}", path.display(), plural(*channels, "channel"), first_path.display())]
    ChannelsDiffer {
        /// `source` or `target`.
        what: &'static str,
        /// The image.
        path: PathBuf,
        /// Its channels.
        channels: usize,
        /// An image with another number.
        first_path: PathBuf,
        /// Its channels.
        first_channels: usize,
    },
    /// A target that is to have its source's intensities does not have its channels.
    #[error("`{}` has {}, its target `{}` has {target_channels}", source_path.display(), plural(*source_channels, "channel"), target_path.display())]
    ChannelsOfPair {
        /// The source.
        source_path: PathBuf,
        /// The target.
        target_path: PathBuf,
        /// The channels of the source.
        source_channels: usize,
        /// The channels of the target.
        target_channels: usize,
    },
    /// A step of preparation is not defined for an image.
    #[error("`{}` cannot be prepared: {cause}", path.display())]
    Preparation {
        /// The image.
        path: PathBuf,
        /// Why.
        cause: AlgorithmError,
    },
    /// An image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A folder or list cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The answer of the operating system.
        cause: std::io::Error,
    },
    /// A worker thread could not be started or has stopped; a fault of the program or the machine.
    #[error("the threads that prepare patches have stopped: {cause}")]
    Workers {
        /// What is known about it.
        cause: String,
    },
}

impl Fault for DataError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { .. } => "check the spelling of the path; relative paths start at the \
                                      folder of the config file"
                .to_owned(),
            Self::FileAndFolder { .. } => "give two folders, or two files".to_owned(),
            Self::NoImages { extensions, .. } => {
                format!(
                    "put images there; known extensions are {}",
                    extensions.join(", ")
                )
            }
            Self::SameName { .. } => {
                "keep one of the two: images and masks belong together by their names".to_owned()
            }
            Self::MissingTargets { .. } => {
                "a target (or weight image) has the name of its source (the extension may \
                                            differ); add the missing ones, or move these sources \
                                            elsewhere"
                    .to_owned()
            }
            Self::SizesDiffer { what, .. } => {
                let what = match what {
                    Companion::Target => "a target has one value for each pixel of its source",
                    Companion::Weights => "there is one weight for each pixel of a source",
                };
                format!("{what}; check that the two files belong together")
            }
            Self::Weights { .. } => {
                "a weight image has one channel and a number of at least 0 for each pixel: 0 \
                 leaves the pixel out, 1 counts it once; mend it, or take the image out of \
                 training"
                    .to_owned()
            }
            Self::SplitFile { .. } => {
                "a split file is a CSV table with the columns file and split".to_owned()
            }
            Self::UnknownSubset { known, .. } => format!("it has {}", list(known, MOST_NAMES)),
            Self::SplitNamesMissing { .. } => {
                "correct the names in the split file, or add the images".to_owned()
            }
            Self::TooFewToSplit { .. } => {
                "add images, or give validation images of their own with `data.validation`"
                    .to_owned()
            }
            Self::TooManyClasses { largest, .. } => format!(
                "set `data.classes` to {}; or, if the labels number the objects, \
                 `data.target_kind` to instance; or, if pixels of this label do not count, \
                 `data.ignore_label` to {largest}",
                u64::from(*largest) + 1
            ),
            Self::NotFinite { .. } => {
                "replace these values, for instance by 0, and save the image again".to_owned()
            }
            Self::NoSuchChannel { .. } => "correct `data.channels`".to_owned(),
            Self::ChannelsDiffer { .. } => {
                "use images with the same channels, or choose common ones with `data.channels`"
                    .to_owned()
            }
            Self::ChannelsOfPair { .. } => {
                "choose the channel that the target shows with `data.channels`, or set \
                 `data.target_scale` to target"
                    .to_owned()
            }
            Self::Image(error) => return error.hint(),
            Self::Io { .. } => "check that the folder may be read".to_owned(),
            Self::Preparation { cause, .. } => return cause.hint(),
            Self::NoPairs | Self::Workers { .. } => return None,
        };
        Some(hint)
    }
}

impl DataError {
    /// A folder that gives no images.
    pub(crate) fn listing(folder: &Path, fault: ListingFault) -> Self {
        match fault {
            ListingFault::Refused(cause) => Self::io(folder, cause),
            ListingFault::NoImages => Self::NoImages {
                path: folder.to_owned(),
                extensions: known_extensions(),
            },
        }
    }

    pub(super) fn io(path: &Path, cause: std::io::Error) -> Self {
        if cause.kind() == std::io::ErrorKind::NotFound {
            return Self::NotFound {
                path: path.to_owned(),
            };
        }
        Self::Io {
            path: path.to_owned(),
            cause,
        }
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

fn count(some: usize, all: usize) -> String {
    format!("{some} of the {}", plural(all, "image"))
}
