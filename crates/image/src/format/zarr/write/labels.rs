//! Labels that are written into the folder of their image: `IMAGE.ome.zarr/labels/NAME`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::describe::write_group;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::files::write_atomic;
use crate::format::zarr::array::Version;
use crate::format::zarr::read::ZarrSource;
use crate::format::zarr::store::is_zarr;
use crate::format::{OpenOptions, pyramid};
use crate::sink::Target;
use crate::source::Source;

/// One list of labels is changed at a time.
static LISTING: Mutex<()> = Mutex::new(());

/// Whether a path is that of labels in an image.
pub(in crate::format::zarr) fn is_label_path(path: &Path) -> bool {
    root_of(path).is_some()
}

fn root_of(path: &Path) -> Option<&Path> {
    let labels = path.parent().filter(|parent| parent.ends_with("labels"))?;
    let root = labels.parent()?;
    let is_zarr = root
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zarr"));
    (is_zarr && path.file_name().is_some()).then_some(root)
}

/// The image that labels belong to.
pub(super) struct Parent {
    pub(super) root: PathBuf,
    pub(super) version: Version,
    /// The factors between its levels, along the axes of the labels.
    pub(super) steps: Vec<Vec<usize>>,
}

impl Parent {
    /// Reads the image, whose levels the labels must match.
    pub(super) fn read(path: &Path, labels: &Target) -> Result<Parent, ImageError> {
        let root = root_of(path).unwrap_or(path).to_owned();
        let refuse = |feature: String, remedy: &str| {
            let (path, remedy) = (path.to_owned(), remedy.to_owned());
            Err(ImageError::Unsupported {
                path,
                feature,
                remedy,
            })
        };
        if !is_zarr(&root) {
            let feature = format!("`{}` is no OME-Zarr image", root.display());
            return refuse(feature, "write the image before its labels");
        }
        if !labels.is_labels {
            let feature = "only labels are written into the `labels` of an image".to_owned();
            return refuse(feature, "choose a place outside the folder of the image");
        }
        let image = ZarrSource::open(&root, &OpenOptions::default())?;
        let info = image.info();
        for (axis, &length) in labels.axes.iter().zip(&labels.shape) {
            let expected = info.len_of(axis);
            if length != 1 && length != expected {
                let feature = format!(
                    "the labels have {length} positions along {axis}, their image {expected}"
                );
                return refuse(feature, "write labels of the size of the image");
            }
        }
        let lengths =
            |level: &Vec<usize>, axis: Axis| info.axes.position(axis).map_or(1, |at| level[at]);
        let mut shape = labels.shape.clone();
        let mut steps = Vec::new();
        for pair in info.levels.windows(2) {
            let step: Vec<usize> = (labels.axes.iter().zip(&shape))
                .map(|(axis, &length)| {
                    let (from, to) = (lengths(&pair[0], axis), lengths(&pair[1], axis));
                    if length == 1 || to == 0 {
                        1
                    } else {
                        from.div_ceil(to)
                    }
                })
                .collect();
            shape = pyramid::reduced(&shape, &step);
            steps.push(step);
        }
        let version = if root.join("zarr.json").is_file() {
            Version::V3
        } else {
            Version::V2
        };
        Ok(Parent {
            root,
            version,
            steps,
        })
    }

    /// Adds the labels to the list of the image.
    pub(super) fn list(&self, path: &Path) -> Result<(), ImageError> {
        let _alone = LISTING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.root.join("labels");
        let refused = |error| ImageError::io(path, "write", error);
        let file = folder.join(if self.version == Version::V3 {
            "zarr.json"
        } else {
            ".zattrs"
        });
        if !file.is_file() {
            let attributes = match self.version {
                Version::V3 => json!({"ome": {"version": "0.5", "labels": []}}),
                Version::V2 => json!({"labels": []}),
            };
            write_group(&folder, self.version, &attributes).map_err(refused)?;
        }
        let damaged = |problem: String| ImageError::Malformed {
            path: self.root.clone(),
            problem: format!("the metadata of `labels` {problem}"),
        };
        let text = fs::read(&file).map_err(refused)?;
        let mut json: Value = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("are no valid JSON: {error}")))?;
        let list = match self.version {
            Version::V3 => json.pointer_mut("/attributes/ome/labels"),
            Version::V2 => json.pointer_mut("/labels"),
        };
        let names = list.and_then(Value::as_array_mut);
        let names = names.ok_or_else(|| damaged("have no list `labels`".to_owned()))?;
        let name = Value::from(path.file_name().unwrap_or_default().to_string_lossy());
        if names.contains(&name) {
            return Ok(());
        }
        names.push(name);
        let text = serde_json::to_vec_pretty(&json).map_err(|error| refused(error.into()))?;
        write_atomic(&file, refused, |file| {
            file.write_all(&text).map_err(refused)
        })
    }
}
