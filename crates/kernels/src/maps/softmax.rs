//! Probabilities of classes: the soft-max over the channels of each pixel.

use rayon::prelude::*;

use super::functions::exp;
use super::layout::{Layout, MapShape};
use super::parts::{TILE, Tile, run};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, Pointer};

/// Some pixels of an image: the channels of a pixel lie `stride` values apart.
#[derive(Clone, Copy)]
struct Pixels {
    /// Of the first channel, in the whole map.
    start: usize,
    /// At most [`TILE`].
    len: usize,
    channels: usize,
    stride: usize,
}

impl Pixels {
    /// Where the values of each channel begin.
    #[inline(always)]
    fn planes(self) -> impl Iterator<Item = usize> {
        (0..self.channels).map(move |channel| self.start + channel * self.stride)
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: Pointer,
    pixels: Pixels,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Pixels { len, .. } = self.pixels;
        let mut most = Tile([f32::NEG_INFINITY; TILE]);
        let most = &mut most.0[..len];
        for plane in self.pixels.planes() {
            for (most, &x) in most.iter_mut().zip(&self.x[plane..][..len]) {
                *most = if x > *most { x } else { *most };
            }
        }
        let mut sums = Tile([0.0; TILE]);
        let sums = &mut sums.0[..len];
        let out = |plane: usize| {
            // SAFETY: no other part has these pixels, and the map has all planes.
            unsafe { std::slice::from_raw_parts_mut(self.y.at(plane), len) }
        };
        for plane in self.pixels.planes() {
            let x = &self.x[plane..][..len];
            for (((y, x), most), sum) in out(plane).iter_mut().zip(x).zip(&*most).zip(&mut *sums) {
                *y = exp(x - most);
                *sum += *y;
            }
        }
        for plane in self.pixels.planes() {
            for (y, sum) in out(plane).iter_mut().zip(&*sums) {
                *y /= sum;
            }
        }
    }
}

struct Backward<'a> {
    y: &'a [f32],
    gradient: &'a [f32],
    result: Pointer,
    pixels: Pixels,
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Pixels { len, .. } = self.pixels;
        let mut products = Tile([0.0; TILE]);
        let products = &mut products.0[..len];
        for plane in self.pixels.planes() {
            let (y, gradient) = (&self.y[plane..][..len], &self.gradient[plane..][..len]);
            for ((product, y), gradient) in products.iter_mut().zip(y).zip(gradient) {
                *product += gradient * y;
            }
        }
        for plane in self.pixels.planes() {
            let (y, gradient) = (&self.y[plane..][..len], &self.gradient[plane..][..len]);
            // SAFETY: no other part has these pixels, and the map has all planes.
            let result = unsafe { std::slice::from_raw_parts_mut(self.result.at(plane), len) };
            for (((result, y), gradient), product) in
                result.iter_mut().zip(y).zip(gradient).zip(&*products)
            {
                *result = y * (gradient - product);
            }
        }
    }
}

fn for_each_pixels(shape: MapShape, work: impl Fn(Pixels) + Send + Sync) {
    assert_eq!(shape.layout, Layout::Planar, "layout of class scores");
    let stride = shape.plane_len();
    let parts = stride.div_ceil(TILE);
    (0..shape.extent.n * parts)
        .into_par_iter()
        .for_each(|index| {
            let (image, first) = (index / parts, index % parts * TILE);
            work(Pixels {
                start: image * shape.channels * stride + first,
                len: TILE.min(stride - first),
                channels: shape.channels,
                stride,
            });
        });
}

/// `exp(x) / sum(exp(x))`, the sum over the channels of each pixel of a planar map
/// `[N, C, Z, Y, X]`; exponentials are of differences to the largest and do not overflow.
///
/// # Panics
///
/// When the map is not planar or has another number of values.
pub fn softmax(isa: Isa, shape: MapShape, x: &[f32]) -> Buffer {
    assert_eq!(x.len(), shape.len());
    Buffer::filled_by(shape.len(), |y| {
        for_each_pixels(shape, |pixels| {
            // SAFETY: the kernel writes its own pixels.
            unsafe { run(isa, Forward { x, y, pixels }) };
        });
    })
}

/// The gradient of the scores, from the probabilities `y` and their `gradient`.
///
/// # Panics
///
/// As [`softmax`].
pub fn softmax_backward(isa: Isa, shape: MapShape, y: &[f32], gradient: &[f32]) -> Buffer {
    assert_eq!(y.len(), shape.len());
    assert_eq!(gradient.len(), shape.len());
    Buffer::filled_by(shape.len(), |result| {
        for_each_pixels(shape, |pixels| {
            let kernel = Backward {
                y,
                gradient,
                result,
                pixels,
            };
            // SAFETY: the kernel writes its own pixels.
            unsafe { run(isa, kernel) };
        });
    })
}
