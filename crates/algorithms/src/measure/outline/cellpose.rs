//! Outlines as the text files that Cellpose writes beside an image.
//!
//! Source: Cellpose documentation, "Outputs", `_cp_outlines.txt`.

use std::io::Write;
use std::path::Path;

use ndarray::{ArrayView2, Axis as Dimension};

use super::{for_each_outline, trace::twice_area};
use coverslip_image::error::ImageError;
use coverslip_image::files::write_atomic;

/// Writes one line an object of a `Y X` label map: `x,y,x,y,...` in pixels, by increasing label.
///
/// The macro that Cellpose offers for ImageJ reads such files. The format has neither holes nor
/// parts: written is the outer ring of the largest part. Cellpose itself writes centres of border
/// pixels, these are corners, which ImageJ fills to the same pixels.
///
/// # Errors
///
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_cellpose(path: impl AsRef<Path>, labels: &ArrayView2<u32>) -> Result<(), ImageError> {
    let path = path.as_ref();
    let refused = |error| ImageError::io(path, "write", error);
    write_atomic(path, refused, |file| {
        for_each_outline(&labels.view().insert_axis(Dimension(0)), |_, outline| {
            let rings = outline.parts.iter().map(|part| &part.exterior);
            let Some(largest) = rings.max_by_key(|ring| twice_area(ring)) else {
                return Ok(());
            };
            let numbers: Vec<String> = largest.iter().flatten().map(u32::to_string).collect();
            writeln!(file, "{}", numbers.join(",")).map_err(refused)
        })
    })
}
