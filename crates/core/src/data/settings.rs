//! The images, and how they are prepared.

use std::path::PathBuf;

use coverslip_nets::build::Extent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sampling, TargetForm};
use crate::names::{Named, TargetKind};

/// The images, and how they are prepared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Images to train on.
    pub train: ImagePairs,
    /// Images to judge the model by while it trains: a share of the training images, images of
    /// their own, or a subset of the split file.
    #[serde(default)]
    pub validation: Validation,
    /// Images to score the finished model on; training never sees them.
    #[serde(default)]
    pub test: Option<ImagePairs>,
    /// What the target images hold.
    pub target_kind: TargetKind,
    /// Number of classes with the background. Left out: 2 for `semantic`; 3 for `instance`
    /// (background, inside, border), or 2 when `border_width` is 0.
    #[serde(default)]
    #[schemars(range(min = 2, max = 65536))]
    pub classes: Option<usize>,
    /// One name for each class, background first.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// A label of the target images whose pixels do not count in the loss, such as 255 for "not
    /// annotated"; not for `target_kind: image`.
    #[serde(default)]
    pub ignore_label: Option<u32>,
    /// Channels of the source images to use, from 0; left out, all of them.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub channels: Option<Vec<usize>>,
    /// Steps that each source image takes before the network sees it, in this order.
    #[serde(default)]
    #[schemars(extend("x-registry" = "preprocess"))]
    pub preprocess: Vec<Named>,
    /// Steps that each target image takes; only for `target_kind: image`.
    #[serde(default)]
    #[schemars(extend("x-registry" = "preprocess"))]
    pub target_preprocess: Vec<Named>,
    /// The intensities that the network learns to give; only for `target_kind: image`.
    #[serde(default)]
    pub target_scale: TargetScale,
    /// For `instance`: pixels of an object this close to another object or the background become
    /// the class "border", which keeps touching objects apart; 0 learns objects without borders.
    #[serde(default = "default_border_width")]
    #[schemars(range(max = 64))]
    pub border_width: usize,
    /// The pieces of images that training works on.
    #[serde(default)]
    pub patch: PatchSettings,
    /// Random changes of patches, which make the most of few images.
    #[serde(default)]
    #[schemars(extend("x-registry" = "augmentation"))]
    pub augment: Vec<Named>,
    /// Threads that prepare patches while the network works.
    #[serde(default = "default_workers")]
    #[schemars(range(min = 1, max = 256))]
    pub workers: usize,
    /// Memory for decoded images in GiB; what does not fit is read again from disk.
    #[serde(default = "default_cache_gib")]
    #[schemars(range(min = 0.0))]
    pub cache_gib: f64,
}

fn default_border_width() -> usize {
    1
}

fn default_workers() -> usize {
    2
}

fn default_cache_gib() -> f64 {
    4.0
}

impl DataSettings {
    /// Number of classes with the background, `None` for image targets.
    ///
    /// A config that has passed its check agrees with this number.
    pub fn class_count(&self) -> Option<usize> {
        match self.target_kind {
            TargetKind::Image => None,
            TargetKind::Semantic => Some(self.classes.unwrap_or(2)),
            TargetKind::Instance if self.border_width == 0 => Some(2),
            TargetKind::Instance => Some(3),
        }
    }

    /// What the classes, objects or intensities of a target image become for a network that gives
    /// classes or intensities.
    pub fn target_form(&self) -> TargetForm {
        match self.target_kind {
            TargetKind::Semantic => TargetForm::Classes {
                classes: self.class_count().unwrap_or(0),
            },
            TargetKind::Instance => TargetForm::Borders {
                border_width: self.border_width,
                by_section: self.spatial_axes() == 2,
            },
            TargetKind::Image => TargetForm::Values,
        }
    }

    /// Number of spatial axes that the network works along, 2 (Y X) or 3 (Z Y X).
    pub fn spatial_axes(&self) -> usize {
        self.patch.size.len()
    }
}

/// Source images with their targets; two files belong together when their names are equal up to
/// the extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagePairs {
    /// Folder of the source images. Relative paths start at the folder of the config file.
    #[schemars(extend("format" = "path"))]
    pub source: PathBuf,
    /// Folder of the target images: masks, labels or pictures. Left out for frameworks that learn from
    /// sources alone.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub target: Option<PathBuf>,
    /// Folder of images that say how much each pixel counts in the loss: 0 leaves a pixel out. They
    /// have the names of their sources; all pixels count alike without it.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub weight: Option<PathBuf>,
    /// CSV file with the columns `file` and `split` that says which image is in which subset.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub split: Option<PathBuf>,
    /// The subset of `split` to use, as in `train`.
    #[serde(default)]
    pub subset: Option<String>,
}

/// Where the validation images come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Validation {
    /// A share of the training images, drawn at random; at least one image and never all.
    Fraction(#[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))] f64),
    /// A subset of the split file of the training images.
    Subset(Subset),
    /// Images of their own.
    Pairs(ImagePairs),
}

impl Default for Validation {
    fn default() -> Self {
        Self::Fraction(0.1)
    }
}

/// A subset of the split file of the training images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subset {
    /// The name in the column `split`, as in `val`.
    pub subset: String,
}

/// The intensities that a network of image targets learns to give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetScale {
    /// Those of the target image after `target_preprocess`.
    #[default]
    Target,
    /// Those of the source image: each target is brought to them by a straight line (least squares,
    /// for each channel), and predictions have the intensities of the image they are made from. For
    /// denoising and restoration.
    Source,
}

/// The pieces of images that training works on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatchSettings {
    /// Pixels along Y and X, or along Z, Y and X for 3D networks.
    #[schemars(length(min = 2, max = 3), inner(range(min = 1)))]
    pub size: Vec<usize>,
    /// How places of training patches are drawn; those of validation are uniform.
    pub sampling: Sampling,
    /// For `balanced`: the share of patches whose middle is on an object, that is of any class but
    /// the background.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub foreground: f64,
}

impl Default for PatchSettings {
    fn default() -> Self {
        Self {
            size: vec![256, 256],
            sampling: Sampling::Uniform,
            foreground: 0.5,
        }
    }
}

impl PatchSettings {
    /// Pixels along Z, Y and X.
    pub fn size_zyx(&self) -> [usize; 3] {
        // The schema lets no other number of sizes in.
        Extent::zyx(&self.size).unwrap_or([1; 3])
    }
}
