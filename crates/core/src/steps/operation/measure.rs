//! Tables of objects and points.

use coverslip_algorithms::{
    measure::{
        contour::{area, bounding_box, find_contours, perimeter},
        region::region_properties,
    },
    segmentation::peaks::PeakLocalMax,
};
use coverslip_image::Image;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product, Table,
    parts::{on_samples, only_plane, plane},
};

type Result<T> = std::result::Result<T, OperationError>;

/// Measures the labels of a plane: area, place, axes, perimeter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Regions {}

pub(crate) fn regions(_: &Regions, images: &[Image]) -> Result<Product> {
    let labels = images[0].to_labels_zyx()?;
    if labels.dim().0 != 1 {
        only_plane(&images[0])?;
    }
    let found = region_properties(&labels.index_axis(ndarray::Axis(0), 0));
    let rows = found.iter().map(|region| {
        let [y0, x0, y1, x1] = region.bounding_box.map(|side| side as f64);
        vec![
            f64::from(region.label),
            region.area as f64,
            region.centroid[0],
            region.centroid[1],
            y0,
            x0,
            y1,
            x1,
            region.major_axis,
            region.minor_axis,
            region.eccentricity,
            region.equivalent_diameter,
            region.extent,
            region.perimeter,
            region.euler as f64,
        ]
    });
    Ok(Product::Table(Table {
        columns: vec![
            "label",
            "area_px",
            "centroid_y",
            "centroid_x",
            "y_start",
            "x_start",
            "y_end",
            "x_end",
            "major_axis_px",
            "minor_axis_px",
            "eccentricity",
            "equivalent_diameter_px",
            "extent",
            "perimeter_px",
            "euler_number",
        ],
        rows: rows.collect(),
    }))
}

/// Lists the contours of a mask with what encloses them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contours {}

pub(crate) fn contours(_: &Contours, images: &[Image]) -> Result<Product> {
    let pixels = only_plane(&images[0])?;
    let found = on_samples!(&pixels, array => find_contours(&plane(array)?)?);
    let rows = found.iter().enumerate().map(|(index, contour)| {
        let ([y, x], [height, width]) = bounding_box(&contour.points)
            .map_or(([0; 2], [0; 2]), |(first, size)| {
                (first.map(i64::from), size)
            });
        vec![
            index as f64,
            contour.parent.map_or(-1.0, |parent| parent as f64),
            f64::from(u8::from(contour.is_hole)),
            contour.points.len() as f64,
            area(&contour.points),
            perimeter(&contour.points),
            y as f64,
            x as f64,
            f64::from(height),
            f64::from(width),
        ]
    });
    Ok(Product::Table(Table {
        columns: vec![
            "contour",
            "parent",
            "is_hole",
            "points",
            "area_px",
            "perimeter_px",
            "y",
            "x",
            "height_px",
            "width_px",
        ],
        rows: rows.collect(),
    }))
}

pub(crate) fn peaks(options: &PeakLocalMax, images: &[Image]) -> Result<Product> {
    let pixels = only_plane(&images[0])?;
    let rows = on_samples!(&pixels, array => options
        .apply(&array.view())?
        .into_iter()
        .map(|peak| {
            let value = coverslip_algorithms::sample::Sample::to_f64(array[peak.as_slice()]);
            vec![peak[0] as f64, peak[1] as f64, value]
        })
        .collect());
    Ok(Product::Table(Table {
        columns: vec!["y", "x", "value"],
        rows,
    }))
}
