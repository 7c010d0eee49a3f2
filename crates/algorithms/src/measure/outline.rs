//! Outlines of labelled objects, for programs that show and measure vector shapes.
//!
//! Coordinates are `[x, y]` in pixels: the corner of the first pixel is `[0, 0]`, so that the
//! pixel of column `x` and row `y` covers `x..x + 1`, `y..y + 1`. Outlines run along pixel edges,
//! which makes them exact: the enclosed area is the number of pixels, and filling an outline gives
//! the pixels back. Objects are cut into parts that are 4-connected; parts that touch at a corner
//! stay apart. Rings are simple polygons without collinear points: the outer one of a part
//! has a positive area by the shoelace formula in `[x, y]` and holes a negative one, as RFC 7946
//! (GeoJSON) wants it.
//!
//! Volumes have one outline an object and section. Files are written object by object.

mod cellpose;
mod csv;
mod geojson;
mod roi;
mod roi_zip;
mod trace;

use ndarray::{ArrayView3, Axis as Dimension};

pub use cellpose::write_cellpose;
pub use csv::write_csv;
pub use geojson::{GeoJsonOptions, ObjectKind, write_geojson};
pub use roi_zip::write_roi_zip;
pub use trace::outlines;

use coverslip_image::error::ImageError;

/// The corners `[x, y]` of a closed polygon; the first one is not repeated.
pub type Ring = Vec<[u32; 2]>;

/// One object of a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its label.
    pub id: u32,
    /// Its area in pixels.
    pub area: u64,
    /// Its 4-connected parts in raster order; at least one.
    pub parts: Vec<Part>,
}

/// A connected part of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The outer ring.
    pub exterior: Ring,
    /// The rings of the holes in raster order.
    pub holes: Vec<Ring>,
}

impl Part {
    /// The outer ring, then the holes.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.exterior).chain(&self.holes)
    }
}

/// Calls `visit` with each section of a `Z Y X` label map and each of its objects.
fn for_each_outline(
    labels: &ArrayView3<u32>,
    mut visit: impl FnMut(usize, &Outline) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    for (z, plane) in labels.axis_iter(Dimension(0)).enumerate() {
        let found = outlines(&plane).map_err(|error| ImageError::Unsuitable {
            path: None,
            problem: format!("has no outlines: {error}"),
            remedy: "crop the label map".to_owned(),
        })?;
        found.iter().try_for_each(|outline| visit(z, outline))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
