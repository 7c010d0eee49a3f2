//! Writes the outlines of a label image in every format: `outlines LABELS FOLDER`.

use std::error::Error;
use std::path::PathBuf;

use coverslip_algorithms::measure::outline::{
    GeoJsonOptions, write_cellpose, write_csv, write_geojson, write_roi_zip,
};
use coverslip_image::read_image;
use ndarray::Axis;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(labels), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: outlines LABELS FOLDER".into());
    };
    let image = read_image(labels)?;
    let labels = image.to_labels_zyx()?;
    let options = GeoJsonOptions {
        pixel_size: image.pixel_size(),
        ..GeoJsonOptions::default()
    };
    write_geojson(folder.join("outlines.geojson"), &labels.view(), &options)?;
    write_roi_zip(folder.join("outlines.zip"), &labels.view())?;
    write_csv(folder.join("outlines.csv"), &labels.view())?;
    let first = labels.index_axis(Axis(0), 0);
    write_cellpose(folder.join("outlines_cp_outlines.txt"), &first)?;
    Ok(())
}
