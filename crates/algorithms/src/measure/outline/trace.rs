//! Following the borders of objects along pixel edges.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, s};

use super::{Outline, Part, Ring};
use crate::AlgorithmError;
use crate::measure::components::{Components, component_sizes, connected_components};

/// The outlines of all objects of a `Y X` label map, by increasing label; 0 is background.
///
/// Linear in the number of pixels, which are held twice while the borders are followed.
///
/// # Errors
///
/// [`AlgorithmError::Parameter`] if a side is longer than 4294967293 pixels.
///
/// # Example
///
/// ```
/// let labels = ndarray::arr2(&[[0, 7, 7], [0, 0, 7]]);
/// let found = coverslip_algorithms::measure::outline::outlines(&labels.view())?;
/// assert_eq!((found[0].id, found[0].area), (7, 3));
/// let ring = &found[0].parts[0].exterior;
/// assert_eq!(ring[..], [[3, 0], [3, 2], [2, 2], [2, 1], [1, 1], [1, 0]]);
/// # Ok::<(), coverslip_algorithms::AlgorithmError>(())
/// ```
pub fn outlines(labels: &ArrayView2<u32>) -> Result<Vec<Outline>, AlgorithmError> {
    let longest = labels.nrows().max(labels.ncols());
    if u32::try_from(longest).is_ok_and(|side| side < u32::MAX - 1) {
        let components = connected_components(labels, 1)?;
        return Ok(group(labels, &components));
    }
    let expected = format!("at most {} pixels", u32::MAX - 2);
    Err(AlgorithmError::parameter("a side", longest, expected))
}

/// Puts the parts of an object together.
fn group(labels: &ArrayView2<u32>, components: &Components<ndarray::Ix2>) -> Vec<Outline> {
    let mut ids = vec![0; components.count as usize];
    for (&component, &label) in components.labels.iter().zip(labels) {
        if component > 0 {
            ids[component as usize - 1] = label;
        }
    }
    let parts = Tracer::new(&components.labels).parts(components.count as usize);
    let mut parts: Vec<(u32, usize, Part)> = ids
        .into_iter()
        .zip(component_sizes(components))
        .zip(parts)
        .map(|((id, area), part)| (id, area, part))
        .collect();
    parts.sort_by_key(|(id, ..)| *id);
    let mut outlines: Vec<Outline> = Vec::new();
    for (id, area, part) in parts {
        match outlines.last_mut() {
            Some(outline) if outline.id == id => {
                outline.area += area as u64;
                outline.parts.push(part);
            }
            _ => outlines.push(Outline {
                id,
                area: area as u64,
                parts: vec![part],
            }),
        }
    }
    outlines
}

/// A walk along the edges of pixels with the component to the right of the walker, as the image
/// is shown.
struct Tracer {
    /// Components with a border of one background pixel.
    padded: Vec<u32>,
    stride: usize,
    /// Which upper edges of pixels have been walked along.
    walked: Vec<bool>,
    /// How far the next pixel is in memory to the right, below, to the left and above.
    steps: [isize; 4],
}

/// A corner of a border; at a crossing two pixels of the component meet diagonally and no others.
#[derive(Clone, Copy)]
struct Corner {
    at: [u32; 2],
    is_crossing: bool,
}

impl Tracer {
    fn new(components: &Array2<u32>) -> Tracer {
        let (height, width) = components.dim();
        let mut padded = Array2::zeros((height + 2, width + 2));
        padded
            .slice_mut(s![1..=height, 1..=width])
            .assign(components);
        let stride = width + 2;
        Tracer {
            walked: vec![false; padded.len()],
            padded: padded.into_raw_vec_and_offset().0,
            stride,
            steps: [1, stride as isize, -1, -(stride as isize)],
        }
    }

    /// The part of each component. Every ring runs along the upper edge of some pixel.
    fn parts(mut self, count: usize) -> Vec<Part> {
        let mut parts = vec![Part::default(); count];
        for pixel in self.stride..self.padded.len() {
            let component = self.padded[pixel];
            let is_open = component > 0 && self.padded[pixel - self.stride] != component;
            if !is_open || self.walked[pixel] {
                continue;
            }
            let part = &mut parts[component as usize - 1];
            for ring in simple_rings(&self.walk(pixel)) {
                if twice_area(&ring) > 0 {
                    part.exterior = ring;
                } else {
                    part.holes.push(ring);
                }
            }
        }
        parts
    }

    /// The corners of the border that runs along the upper edge of `start`.
    fn walk(&mut self, start: usize) -> Vec<Corner> {
        let component = self.padded[start];
        let (mut pixel, mut direction) = (start, 0);
        let mut corners = Vec::new();
        loop {
            if direction == 0 {
                self.walked[pixel] = true;
            }
            let ahead = pixel.wrapping_add_signed(self.steps[direction]);
            let beside = ahead.wrapping_add_signed(self.steps[(direction + 3) % 4]);
            let is_beside = self.padded[beside] == component;
            let end = self.end(pixel, direction);
            if self.padded[ahead] != component {
                // A diagonal neighbour is left where it is: parts are 4-connected.
                corners.push(Corner {
                    at: end,
                    is_crossing: is_beside,
                });
                direction = (direction + 1) % 4;
            } else if is_beside {
                corners.push(Corner {
                    at: end,
                    is_crossing: false,
                });
                pixel = beside;
                direction = (direction + 3) % 4;
            } else {
                pixel = ahead;
            }
            if (pixel, direction) == (start, 0) {
                return corners;
            }
        }
    }

    /// Where the walk along an edge of a pixel ends.
    fn end(&self, pixel: usize, direction: usize) -> [u32; 2] {
        let (y, x) = (pixel / self.stride - 1, pixel % self.stride - 1);
        let [right, below] = [[1, 0], [1, 1], [0, 1], [0, 0]][direction];
        [(x + right) as u32, (y + below) as u32]
    }
}

/// Cuts a border at the points that it passes twice.
fn simple_rings(corners: &[Corner]) -> Vec<Ring> {
    let mut rings = Vec::new();
    let mut open: Ring = Vec::with_capacity(corners.len());
    let mut passed: HashMap<[u32; 2], usize> = HashMap::new();
    for corner in corners {
        if corner.is_crossing {
            if let Some(&first) = passed.get(&corner.at) {
                let ring = open.split_off(first);
                ring[1..].iter().for_each(|point| {
                    passed.remove(point);
                });
                rings.push(ring);
            } else {
                passed.insert(corner.at, open.len());
            }
        }
        open.push(corner.at);
    }
    rings.push(open);
    rings
}

/// Twice the area of a polygon by the shoelace formula; its sign tells the way round.
pub(super) fn twice_area(ring: &[[u32; 2]]) -> i128 {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| {
            let [ax, ay, bx, by] = [a[0], a[1], b[0], b[1]].map(i128::from);
            ax * by - bx * ay
        })
        .sum()
}
