//! The metadata of a written image.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::format::zarr::array::Version;
use crate::format::zarr::ngff::{Extra, Spacing, write_channels};
use crate::sink::Target;

/// What the attributes of an image's group are made of.
pub(super) struct Description<'a> {
    pub(super) image: &'a Target,
    pub(super) steps: &'a [Vec<usize>],
    pub(super) version: Version,
    pub(super) name: String,
    /// Whether these are labels in the folder of an image.
    pub(super) is_of_image: bool,
}

impl Description<'_> {
    /// All attributes of the group.
    pub(super) fn attributes(&self) -> Value {
        let mut ome = json!({ "multiscales": [self.multiscale()] });
        if !self.image.metadata.channels.is_empty() {
            ome["omero"] = write_channels(&self.image.metadata.channels, self.image.dtype);
        }
        if self.image.is_labels {
            ome["image-label"] = if self.is_of_image {
                json!({"source": {"image": "../../"}})
            } else {
                json!({})
            };
        }
        let mut attributes = match self.version {
            Version::V3 => {
                ome["version"] = "0.5".into();
                json!({ "ome": ome })
            }
            Version::V2 => {
                for key in ["omero", "image-label"] {
                    if let Some(part) = ome.get_mut(key) {
                        part["version"] = "0.4".into();
                    }
                }
                ome
            }
        };
        attributes["coverslip"] = Extra::of(&self.image.metadata).to_json();
        attributes
    }

    fn multiscale(&self) -> Value {
        let spacing = Spacing::of(&self.image.metadata);
        let axes: Vec<Value> = self
            .image
            .axes
            .iter()
            .map(|axis| spacing.axis_json(axis))
            .collect();
        let base: Vec<f64> = self
            .image
            .axes
            .iter()
            .map(|axis| spacing.along(axis).unwrap_or(1.0))
            .collect();
        let mut factors = vec![1; base.len()];
        let mut datasets = vec![self.dataset(0, &base, &factors)];
        for (level, step) in (1..).zip(self.steps) {
            factors
                .iter_mut()
                .zip(step)
                .for_each(|(factor, step)| *factor *= step);
            datasets.push(self.dataset(level, &base, &factors));
        }
        let mut multiscale = json!({ "name": self.name, "axes": axes, "datasets": datasets });
        if !self.steps.is_empty() {
            multiscale["type"] = if self.image.is_labels {
                "nearest"
            } else {
                "mean"
            }
            .into();
        }
        if self.version == Version::V2 {
            multiscale["version"] = "0.4".into();
        }
        multiscale
    }

    /// A level: the mean of a block lies at its centre, which is not that of its first sample.
    fn dataset(&self, level: usize, base: &[f64], factors: &[usize]) -> Value {
        let each = |value: fn(f64, f64) -> f64| -> Vec<f64> {
            base.iter()
                .zip(factors)
                .map(|(&base, &factor)| value(base, factor as f64))
                .collect()
        };
        let scale = each(|base, factor| base * factor);
        let mut steps = vec![json!({"type": "scale", "scale": scale})];
        if level > 0 && !self.image.is_labels {
            let shift = each(|base, factor| (factor - 1.0) / 2.0 * base);
            steps.push(json!({"type": "translation", "translation": shift}));
        }
        json!({"path": level.to_string(), "coordinateTransformations": steps})
    }
}

/// Writes the metadata files of a group.
pub(super) fn write_group(folder: &Path, version: Version, attributes: &Value) -> io::Result<()> {
    let write = |name: &str, json: &Value| -> io::Result<()> {
        fs::write(folder.join(name), serde_json::to_vec_pretty(json)?)
    };
    match version {
        Version::V3 => write(
            "zarr.json",
            &json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}),
        ),
        Version::V2 => {
            write(".zgroup", &json!({"zarr_format": 2}))?;
            write(".zattrs", attributes)
        }
    }
}
