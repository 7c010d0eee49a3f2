//! From a pair of files to the arrays that patches are cut from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use coverslip_algorithms::{AlgorithmError, metrics::image::linear_fit};
use coverslip_image::read_image;
use ndarray::{Array4, Axis};

use super::error::Companion;
use super::pairs::check_sizes;
use super::target::TargetMaps;
use super::{DataError, ImagePair, TargetForm};
use crate::base::finite::NotFinite;

/// What an image `[C, Z, Y, X]` goes through before patches are cut; gives warnings.
pub type Preparation =
    Arc<dyn Fn(&mut Array4<f32>) -> Result<Vec<String>, AlgorithmError> + Send + Sync>;

/// How pairs of files become samples.
#[derive(Clone)]
pub struct Recipe {
    /// The channels of the source to use, from 0; all if `None`.
    pub channels: Option<Vec<usize>>,
    /// How the source is read: as values, but for targets that are drawn by themselves.
    pub source: TargetForm,
    /// What is made of the target.
    pub target: TargetForm,
    /// The label whose pixels do not count; not for [`TargetForm::Values`].
    pub ignore_label: Option<u32>,
    /// What the source goes through, such as normalisation.
    pub prepare_source: Preparation,
    /// What the target goes through; for [`TargetForm::Values`] only.
    pub prepare_target: Preparation,
    /// Whether each channel of a target is brought to the intensities of its prepared source by a
    /// straight line; for [`TargetForm::Values`] only.
    pub match_source: bool,
}

/// A source image and what goes with it in memory, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name of the pair.
    pub name: String,
    /// The prepared source, `[C, Z, Y, X]`.
    pub source: Array4<f32>,
    /// Classes or objects as whole numbers, `[1, Z, Y, X]`, or prepared intensities,
    /// `[C', Z, Y, X]`; nothing for a source without a target.
    pub target: Option<Array4<f32>>,
    /// How much each pixel counts, `[1, Z, Y, X]`; all alike without it.
    pub weight: Option<Array4<f32>>,
    /// What the user should know about the images.
    pub warnings: Vec<String>,
}

impl Recipe {
    /// A recipe that prepares nothing.
    pub fn new(target: TargetForm) -> Self {
        Self {
            channels: None,
            source: TargetForm::Values,
            target,
            ignore_label: None,
            prepare_source: Arc::new(|_| Ok(Vec::new())),
            prepare_target: Arc::new(|_| Ok(Vec::new())),
            match_source: false,
        }
    }

    /// Reads and prepares a pair of images.
    ///
    /// # Errors
    ///
    /// [`DataError`] if a file cannot be read, the two differ in size, a value is not finite, a
    /// label has no class, a channel is missing, or a preparation is not defined for the image.
    pub fn load(&self, pair: &ImagePair) -> Result<Sample, DataError> {
        let read = self.source.read(&read_image(&pair.source)?, None)?;
        let mut source = read.values;
        let whole = size(&source);
        let target = pair.target.as_deref().map(|path| self.read_target(path));
        let (mut target, counts) = match target.transpose()? {
            Some(TargetMaps { values, counts }) => (Some(values), counts),
            None => (None, None),
        };
        if let Some(target) = &target {
            check_sizes(pair, Companion::Target, whole, size(target))?;
        }
        let weight = pair.weight.as_deref().map(read_weight).transpose()?;
        if let Some(weight) = &weight {
            check_sizes(pair, Companion::Weights, whole, size(weight))?;
        }
        let weight = match (weight, counts) {
            (Some(weight), Some(counts)) => Some(weight * counts),
            (weight, counts) => weight.or(counts),
        };
        if let Some(channels) = &self.channels {
            source = select(&pair.source, &source, channels)?;
        }
        let mut warnings = prepare(&pair.source, &mut source, &self.prepare_source)?;
        if self.target == TargetForm::Values
            && let (Some(path), Some(target)) = (&pair.target, &mut target)
        {
            warnings.extend(prepare(path, target, &self.prepare_target)?);
            if self.match_source {
                warnings.extend(match_source([&pair.source, path], &source, target)?);
            }
        }
        Ok(Sample {
            name: pair.name.clone(),
            source,
            target,
            weight,
            warnings,
        })
    }

    fn read_target(&self, path: &Path) -> Result<TargetMaps, DataError> {
        self.target.read(&read_image(path)?, self.ignore_label)
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("channels", &self.channels)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Sample {
    /// The memory it takes in bytes.
    pub(super) fn bytes(&self) -> usize {
        let others = self.target.iter().chain(&self.weight).map(Array4::len);
        (self.source.len() + others.sum::<usize>()) * size_of::<f32>()
    }
}

/// The lengths along Z, Y and X.
pub(super) fn size(image: &Array4<f32>) -> [usize; 3] {
    let (_, z, y, x) = image.dim();
    [z, y, x]
}

/// Reads how much each pixel counts, `[1, Z, Y, X]`.
fn read_weight(path: &Path) -> Result<Array4<f32>, DataError> {
    let weight = read_image(path)?.to_czyx_f32()?;
    check_finite(path, &weight)?;
    let least = weight.iter().copied().fold(f32::INFINITY, f32::min);
    let channels = weight.dim().0;
    let problem = if channels != 1 {
        format!("it has {channels} channels, and weights have one")
    } else if least < 0.0 {
        format!("it has the value {least}, and weights are at least 0")
    } else if weight.iter().all(|&value| value == 0.0) {
        "all its values are 0, so that nothing of the image would be learnt".to_owned()
    } else {
        return Ok(weight);
    };
    Err(DataError::Weights {
        path: path.to_owned(),
        problem,
    })
}

fn select(path: &Path, image: &Array4<f32>, wanted: &[usize]) -> Result<Array4<f32>, DataError> {
    let channels = image.dim().0;
    match wanted.iter().find(|&&channel| channel >= channels) {
        Some(&channel) => Err(DataError::NoSuchChannel {
            path: path.to_owned(),
            channels,
            channel,
        }),
        None => Ok(image.select(Axis(0), wanted)),
    }
}

fn prepare(
    path: &Path,
    image: &mut Array4<f32>,
    preparation: &Preparation,
) -> Result<Vec<String>, DataError> {
    check_finite(path, image)?;
    let warnings = preparation(image).map_err(|cause| DataError::Preparation {
        path: path.to_owned(),
        cause,
    })?;
    Ok(warnings
        .into_iter()
        .map(|warning| format!("`{}`: {warning}", path.display()))
        .collect())
}

/// Brings each channel of the target to the intensities of the same channel of the source.
///
/// Least squares of the source, which carries the noise, on the target, which does not: noise then
/// leaves gain and offset without bias. Gives a warning where the two have nothing in common.
fn match_source(
    [source_path, target_path]: [&Path; 2],
    source: &Array4<f32>,
    target: &mut Array4<f32>,
) -> Result<Option<String>, DataError> {
    let channels = [source.dim().0, target.dim().0];
    if channels[0] != channels[1] {
        return Err(DataError::ChannelsOfPair {
            source_path: source_path.to_owned(),
            target_path: target_path.to_owned(),
            source_channels: channels[0],
            target_channels: channels[1],
        });
    }
    let mut is_related = true;
    for (source, mut target) in source.outer_iter().zip(target.outer_iter_mut()) {
        let fit = linear_fit(&target.view(), &source).map_err(|cause| DataError::Preparation {
            path: target_path.to_owned(),
            cause,
        })?;
        is_related &= fit.gain > 0.0;
        target.mapv_inplace(|value| (f64::from(value) * fit.gain + fit.offset) as f32);
    }
    Ok((!is_related).then(|| {
        format!(
            "`{}` does not grow with its source `{}`: do the two show the same place?",
            target_path.display(),
            source_path.display()
        )
    }))
}

fn check_finite(path: &Path, image: &Array4<f32>) -> Result<(), DataError> {
    let Some(NotFinite {
        count,
        value,
        index: [c, z, y, x],
    }) = NotFinite::find(image)
    else {
        return Ok(());
    };
    let (channels, sections, _, _) = image.dim();
    let mut place = Vec::new();
    if channels > 1 {
        place.push(format!("channel {c}"));
    }
    if sections > 1 {
        place.push(format!("z {z}"));
    }
    place.push(format!("y {y}, x {x}"));
    let place = place.join(", ");
    Err(DataError::NotFinite {
        path: path.to_owned(),
        count,
        value,
        place,
    })
}
