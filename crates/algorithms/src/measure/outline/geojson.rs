//! GeoJSON as QuPath imports and exports it.
//!
//! Sources: RFC 7946; QuPath 0.6 manual, "Exporting annotations", and the objects it exports.

use std::io::Write;
use std::path::Path;

use ndarray::ArrayView3;
use serde_json::{Map, Value, json};

use super::{Outline, Part, Ring, for_each_outline};
use coverslip_image::error::ImageError;
use coverslip_image::files::write_atomic;
use coverslip_image::image::PixelSize;

/// What objects are in QuPath.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObjectKind {
    /// Cells and the like: many, not edited by hand.
    #[default]
    Detection,
    /// Regions that a user may edit.
    Annotation,
}

/// What is written beside the outlines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeoJsonOptions {
    /// What objects are in QuPath.
    pub kind: ObjectKind,
    /// The name of their class, if they have one.
    pub class: Option<String>,
    /// The section of the image that the first section of the labels belongs to.
    pub first_z: usize,
    /// The time point of the image that the labels belong to.
    pub time: usize,
    /// Gives areas in square micrometres beside those in pixels.
    pub pixel_size: PixelSize,
}

/// Writes the outlines of a `Z Y X` label map as a `FeatureCollection` that QuPath imports.
///
/// An object is a feature with a `Polygon`, or a `MultiPolygon` for several parts, and the
/// section and time point as its `plane`. Its `name` is its label. `measurements` has `Label`,
/// `Area px^2` and, if the pixel size is known, `Area µm^2`. The `id` depends on the name of the
/// file, the plane and the label, and so is the same when the file is written again. For one file
/// a section, hand over one section at a time with its `first_z`.
///
/// # Errors
///
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_geojson(
    path: impl AsRef<Path>,
    labels: &ArrayView3<u32>,
    options: &GeoJsonOptions,
) -> Result<(), ImageError> {
    let path = path.as_ref();
    let refused = |error| ImageError::io(path, "write", error);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    write_atomic(path, refused, |file| {
        file.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")
            .map_err(refused)?;
        let mut separator = "\n";
        for_each_outline(labels, |z, outline| {
            let feature = feature(outline, &name, z + options.first_z, options);
            write!(file, "{separator}{feature}").map_err(refused)?;
            separator = ",\n";
            Ok(())
        })?;
        file.write_all(b"\n]}\n").map_err(refused)
    })
}

fn feature(outline: &Outline, file: &str, z: usize, options: &GeoJsonOptions) -> Value {
    let kind = match options.kind {
        ObjectKind::Detection => "detection",
        ObjectKind::Annotation => "annotation",
    };
    let mut properties = json!({"objectType": kind, "name": outline.id.to_string()});
    if let Some(class) = &options.class {
        properties["classification"] = json!({"name": class});
    }
    properties["measurements"] = measurements(outline, options.pixel_size).into();
    json!({
        "type": "Feature",
        "id": id(file, [options.time as u64, z as u64, u64::from(outline.id)]),
        "geometry": geometry(outline, z, options.time),
        "properties": properties,
    })
}

fn geometry(outline: &Outline, z: usize, time: usize) -> Value {
    let polygons: Vec<Value> = outline.parts.iter().map(polygon).collect();
    let plane = json!({"c": -1, "z": z, "t": time});
    match <[Value; 1]>::try_from(polygons) {
        Ok([polygon]) => json!({"type": "Polygon", "coordinates": polygon, "plane": plane}),
        Err(polygons) => json!({"type": "MultiPolygon", "coordinates": polygons, "plane": plane}),
    }
}

fn polygon(part: &Part) -> Value {
    let closed =
        |ring: &Ring| -> Vec<[u32; 2]> { ring.iter().chain(ring.first()).copied().collect() };
    json!(part.rings().map(closed).collect::<Vec<_>>())
}

fn measurements(outline: &Outline, size: PixelSize) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("Label".to_owned(), outline.id.into());
    values.insert("Area px^2".to_owned(), outline.area.into());
    if let PixelSize {
        y: Some(y),
        x: Some(x),
        ..
    } = size
    {
        values.insert("Area µm^2".to_owned(), (outline.area as f64 * y * x).into());
    }
    values
}

/// A UUID of version 8 (RFC 9562): QuPath keeps objects apart by their UUIDs.
fn id(file: &str, numbers: [u64; 3]) -> String {
    let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
    let bytes: Vec<u8> = file.bytes().chain(bytes).collect();
    // FNV-1a of 128 bits: any two objects differ, which is all that an identifier is for.
    let hash = bytes
        .iter()
        .fold(0x6c62272e07bb014262b821756295c58d_u128, |hash, &byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000000001000000000000000000013b)
        });
    let marked = hash & !(0xf << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let digits = format!("{marked:032x}");
    [0..8, 8..12, 12..16, 16..20, 20..32]
        .map(|range| &digits[range])
        .join("-")
}
