//! `coverslip outlines`

use std::path::Path;

use coverslip::base::error::Error;
use coverslip_algorithms::measure::outline::{
    GeoJsonOptions, ObjectKind, write_cellpose, write_csv, write_geojson, write_roi_zip,
};
use coverslip_image::Axis;
use coverslip_image::ImageError;
use coverslip_image::format::open_with;
use serde_json::json;

use crate::args::{OutlineKind, OutlinesArguments};
use crate::error::CliError;
use crate::printer::Printer;

/// Writes the outlines of the objects of a label image.
pub(crate) fn run(arguments: &OutlinesArguments, printer: Printer) -> Result<(), CliError> {
    let image = open_with(&arguments.labels, &arguments.open.options())
        .and_then(|source| source.read())
        .map_err(Error::from)?;
    let labels = image.to_labels_zyx().map_err(Error::from)?;
    let count = labels
        .iter()
        .copied()
        .collect::<std::collections::BTreeSet<u32>>();
    let objects = count.iter().filter(|&&label| label > 0).count();
    let output = &arguments.output;
    let written = match extension(output).as_str() {
        "geojson" | "json" => {
            let options = GeoJsonOptions {
                kind: match arguments.kind {
                    OutlineKind::Detection => ObjectKind::Detection,
                    OutlineKind::Annotation => ObjectKind::Annotation,
                },
                class: arguments.class.clone(),
                pixel_size: image.pixel_size(),
                ..GeoJsonOptions::default()
            };
            write_geojson(output, &labels.view(), &options)
        }
        "zip" => write_roi_zip(output, &labels.view()),
        "csv" => write_csv(output, &labels.view()),
        "txt" if labels.dim().0 == 1 => labels
            .outer_iter()
            .try_for_each(|plane| write_cellpose(output, &plane)),
        "txt" => Err(ImageError::Unsuitable {
            path: Some(arguments.labels.clone()),
            problem: format!(
                "has {} sections; a text file holds one",
                image.len_of(Axis::Z)
            ),
            remedy: "write .geojson, .zip or .csv, or crop the image to a section".to_owned(),
        }),
        _ => Err(ImageError::Unsupported {
            path: output.clone(),
            feature: "its extension names no format of outlines".to_owned(),
            remedy: "use .geojson (QuPath), .zip (ImageJ), .csv or .txt (Cellpose)".to_owned(),
        }),
    };
    written.map_err(Error::from)?;
    printer.text(&format!("{}: {objects} objects", output.display()));
    printer.result(&json!({"output": output, "objects": objects}));
    Ok(())
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
}
