//! Outlines as a table.

use std::io::Write;
use std::path::Path;

use ndarray::ArrayView3;

use super::for_each_outline;
use coverslip_image::error::ImageError;
use coverslip_image::files::write_atomic;

/// Writes the outlines of a `Z Y X` label map as a table with one corner a line.
///
/// The columns are `id` (the label), `part` (from 0), `hole` (0 for the outer ring, then 1, 2, ...
/// for holes), `vertex` (from 0 in each ring), `y` and `x` (in pixels). Maps of several sections
/// have a column `z` (from 0) before them. Lines end with a line feed, which RFC 4180 readers take.
///
/// # Errors
///
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_csv(path: impl AsRef<Path>, labels: &ArrayView3<u32>) -> Result<(), ImageError> {
    let path = path.as_ref();
    let refused = |error| ImageError::io(path, "write", error);
    let is_volume = labels.shape()[0] > 1;
    write_atomic(path, refused, |file| {
        let z = if is_volume { "z," } else { "" };
        writeln!(file, "{z}id,part,hole,vertex,y,x").map_err(refused)?;
        for_each_outline(labels, |z, outline| {
            let id = outline.id;
            let z = if is_volume {
                format!("{z},")
            } else {
                String::new()
            };
            for (part, shape) in outline.parts.iter().enumerate() {
                for (hole, ring) in shape.rings().enumerate() {
                    for (vertex, [x, y]) in ring.iter().enumerate() {
                        writeln!(file, "{z}{id},{part},{hole},{vertex},{y},{x}")
                            .map_err(refused)?;
                    }
                }
            }
            Ok(())
        })
    })
}
