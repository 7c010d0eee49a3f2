use std::collections::BTreeMap;

use coverslip_image::{Image, read_image};
use ndarray::Axis;

use super::{data::RunData, folder::RunFolder};
use crate::{
    config::TargetKind,
    error::Error,
    files,
    monitor::Monitor,
    package::Model,
    picture::{self, Raster},
    predict::predict_image,
    report::{CurvePoint, curves_svg},
    trainer::EpochRecord,
};

/// Pixels between two pictures of a row.
const GAP: usize = 6;
/// Longest side of one picture of the model's preview.
const PREVIEW: usize = 256;

/// Writes input, prediction and target of the first validation images side by side, and the
/// first of them as the model's preview.
pub(super) fn write(
    model: &Model,
    data: &RunData,
    count: usize,
    folder: &RunFolder,
    monitor: &dyn Monitor,
) -> Result<(), Error> {
    files::create_folder(&folder.samples())?;
    for (index, pair) in data
        .validation
        .data()
        .pairs()
        .iter()
        .take(count.max(1))
        .enumerate()
    {
        let input = read_image(&pair.source)?;
        let prediction = predict_image(model, &input, monitor)?;
        let target = read_image(&pair.target)?;
        let kind = model.description.target.kind;
        let row = [
            raster(&input, TargetKind::Image)?,
            raster(&prediction, kind)?,
            raster(&target, kind)?,
        ];
        if index == 0 {
            let preview = row.each_ref().map(|picture| picture.shrunk_to(PREVIEW));
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

/// An image or its labels as a picture of the middle section.
fn raster(image: &Image, kind: TargetKind) -> Result<Raster, Error> {
    if kind == TargetKind::Image {
        return Ok(picture::image(&image.to_czyx_f32()?.view()));
    }
    let labels = image.to_labels_zyx()?;
    let middle = labels.index_axis(Axis(0), labels.dim().0 / 2);
    Ok(picture::labels(&middle))
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
