//! Which of an array's dimensions are which axes of an image.

use std::ops::Range;

use crate::axes::{Axes, Axis};

/// The dimensions of an array that are axes of the image; the others have length 1.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Kept {
    pub(in crate::format::zarr) axes: Axes,
    /// The dimension of each axis.
    pub(in crate::format::zarr) dimensions: Vec<usize>,
}

impl Kept {
    /// The values of the dimensions that are axes.
    pub(in crate::format::zarr) fn pick<T: Clone>(&self, values: &[T]) -> Vec<T> {
        self.dimensions
            .iter()
            .map(|&dimension| values[dimension].clone())
            .collect()
    }

    /// One range for each of the array's dimensions.
    pub(in crate::format::zarr) fn widen(
        &self,
        ranges: &[Range<usize>],
        rank: usize,
    ) -> Vec<Range<usize>> {
        let mut wide = vec![0..1; rank];
        for (&dimension, range) in self.dimensions.iter().zip(ranges) {
            wide[dimension] = range.clone();
        }
        wide
    }

    /// The value of an axis among values of the dimensions.
    pub(super) fn of<T: Copy>(&self, axis: Axis, values: &[T]) -> Option<T> {
        values
            .get(self.dimensions[self.axes.position(axis)?])
            .copied()
    }
}

/// Axes by their names and types; what is wrong otherwise.
///
/// An axis of an unknown name and type is left out if it has length 1.
pub(in crate::format::zarr) fn by_names(
    names: &[(String, Option<String>)],
    shape: &[usize],
) -> Result<Kept, String> {
    let mut known: Vec<Option<Axis>> = names.iter().map(|(name, _)| of_name(name)).collect();
    for (position, (_, kind)) in names.iter().enumerate() {
        let axis = match kind.as_deref() {
            Some("time") => Axis::T,
            Some("channel") => Axis::C,
            _ => continue,
        };
        if known[position].is_none() && !known.contains(&Some(axis)) {
            known[position] = Some(axis);
        }
    }
    let mut axes = Vec::new();
    let mut dimensions = Vec::new();
    for (dimension, axis) in known.into_iter().enumerate() {
        match axis {
            Some(axis) => {
                axes.push(axis);
                dimensions.push(dimension);
            }
            None if shape[dimension] == 1 => {}
            None => {
                return Err(format!(
                    "has the axis `{}`, which is none of t, c, z, y, x",
                    names[dimension].0
                ));
            }
        }
    }
    let axes = Axes::new(&axes).ok_or("has an axis twice")?;
    Ok(Kept { axes, dimensions })
}

fn of_name(name: &str) -> Option<Axis> {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Axis::from_letter(letter),
        _ => match name.to_ascii_lowercase().as_str() {
            "time" => Some(Axis::T),
            "channel" => Some(Axis::C),
            _ => None,
        },
    }
}

/// The usual axes of an array of so many dimensions.
pub(in crate::format::zarr) fn by_rank(rank: usize) -> Option<Kept> {
    let letters = match rank {
        2 => "yx",
        3 => "zyx",
        4 => "czyx",
        5 => "tczyx",
        _ => return None,
    };
    let axes = Axes::canonical(|axis| letters.contains(axis.letter()));
    Some(Kept {
        axes,
        dimensions: (0..rank).collect(),
    })
}
