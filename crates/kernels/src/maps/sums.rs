//! Sums over the pixels of a map.

use super::layout::{Layout, MapShape};
use super::moments::Values;
use super::parts::{run, sum_terms};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES};

struct PartSum<'a> {
    x: &'a [f32],
    sums: &'a mut [f32; LANES],
}

impl Kernel for PartSum<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the pointer is that of a slice; the processor is as the caller promises.
        [*self.sums] = unsafe { sum_terms::<S, 1, 1>(Values, [self.x.as_ptr()], self.x.len()) };
    }
}

/// Each plane's sums, lane by lane; those of a planar map in the first lane.
fn plane_sums(isa: Isa, shape: MapShape, x: &[f32]) -> Vec<[f64; LANES]> {
    assert_eq!(x.len(), shape.len());
    let parts = shape.map_parts(|part| {
        let mut sums = [0.0; LANES];
        let kernel = PartSum {
            x: &x[part.start..][..part.len],
            sums: &mut sums,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
        shape.join_lanes(sums.map(f64::from))
    });
    let mut planes = vec![[0.0; LANES]; shape.planes()];
    for (index, part) in parts.iter().enumerate() {
        let plane = &mut planes[index / shape.parts_of_plane()];
        for (total, sum) in plane.iter_mut().zip(part) {
            *total += sum;
        }
    }
    planes
}

/// The sum of each channel over images and pixels, `[C]`: a bias's gradient.
///
/// # Panics
///
/// When the number of values is not that of the shape.
pub fn channel_sums(isa: Isa, shape: MapShape, x: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; shape.channels];
    for (plane, lanes) in plane_sums(isa, shape, x).iter().enumerate() {
        for (lane, channel) in shape.channels_of(plane % shape.units()).enumerate() {
            sums[channel] += lanes[lane];
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// The mean of each channel of each image: a map of one pixel.
///
/// # Panics
///
/// When the number of values is not that of the shape, or there are no pixels.
pub fn global_average(isa: Isa, shape: MapShape, x: &[f32]) -> Buffer {
    assert!(shape.extent.pixels() > 0, "an average of no pixels");
    let sums = plane_sums(isa, shape, x);
    let mut means = Buffer::zeros(shape.with_size([1; 3]).len());
    let planes = means.as_mut_slice().chunks_exact_mut(shape.lanes());
    for (means, sums) in planes.zip(sums) {
        for (mean, sum) in means.iter_mut().zip(sums) {
            *mean = (sum / shape.extent.pixels() as f64) as f32;
        }
    }
    means
}

/// The gradient of the input of [`global_average`], whose shape is `shape`: `dy / pixels`
/// everywhere.
///
/// # Panics
///
/// When the gradient is not that of a map of one pixel.
pub fn global_average_backward(shape: MapShape, gradient: &[f32]) -> Buffer {
    assert_eq!(gradient.len(), shape.with_size([1; 3]).len());
    let share = 1.0 / shape.extent.pixels() as f32;
    let mut result = Buffer::zeros(shape.len());
    shape.for_each_part_of(result.as_mut_slice(), |part, values| match shape.layout {
        Layout::Planar => values.fill(gradient[part.plane] * share),
        Layout::Blocked => {
            let mut pixel = [0.0; LANES];
            let lanes = gradient[part.plane * LANES..].iter();
            for (value, lane) in pixel.iter_mut().zip(lanes) {
                *value = lane * share;
            }
            for place in values.chunks_exact_mut(LANES) {
                place.copy_from_slice(&pixel);
            }
        }
    });
    result
}
