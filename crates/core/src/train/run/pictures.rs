//! Pictures of validation images, and the curves of a run.

use std::collections::BTreeMap;

use coverslip_image::{Image, read_image};
use ndarray::{Array3, ArrayView2, Axis};

use super::{data::RunData, folder::RunFolder};
use crate::{
    base::{error::Error, files, monitor::Silent},
    config::Output,
    evaluate::{
        picture::{self, Raster},
        report::{CurvePoint, curves_svg},
    },
    model::package::Model,
    names::TargetKind,
    predict::predict_image,
    train::trainer::EpochRecord,
};

/// Pixels between two pictures of a row.
const GAP: usize = 6;
/// Longest side of one picture of the model's preview.
const PREVIEW: usize = 256;

/// Writes pictures of the first validation images, one row each, and the first of them as the
/// model's preview.
pub(super) fn write(
    model: &Model,
    data: &RunData,
    count: usize,
    folder: &RunFolder,
) -> Result<(), Error> {
    files::create_folder(&folder.samples())?;
    for (index, pair) in data
        .validation_pairs()
        .iter()
        .take(count.max(1))
        .enumerate()
    {
        let input = read_image(&pair.source)?;
        // What there is to warn of was said when the image was read.
        let prediction = predict_image(model, &input, &Silent)?;
        let target = pair.target.as_deref().map(read_image).transpose()?;
        let row = row(&input, &prediction, target.as_ref(), model)?;
        if index == 0 {
            let preview: Vec<Raster> = row
                .iter()
                .map(|picture| picture.shrunk_to(PREVIEW))
                .collect();
            let bytes = picture::side_by_side(&preview, GAP).png_bytes();
            files::write_atomic(&folder.model().join("preview.png"), &bytes)?;
        }
        if index < count {
            let path = folder.samples().join(format!("{}.png", pair.name));
            files::write_atomic(&path, &picture::side_by_side(&row, GAP).png_bytes())?;
        }
    }
    Ok(())
}

/// Input, target and prediction of the middle section, for labels also their outlines on the
/// input.
fn row(
    input: &Image,
    prediction: &Image,
    target: Option<&Image>,
    model: &Model,
) -> Result<Vec<Raster>, Error> {
    let shown = picture::image(&input.to_czyx_f32()?.view());
    if model.description.target.kind == TargetKind::Image {
        let prediction = if model.output == Output::Labels {
            picture::labels(&middle(&prediction.to_labels_zyx()?))
        } else {
            picture::image(&prediction.to_czyx_f32()?.view())
        };
        let mut row = vec![shown];
        if let Some(target) = target {
            row.push(picture::image(&target.to_czyx_f32()?.view()));
        }
        row.push(prediction);
        return Ok(row);
    }
    let prediction = prediction.to_labels_zyx()?;
    let target = target.map(Image::to_labels_zyx).transpose()?;
    let (target, prediction) = (target.as_ref().map(middle), middle(&prediction));
    let outlines = picture::overlay(&shown, target.as_ref(), Some(&prediction));
    let mut row = vec![shown];
    row.extend(target.as_ref().map(picture::labels));
    row.push(picture::labels(&prediction));
    row.push(outlines);
    Ok(row)
}

fn middle(labels: &Array3<u32>) -> ArrayView2<'_, u32> {
    labels.index_axis(Axis(0), labels.dim().0 / 2)
}

/// The curves of a run as SVG.
pub(super) fn curves(history: &[EpochRecord]) -> String {
    let points: Vec<CurvePoint> = history.iter().map(point).collect();
    curves_svg(&points)
}

fn point(record: &EpochRecord) -> CurvePoint {
    let mut series = BTreeMap::from([("training loss".to_owned(), record.train_loss)]);
    for (name, value) in &record.validation {
        series.insert(format!("validation {name}"), *value);
    }
    CurvePoint {
        epoch: record.epoch,
        series,
    }
}
