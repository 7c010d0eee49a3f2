//! `multiscales`: an image at several resolutions.

use serde_json::{Value, json};

use super::axes::Kept;
use super::group::Group;
use super::units;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::image::{Metadata, PixelSize};

/// The name of an axis and its type.
pub(in crate::format::zarr) type NamedAxis = (String, Option<String>);

/// One resolution.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Level {
    /// The folder of its array.
    pub(in crate::format::zarr) path: String,
    /// The distance of neighbouring samples along each dimension, in the unit of its axis.
    pub(in crate::format::zarr) scale: Option<Vec<f64>>,
}

/// What `multiscales` says.
pub(in crate::format::zarr) struct Multiscale {
    pub(in crate::format::zarr) name: Option<String>,
    /// The name and type of each dimension; `None` in versions without axes.
    pub(in crate::format::zarr) axes: Option<Vec<NamedAxis>>,
    units: Vec<Option<String>>,
    pub(in crate::format::zarr) levels: Vec<Level>,
    pub(in crate::format::zarr) warnings: Vec<String>,
}

impl Multiscale {
    /// The first image of a group.
    pub(in crate::format::zarr) fn read(group: &Group) -> Result<Multiscale, ImageError> {
        let damaged = |problem: String| group.at.malformed(group.file, problem);
        let list = group.ome()["multiscales"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let Some(first) = list.first() else {
            return Err(damaged("has an empty list `multiscales`".to_owned()));
        };
        let mut warnings = Vec::new();
        if list.len() > 1 {
            warnings.push(format!(
                "has {} multiscales, the first one is read",
                list.len()
            ));
        }
        let axes = axes(&first["axes"]).map_err(&damaged)?;
        let rank = axes.as_ref().map(Vec::len);
        let shared = scale(first, rank).map_err(&damaged)?;
        let datasets = first["datasets"].as_array().map_or(&[][..], Vec::as_slice);
        if datasets.is_empty() {
            return Err(damaged("has an image without `datasets`".to_owned()));
        }
        let mut levels = Vec::new();
        for dataset in datasets {
            let path = dataset["path"].as_str();
            let path = path.ok_or_else(|| damaged("has a dataset without `path`".to_owned()))?;
            let mut own = scale(dataset, rank)
                .map_err(|problem| damaged(format!("{problem} of `{path}`")))?;
            if let (Some(own), Some(shared)) = (&mut own, &shared) {
                own.iter_mut()
                    .zip(shared)
                    .for_each(|(own, shared)| *own *= shared);
            }
            levels.push(Level {
                path: path.to_owned(),
                scale: own,
            });
        }
        if levels[0].scale.is_none() && rank.is_some() {
            warnings.push("gives no scale, so the pixel size is unknown".to_owned());
        }
        let unit = |axis: &Value| axis["unit"].as_str().map(str::to_owned);
        Ok(Multiscale {
            name: first["name"]
                .as_str()
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            axes,
            units: first["axes"]
                .as_array()
                .map(|axes| axes.iter().map(unit).collect())
                .unwrap_or_default(),
            levels,
            warnings,
        })
    }

    /// The pixel size and time step of a level.
    pub(in crate::format::zarr) fn spacing(&self, kept: &Kept, level: usize) -> Spacing {
        let in_unit = |axis: Axis, of: fn(&str) -> Option<f64>| {
            let scale = kept.of(axis, self.levels[level].scale.as_deref()?)?;
            let units: Vec<Option<&str>> = self.units.iter().map(Option::as_deref).collect();
            let size = scale * of(kept.of(axis, &units)??)?;
            (size.is_finite() && size > 0.0).then_some(size)
        };
        Spacing {
            pixel_size: PixelSize {
                z: in_unit(Axis::Z, units::micrometres),
                y: in_unit(Axis::Y, units::micrometres),
                x: in_unit(Axis::X, units::micrometres),
            },
            time_step: in_unit(Axis::T, units::seconds),
        }
    }
}

/// Distances between samples: micrometres and seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::format::zarr) struct Spacing {
    pub(in crate::format::zarr) pixel_size: PixelSize,
    pub(in crate::format::zarr) time_step: Option<f64>,
}

impl Spacing {
    pub(in crate::format::zarr) fn of(metadata: &Metadata) -> Spacing {
        Spacing {
            pixel_size: metadata.pixel_size.plausible(),
            time_step: metadata.time_step,
        }
    }

    /// The distance along an axis, if it is known.
    pub(in crate::format::zarr) fn along(&self, axis: Axis) -> Option<f64> {
        match axis {
            Axis::T => self
                .time_step
                .filter(|step| step.is_finite() && *step > 0.0),
            Axis::C => None,
            Axis::Z => self.pixel_size.z,
            Axis::Y => self.pixel_size.y,
            Axis::X => self.pixel_size.x,
        }
    }

    /// An axis as `axes` lists it.
    pub(in crate::format::zarr) fn axis_json(&self, axis: Axis) -> Value {
        let (kind, unit) = match axis {
            Axis::T => ("time", "second"),
            Axis::C => return json!({"name": "c", "type": "channel"}),
            Axis::Z | Axis::Y | Axis::X => ("space", "micrometer"),
        };
        let mut json = json!({"name": axis.letter(), "type": kind});
        if self.along(axis).is_some() {
            json["unit"] = unit.into();
        }
        json
    }
}

fn axes(list: &Value) -> Result<Option<Vec<NamedAxis>>, String> {
    let Some(list) = list.as_array() else {
        return if list.is_null() {
            Ok(None)
        } else {
            Err("has `axes` that are no list".to_owned())
        };
    };
    let axes = list.iter().map(|axis| {
        // Version 0.3 has names alone.
        let name = axis["name"]
            .as_str()
            .or(axis.as_str())
            .ok_or("has an axis without a name")?;
        Ok((name.to_owned(), axis["type"].as_str().map(str::to_owned)))
    });
    axes.collect::<Result<_, String>>().map(Some)
}

/// The product of all scales in `coordinateTransformations`.
fn scale(json: &Value, rank: Option<usize>) -> Result<Option<Vec<f64>>, String> {
    let transformations = json["coordinateTransformations"].as_array();
    let mut product: Option<Vec<f64>> = None;
    for step in transformations.into_iter().flatten() {
        let kind = step["type"].as_str().unwrap_or_default();
        let numbers = match kind {
            "scale" | "translation" => &step[kind],
            "identity" => continue,
            other => {
                return Err(format!(
                    "has a transformation of the unknown type `{other}`"
                ));
            }
        };
        if numbers.is_null() {
            continue;
        }
        let numbers: Option<Vec<f64>> = numbers
            .as_array()
            .and_then(|list| list.iter().map(Value::as_f64).collect());
        let numbers = numbers.ok_or_else(|| format!("has a {kind} that is no list of numbers"))?;
        if rank.is_some_and(|rank| rank != numbers.len()) {
            return Err(format!(
                "has a {kind} of {} numbers for {} axes",
                numbers.len(),
                rank.unwrap_or_default()
            ));
        }
        if kind == "scale" {
            product = Some(match product {
                None => numbers,
                Some(product) => product.iter().zip(&numbers).map(|(a, b)| a * b).collect(),
            });
        }
    }
    Ok(product)
}
