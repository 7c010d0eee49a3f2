//! Sums over all pixels, the gradient of a bias.

use rayon::prelude::*;

use crate::simd::{Kernel, Simd};
use crate::{Extent, Isa, LANES, Map};

use super::checks::assert_map;
use super::planes::Planes;

/// Values that are added in `f32`, four vectors at a time, before `f64` takes over.
const RUN: usize = 256 * LANES;
/// Values of a work item.
const PART: usize = 64 * RUN;

/// The sum over images and pixels of each channel.
///
/// # Panics
///
/// When the map does not have the sizes, or the processor does not have `isa`.
pub fn channel_sums(isa: Isa, map: Map<'_>, extent: Extent, channels: usize) -> Vec<f32> {
    assert!(isa.is_available(), "the processor has no {}", isa.name());
    assert_map(map, extent, channels, "map");
    let planes = Planes::of(map, extent, channels);
    let len = extent.pixels() * planes.lanes;
    let parts = len.div_ceil(PART);
    let per_plane = extent.n * parts;
    let part_sums: Vec<[f64; LANES]> = (0..planes.len() * per_plane)
        .into_par_iter()
        .map(|item| {
            let (index, image) = (item / per_plane, item / parts % extent.n);
            let first = item % parts * PART;
            let plane = planes.plane(index, image);
            part_sum(isa, &plane[first..len.min(first + PART)])
        })
        .collect();

    let mut sums = Vec::with_capacity(planes.len() * LANES);
    for plane in 0..planes.len() {
        let mut total = [0.0; LANES];
        for part in &part_sums[plane * per_plane..][..per_plane] {
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
        if planes.lanes == LANES {
            sums.extend(total.map(|sum| sum as f32));
        } else {
            sums.push(total.iter().sum::<f64>() as f32);
        }
    }
    sums.truncate(channels);
    sums
}

/// The sums of every sixteenth value. Those that fill no vector are added to the first.
fn part_sum(isa: Isa, values: &[f32]) -> [f64; LANES] {
    let mut total = [0.0; LANES];
    for run in values.chunks(RUN) {
        let (whole, rest) = run.as_chunks::<LANES>();
        let mut sum = [0.0; LANES];
        let kernel = VectorSum {
            values: whole,
            sum: &mut sum,
        };
        // SAFETY: the callers saw that the processor has the instruction set; slices are valid.
        unsafe { isa.run(kernel) };
        for (total, sum) in total.iter_mut().zip(sum) {
            *total += f64::from(sum);
        }
        total[0] += rest.iter().map(|&value| f64::from(value)).sum::<f64>();
    }
    total
}

struct VectorSum<'a> {
    values: &'a [[f32; LANES]],
    sum: &'a mut [f32; LANES],
}

impl Kernel for VectorSum<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        /// Sums that do not wait for each other.
        const CHAINS: usize = 4;
        // SAFETY: an array holds a vector; the caller promises the instruction set.
        unsafe {
            let mut sums = [S::zero(); CHAINS];
            let (quads, rest) = self.values.as_chunks::<CHAINS>();
            for quad in quads {
                for chain in 0..CHAINS {
                    sums[chain] = S::add(sums[chain], S::load(quad[chain].as_ptr()));
                }
            }
            for vector in rest {
                sums[0] = S::add(sums[0], S::load(vector.as_ptr()));
            }
            let pairs = [S::add(sums[0], sums[1]), S::add(sums[2], sums[3])];
            S::store(self.sum.as_mut_ptr(), S::add(pairs[0], pairs[1]));
        }
    }
}
