//! Connected components of images larger than memory.

use ndarray::{Array2, Array3, Axis, s};
use rayon::prelude::*;

use super::{OutOfCoreError, Volume};
use crate::AlgorithmError;
use crate::measure::components::{UnionFind, component_sizes, connected_components};
use coverslip_image::sink::Sink;
use coverslip_image::source::blocks::Block;

/// Bytes of working memory per voxel: the labels as read and converted, and their components.
const BYTES_PER_VOXEL: usize = 24;

/// The components of an image, found but not yet written.
///
/// Blocks are numbered a second time when they are written, which is cheaper than storing their
/// first numbers: memory follows the number of components and not the image.
pub struct ComponentPlan {
    connectivity: usize,
    seeds: Option<u32>,
    blocks: Vec<Block>,
    /// The number of parts in all blocks before each one.
    before: Vec<u32>,
    /// The final label of each block's parts, from 1; 0 for those that were dropped.
    labels: Vec<u32>,
    /// The number of pixels of each final label, label `i` at `i - 1`.
    sizes: Vec<u64>,
}

/// The part of a component that lies in one block.
struct Part {
    size: u64,
    /// Raster index in the image of its first pixel.
    first: u64,
}

/// A numbered block: its parts, and values and numbers of its first and last plane across each
/// axis that has more than this block.
struct Numbered {
    parts: Vec<Part>,
    first: [Plane; 3],
    last: [Plane; 3],
}

/// Values and part numbers (from 1, of the image) of a plane across an axis.
#[derive(Clone)]
struct Plane {
    values: Array2<u32>,
    numbers: Array2<u32>,
}

/// Finds the connected components of `volume`: as
/// [`connected_components`](crate::measure::components::connected_components), of the pixels of class
/// `seeds` where one is given.
///
/// # Errors
///
/// Any fault of the source; [`AlgorithmError::Parameter`] for a connectivity outside 1 to 3,
/// [`AlgorithmError::TooManyComponents`].
pub fn components(
    volume: Volume<'_>,
    connectivity: usize,
    seeds: Option<u32>,
) -> Result<ComponentPlan, OutOfCoreError> {
    let blocks = volume.blocks(BYTES_PER_VOXEL, 0);
    let mut before = Vec::with_capacity(blocks.len());
    let mut parts: Vec<Part> = Vec::new();
    let mut joints = Joints::new(volume.shape, connectivity);
    for group in blocks.chunks(rayon::current_num_threads().max(1)) {
        let numbered = (group.par_iter())
            .map(|block| number(volume, block, connectivity, seeds))
            .collect::<Result<Vec<Numbered>, OutOfCoreError>>()?;
        for (block, mut numbered) in group.iter().zip(numbered) {
            let offset = parts.len() as u32;
            before.push(offset);
            joints.sets.extend(numbered.parts.len());
            parts.append(&mut numbered.parts);
            if u32::try_from(parts.len()).is_err() {
                return Err(AlgorithmError::TooManyComponents.into());
            }
            for plane in numbered.first.iter_mut().chain(&mut numbered.last) {
                plane
                    .numbers
                    .mapv_inplace(|n| if n == 0 { 0 } else { n + offset });
            }
            joints.add(block, &numbered);
        }
    }
    let (labels, sizes) = label(&parts, &mut joints.sets);
    Ok(ComponentPlan {
        connectivity,
        seeds,
        blocks,
        before,
        labels,
        sizes,
    })
}

/// The final label of each part and the sizes of the labels: components in the raster order of
/// their first pixels.
fn label(parts: &[Part], sets: &mut UnionFind) -> (Vec<u32>, Vec<u64>) {
    let roots: Vec<u32> = (0..parts.len() as u32)
        .map(|part| sets.root(part))
        .collect();
    let mut firsts: Vec<u64> = parts.iter().map(|part| part.first).collect();
    for (part, &root) in roots.iter().enumerate() {
        firsts[root as usize] = firsts[root as usize].min(firsts[part]);
    }
    let mut order: Vec<u32> = (0..parts.len() as u32)
        .filter(|&part| roots[part as usize] == part)
        .collect();
    order.sort_unstable_by_key(|&root| firsts[root as usize]);
    let mut labels = vec![0; parts.len()];
    for (index, &root) in order.iter().enumerate() {
        labels[root as usize] = index as u32 + 1;
    }
    let mut sizes = vec![0; order.len()];
    for (part, &root) in roots.iter().enumerate() {
        labels[part] = labels[root as usize];
        sizes[labels[part] as usize - 1] += parts[part].size;
    }
    (labels, sizes)
}

impl ComponentPlan {
    /// The number of components.
    pub fn count(&self) -> u32 {
        self.sizes.len() as u32
    }

    /// The number of pixels of each component, component `i` at `i - 1`.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Drops the components with fewer than `min_size` pixels and numbers the others anew.
    pub fn remove_small(mut self, min_size: u64) -> ComponentPlan {
        let mut kept = 0;
        let renumbered: Vec<u32> = std::iter::once(0)
            .chain(self.sizes.iter().map(|&size| {
                let keeps = size >= min_size;
                kept += u32::from(keeps);
                if keeps { kept } else { 0 }
            }))
            .collect();
        for label in &mut self.labels {
            *label = renumbered[*label as usize];
        }
        self.sizes.retain(|&size| size >= min_size);
        self
    }

    /// Writes the labels of `volume`, the one that the plan was made of, into `sink`.
    ///
    /// # Errors
    ///
    /// Any fault of source and sink.
    pub fn write(&self, volume: Volume<'_>, sink: &dyn Sink) -> Result<(), OutOfCoreError> {
        (self.blocks.par_iter().zip(&self.before)).try_for_each(|(block, &before)| {
            let values = read(volume, block, self.seeds)?;
            let mut labels = connected_components(&values.view(), self.connectivity)?.labels;
            drop(values);
            labels.mapv_inplace(|number| match number {
                0 => 0,
                number => self.labels[(before + number) as usize - 1],
            });
            Volume::write(sink, block, labels)?;
            Ok(())
        })
    }
}

fn read(
    volume: Volume<'_>,
    block: &Block,
    seeds: Option<u32>,
) -> Result<Array3<u32>, OutOfCoreError> {
    let mut values = volume.read(block)?;
    if let Some(seeds) = seeds {
        values.mapv_inplace(|value| u32::from(value == seeds));
    }
    Ok(values)
}

fn number(
    volume: Volume<'_>,
    block: &Block,
    connectivity: usize,
    seeds: Option<u32>,
) -> Result<Numbered, OutOfCoreError> {
    let values = read(volume, block, seeds)?;
    let components = connected_components(&values.view(), connectivity)?;
    let mut parts: Vec<Part> = component_sizes(&components)
        .into_iter()
        .map(|size| Part {
            size: size as u64,
            first: u64::MAX,
        })
        .collect();
    // Components are numbered in raster order, so a first pixel has the next number.
    let mut next = 1;
    let [_, height, width] = volume.shape.map(|length| length as u64);
    for ((z, y, x), &number) in components.labels.indexed_iter() {
        if number == next {
            let [z, y, x] = [(0, z), (1, y), (2, x)]
                .map(|(axis, at): (usize, usize)| (block[axis].start + at) as u64);
            parts[number as usize - 1].first = (z * height + y) * width + x;
            next += 1;
        }
    }
    let plane = |axis: usize, index: usize| {
        // Across an axis without other blocks nothing is joined; a plane across Z of an image of one
        // section would be the image.
        if block[axis].len() == volume.shape[axis] {
            return Plane::empty([0, 0]);
        }
        Plane {
            values: values.index_axis(Axis(axis), index).to_owned(),
            numbers: components.labels.index_axis(Axis(axis), index).to_owned(),
        }
    };
    Ok(Numbered {
        parts,
        first: std::array::from_fn(|axis| plane(axis, 0)),
        last: std::array::from_fn(|axis| plane(axis, block[axis].len() - 1)),
    })
}

/// What is known at the borders of the blocks so far, in raster order of blocks, and which parts
/// are one component.
struct Joints {
    connectivity: usize,
    sets: UnionFind,
    /// For each axis the plane before the present blocks: across Z of the whole image, across Y of
    /// the present layer of blocks, across X of the present row of blocks.
    before: [Option<Plane>; 3],
    /// The planes that will be before the next layer, row and block.
    next: [Plane; 3],
    /// Where the present block starts along Z and Y.
    start: [usize; 2],
    shape: [usize; 3],
}

impl Joints {
    fn new(shape: [usize; 3], connectivity: usize) -> Joints {
        let empty = || Plane::empty([0, 0]);
        Joints {
            connectivity,
            sets: UnionFind::new(0),
            before: [None, None, None],
            next: [empty(), empty(), empty()],
            start: [0, 0],
            shape,
        }
    }

    /// Joins a block with those before it, across its first planes.
    fn add(&mut self, block: &Block, numbered: &Numbered) {
        let [z, y, x] = block;
        let is_new_layer = z.start != self.start[0];
        let has_layers = !numbered.last[0].values.is_empty();
        if has_layers && self.next[0].values.is_empty() {
            self.next[0] = Plane::empty([self.shape[1], self.shape[2]]);
        }
        let is_new_row = is_new_layer || y.start != self.start[1];
        if is_new_layer {
            self.before[0] = Some(self.next[0].clone());
        }
        if is_new_row || self.next[1].values.is_empty() {
            let rows = Plane::empty([z.len(), self.shape[2]]);
            let above = std::mem::replace(&mut self.next[1], rows);
            self.before[1] = (!is_new_layer && y.start > 0).then_some(above);
        }
        self.before[2] = (x.start > 0).then(|| self.next[2].clone());
        self.start = [z.start, y.start];
        let places = [[y.start, x.start], [0, x.start], [0, 0]];
        for (axis, place) in places.into_iter().enumerate() {
            if let Some(before) = &self.before[axis] {
                join(
                    before,
                    place,
                    &numbered.first[axis],
                    self.connectivity,
                    &mut self.sets,
                );
            }
            if axis < 2 {
                self.next[axis].paste(place, &numbered.last[axis]);
            } else {
                self.next[2] = numbered.last[2].clone();
            }
        }
    }
}

impl Plane {
    fn empty(shape: [usize; 2]) -> Plane {
        Plane {
            values: Array2::zeros(shape),
            numbers: Array2::zeros(shape),
        }
    }

    fn paste(&mut self, [row, column]: [usize; 2], part: &Plane) {
        if part.values.is_empty() {
            return;
        }
        let (height, width) = part.values.dim();
        let window = s![row..row + height, column..column + width];
        self.values.slice_mut(window).assign(&part.values);
        self.numbers.slice_mut(window).assign(&part.numbers);
    }
}

/// Joins parts of equal value of `plane` and of `before`, the plane that it follows; the first pixel
/// of `plane` lies at `place` of `before`.
fn join(
    before: &Plane,
    place: [usize; 2],
    plane: &Plane,
    connectivity: usize,
    sets: &mut UnionFind,
) {
    let (height, width) = before.values.dim();
    for ((y, x), &value) in plane.values.indexed_iter() {
        if value == 0 {
            continue;
        }
        for [dy, dx] in offsets(connectivity) {
            let other_y = (place[0] + y)
                .checked_add_signed(dy)
                .filter(|&y| y < height);
            let other_x = (place[1] + x).checked_add_signed(dx).filter(|&x| x < width);
            let (Some(other_y), Some(other_x)) = (other_y, other_x) else {
                continue;
            };
            let other = [other_y, other_x];
            if before.values[other] == value {
                sets.join(before.numbers[other] - 1, plane.numbers[[y, x]] - 1);
            }
        }
    }
}

/// Steps within a plane that go together with the step across.
fn offsets(connectivity: usize) -> impl Iterator<Item = [isize; 2]> {
    (-1isize..=1)
        .flat_map(|dy| (-1isize..=1).map(move |dx| [dy, dx]))
        .filter(move |[dy, dx]| 1 + dy.unsigned_abs() + dx.unsigned_abs() <= connectivity)
}
