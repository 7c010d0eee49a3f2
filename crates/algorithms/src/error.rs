//! Why a classical algorithm or a metric could not be computed.

use thiserror::Error;

use coverslip_image::dtype::DType;

/// A fault in what was handed to an algorithm or metric.
///
/// Arrays carry no path, so these messages speak of arrays and parameters; callers that know the
/// file wrap them.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AlgorithmError {
    /// Two arrays that must have the same shape do not.
    #[error("{left} has shape {left_shape:?} but {right} has shape {right_shape:?}")]
    ShapeMismatch {
        /// What the first array is.
        left: &'static str,
        /// Its shape, in array order.
        left_shape: Vec<usize>,
        /// What the second array is.
        right: &'static str,
        /// Its shape, in array order.
        right_shape: Vec<usize>,
    },
    /// An array has a number of axes the algorithm is not defined for.
    #[error("{what} has {got} axes, expected {expected}")]
    Rank {
        /// What the array is.
        what: &'static str,
        /// Its number of axes.
        got: usize,
        /// The accepted numbers, in words.
        expected: &'static str,
    },
    /// Samples of a type that the algorithm is not defined for.
    #[error("{what} is {got}, expected {expected}")]
    SampleType {
        /// What the array is.
        what: &'static str,
        /// Its sample type.
        got: DType,
        /// What is accepted, in words.
        expected: &'static str,
    },
    /// An array without elements where at least one is needed.
    #[error("{what} is empty, expected at least one element")]
    Empty {
        /// What the array is.
        what: &'static str,
    },
    /// Statistics were asked of an array that has no finite value.
    #[error("{what} has no finite value: all {count} are NaN or infinite")]
    NoFiniteSamples {
        /// What the array is.
        what: &'static str,
        /// How many elements it has.
        count: usize,
    },
    /// An array holds NaN where every value counts.
    #[error("{what} has {}", nan_values(*count))]
    NotNumbers {
        /// What the array is.
        what: &'static str,
        /// How many values are NaN.
        count: usize,
    },
    /// A parameter is outside its range.
    #[error("{name} is {got}, expected {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// The value given.
        got: String,
        /// What is allowed.
        expected: String,
    },
    /// A label is not below the number of classes.
    #[error("{what} has label {label}, expected labels 0 to {} for {classes} classes", classes.saturating_sub(1))]
    LabelOutOfRange {
        /// What the array is.
        what: &'static str,
        /// The offending label.
        label: u64,
        /// The number of classes.
        classes: usize,
    },
    /// A sliding window of a metric is larger than the image.
    #[error("a window of {window} pixels does not fit into an image of shape {shape:?}")]
    WindowTooLarge {
        /// Side of the window in pixels.
        window: usize,
        /// Shape of the image.
        shape: Vec<usize>,
    },
    /// A tile is too small to leave anything after its margins are cut.
    #[error("a tile of {tile} pixels leaves nothing: expected at least {needed} along this axis")]
    TileTooSmall {
        /// Side of the tile in pixels.
        tile: usize,
        /// The smallest side that works.
        needed: usize,
    },
    /// Blending ended before every pixel was covered by a tile.
    #[error("{count} pixels are covered by no tile, or only by tiles of weight 0")]
    Uncovered {
        /// How many.
        count: usize,
    },
    /// A tile lies, wholly or partly, outside the image or in a part that is already finished.
    #[error(
        "the tile at {start:?} of shape {tile:?} is outside the open part {open:?} of {shape:?}"
    )]
    TileOutside {
        /// First pixel of the tile.
        start: Vec<usize>,
        /// Shape of the tile.
        tile: Vec<usize>,
        /// First and past-the-last index still open along the streamed axis.
        open: [usize; 2],
        /// Shape of the image.
        shape: Vec<usize>,
    },
    /// More components than a 32-bit label can number.
    #[error("the image has more than {} components", u32::MAX)]
    TooManyComponents,
    /// Masks that no order puts on the channels there are.
    #[error("mask {mask} fits on none of {channels} channels{}", layering_detail(*attempts, clique))]
    CannotLayer {
        /// The mask that found no place in the last order tried, the first being 0.
        mask: usize,
        /// Number of channels.
        channels: usize,
        /// How many orders were tried.
        attempts: usize,
        /// Masks, one more than channels, that all conflict with each other; empty if none were
        /// found.
        clique: Vec<usize>,
    },
    /// A layout that could not be filled as wanted.
    #[error("the layout has {reached} {what}, expected {wanted} within 5 %")]
    LayoutIncomplete {
        /// What is counted.
        what: &'static str,
        /// How much there is.
        reached: f64,
        /// How much there should be.
        wanted: f64,
    },
}

impl AlgorithmError {
    /// What the user can do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::SampleType { .. } => "convert the image with `coverslip convert --dtype`",
            Self::ShapeMismatch { .. } => {
                "give two images of the same size: check that they belong together and were not cropped or rescaled"
            }
            Self::Rank { .. } => "select one time point, or one channel, first",
            Self::Empty { .. } => "leave the empty image out",
            Self::NoFiniteSamples { .. } => "leave this image out or export it again",
            Self::NotNumbers { .. } => {
                "check the image for NaN; a network that gives NaN for every image has to be trained again"
            }
            Self::Parameter { .. } => "change this setting",
            Self::LabelOutOfRange { .. } => {
                "raise the number of classes, or check that the file is a class map and not an instance label map"
            }
            Self::WindowTooLarge { .. } => "use a smaller window or leave tiny images out",
            Self::TileTooSmall { .. } => "use larger tiles, or another way of blending",
            Self::CannotLayer { .. } => "use more channels or a smaller gap, or try more orders",
            Self::LayoutIncomplete { .. } => {
                "ask for less, use a larger canvas, smaller shapes, a smaller gap or density: high"
            }
            Self::Uncovered { .. } | Self::TileOutside { .. } | Self::TooManyComponents => {
                return None;
            }
        };
        Some(text.to_owned())
    }

    pub(crate) fn parameter(
        name: &'static str,
        got: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Parameter {
            name,
            got: got.to_string(),
            expected: expected.into(),
        }
    }
}

fn layering_detail(attempts: usize, clique: &[usize]) -> String {
    if clique.is_empty() {
        format!(" in any of {attempts} orders")
    } else {
        format!(": masks {clique:?} are all too close to each other")
    }
}

fn nan_values(count: usize) -> String {
    if count == 1 {
        "1 value that is NaN".to_owned()
    } else {
        format!("{count} values that are NaN")
    }
}

/// Checks that two arrays have the same shape.
pub(crate) fn same_shape(
    (left, left_shape): (&'static str, &[usize]),
    (right, right_shape): (&'static str, &[usize]),
) -> Result<(), AlgorithmError> {
    if left_shape == right_shape {
        return Ok(());
    }
    Err(AlgorithmError::ShapeMismatch {
        left,
        left_shape: left_shape.to_vec(),
        right,
        right_shape: right_shape.to_vec(),
    })
}

/// One value for each of `rank` axes, from a list of one value an axis or one for all.
pub(crate) fn per_axis(
    name: &'static str,
    values: &[f64],
    rank: usize,
    allowed: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<Vec<f64>, AlgorithmError> {
    if let Some(&wrong) = values.iter().find(|&&value| !allowed(value)) {
        return Err(AlgorithmError::parameter(name, wrong, expected));
    }
    match *values {
        [one] => Ok(vec![one; rank]),
        _ if values.len() == rank => Ok(values.to_vec()),
        _ => Err(AlgorithmError::parameter(
            name,
            format!("{values:?}"),
            format!("one number, or {rank}: one for each axis"),
        )),
    }
}
