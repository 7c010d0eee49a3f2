//! Which prediction belongs to which target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coverslip_image::files::image_name;
use coverslip_image::format::list_folder;

use super::EvaluateError;

/// A prediction and its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationPair {
    /// The file name without extension, which both share.
    pub name: String,
    /// The predicted file.
    pub prediction: PathBuf,
    /// The target's file.
    pub target: PathBuf,
}

/// Pairs the images of two folders by name, in the order of the names. Hidden files and files that
/// are no images are passed over.
///
/// # Errors
/// [`EvaluateError`] if a folder is missing or holds no image, two files share a name, a
/// prediction has no target, or, unless `partial`, a target has no prediction.
pub fn pair_folders(
    prediction: &Path,
    target: &Path,
    partial: bool,
) -> Result<Vec<EvaluationPair>, EvaluateError> {
    let predictions = images_by_name(prediction)?;
    let mut targets = images_by_name(target)?;
    let mut pairs = Vec::with_capacity(predictions.len());
    let mut alone = Vec::new();
    for (name, path) in predictions {
        match targets.remove(&name) {
            Some(target) => pairs.push(EvaluationPair {
                name,
                prediction: path,
                target,
            }),
            None => alone.push(file_name(&path)),
        }
    }
    check("target", target, alone)?;
    if !partial {
        let left = targets.values().map(|path| file_name(path)).collect();
        check("prediction", prediction, left)?;
    }
    Ok(pairs)
}

fn check(partner: &'static str, folder: &Path, names: Vec<String>) -> Result<(), EvaluateError> {
    if names.is_empty() {
        return Ok(());
    }
    Err(EvaluateError::Unpaired {
        partner,
        folder: folder.to_owned(),
        names,
    })
}

/// Images of a folder by name without extension.
pub(crate) fn images_by_name(folder: &Path) -> Result<BTreeMap<String, PathBuf>, EvaluateError> {
    if !folder.is_dir() {
        return Err(EvaluateError::NotAFolder {
            path: folder.to_owned(),
        });
    }
    let failed = |source| EvaluateError::List {
        path: folder.to_owned(),
        source,
    };
    let mut found = BTreeMap::new();
    for path in list_folder(folder).map_err(failed)?.images {
        let stem = image_name(&path);
        if found.insert(stem.clone(), path).is_some() {
            return Err(EvaluateError::Ambiguous {
                path: folder.to_owned(),
                stem,
            });
        }
    }
    if found.is_empty() {
        return Err(EvaluateError::NoImages {
            path: folder.to_owned(),
        });
    }
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
