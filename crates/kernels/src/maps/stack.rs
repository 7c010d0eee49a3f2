//! Activation and, after it, normalisation of planar maps that follow each other along the channels:
//! what every layer of a mixed-scale dense network does to all maps there are.

use super::activation::Activation;
use super::layout::MapShape;
use super::moments::{Moments, PartialMoments, Statistics, merge_moments};
use super::norm::{Norm, NormGradient, solve};
use super::parts::{Lanewise, Part, TILE, Terms, Tile, lanewise, run, sum_terms};
use crate::planar;
use crate::simd::{Kernel, Simd};
use crate::{Buffer, ConvShape, Extent, Isa, Pointer};

/// Planar maps `[N, C, Z, Y, X]` that follow each other along the channels.
pub struct Stack<'a> {
    shape: MapShape,
    /// The values and the first channel of each map, and the number of its channels.
    maps: Vec<(&'a [f32], usize, usize)>,
}

impl<'a> Stack<'a> {
    /// From the values of each map and the number of its channels.
    ///
    /// # Panics
    ///
    /// When the number of values is not that of the sizes.
    pub fn new(extent: Extent, maps: &[(&'a [f32], usize)]) -> Self {
        let mut total = 0;
        let mut own = Vec::with_capacity(maps.len());
        for &(values, channels) in maps {
            assert_eq!(values.len(), extent.n * channels * extent.pixels());
            own.push((values, total, channels));
            total += channels;
        }
        Self {
            shape: MapShape::planar(extent, total),
            maps: own,
        }
    }

    /// The sizes of the whole.
    pub fn shape(&self) -> MapShape {
        self.shape
    }

    /// A plane of the whole, counted over images and channels.
    fn plane(&self, plane: usize) -> &'a [f32] {
        let (image, channel) = (plane / self.shape.channels, plane % self.shape.channels);
        let map = self.maps.iter().rfind(|map| map.1 <= channel);
        let &(values, first, channels) = map.expect("the first map begins at channel 0");
        let len = self.shape.plane_len();
        &values[(image * channels + channel - first) * len..][..len]
    }

    fn part(&self, part: Part) -> &'a [f32] {
        let start = part.start - part.plane * self.shape.plane_len();
        &self.plane(part.plane)[start..][..part.len]
    }
}

/// The function of each value of `x`, a tile at most.
#[inline(always)]
fn activated<'t>(activation: Activation, x: &[f32], tile: &'t mut Tile) -> &'t [f32] {
    let values = &mut tile.0[..x.len()];
    values.copy_from_slice(x);
    activation.apply(values);
    values
}

/// The sums of the differences from a value and of their squares.
#[derive(Clone, Copy)]
struct Differences<V>(V);

impl<S: Simd> Terms<S, 1, 2> for Differences<S::Vector> {
    #[inline(always)]
    unsafe fn terms(self, [x]: [S::Vector; 1]) -> [S::Vector; 2] {
        // SAFETY: as the caller promises.
        unsafe {
            let difference = S::sub(x, self.0);
            [difference, S::mul(difference, difference)]
        }
    }
}

struct MomentsKernel<'a> {
    x: &'a [f32],
    activation: Activation,
    moments: &'a mut PartialMoments,
}

impl Kernel for MomentsKernel<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        // Any value near the mean keeps the squares small; that of the tile before is one.
        let mut near = 0.0;
        for x in self.x.chunks(TILE) {
            let values = activated(self.activation, x, &mut tile);
            let count = values.len() as f64;
            // SAFETY: the processor is as the caller promises.
            let [sum, squares] = unsafe { deviations::<S>(values, near) };
            let (mut mean, mut sum, mut squares) = (f64::from(near), sum, squares);
            if sum * sum > squares * count * 0.5 {
                // Most of the squares are the distance of that value from the mean.
                near = (mean + sum / count) as f32;
                // SAFETY: as above.
                [sum, squares] = unsafe { deviations::<S>(values, near) };
                mean = f64::from(near);
            }
            let shift = sum / count;
            let mut tile = PartialMoments {
                count: values.len(),
                ..PartialMoments::default()
            };
            tile.mean[0] = mean + shift;
            tile.m2[0] = (squares - sum * shift).max(0.0);
            self.moments.merge(&tile);
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set.
#[inline(always)]
unsafe fn deviations<S: Simd>(values: &[f32], from: f32) -> [f64; 2] {
    // SAFETY: as the caller promises; the pointer is that of a slice.
    let sums = unsafe {
        let terms = Differences(S::splat(from));
        sum_terms::<S, 1, 2>(terms, [values.as_ptr()], values.len())
    };
    sums.map(|lanes| lanes.iter().map(|&lane| f64::from(lane)).sum())
}

/// The means and variances of the function of a stack's values.
///
/// # Panics
///
/// When the channels do not divide into the groups.
pub fn activated_moments(
    isa: Isa,
    stack: &Stack<'_>,
    activation: Activation,
    statistics: Statistics,
) -> Moments {
    let parts = stack.shape.map_parts(|part| {
        let mut moments = PartialMoments::default();
        let kernel = MomentsKernel {
            x: stack.part(part),
            activation,
            moments: &mut moments,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
        moments
    });
    merge_moments(stack.shape, &parts, statistics)
}

/// `x * scale + shift`.
#[derive(Clone, Copy)]
struct Affine<V> {
    scale: V,
    shift: V,
}

impl<S: Simd> Lanewise<S, 1> for Affine<S::Vector> {
    #[inline(always)]
    unsafe fn apply(self, [x]: [S::Vector; 1]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe { S::mul_add(x, self.scale, self.shift) }
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: *mut f32,
    scale: f32,
    shift: f32,
    activation: Activation,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        for (index, x) in self.x.chunks(TILE).enumerate() {
            let values = activated(self.activation, x, &mut tile);
            // SAFETY: `y` has as many values as `x`; the processor is as the caller promises.
            unsafe {
                let affine = Affine {
                    scale: S::splat(self.scale),
                    shift: S::splat(self.shift),
                };
                let y = self.y.add(index * TILE);
                lanewise::<S, 1>(affine, [values.as_ptr()], y, values.len());
            }
        }
    }
}

/// `activation(x) * scale + shift` as one map, with a scale and a shift for each channel, `[C]`, or
/// for each image and channel, `[N, C]`.
///
/// # Panics
///
/// When there are neither `C` nor `N C` factors.
pub fn activate_normalize(
    isa: Isa,
    stack: &Stack<'_>,
    activation: Activation,
    scale: &[f32],
    shift: &[f32],
) -> Buffer {
    let (scale, shift) = (stack.shape.spread(scale), stack.shape.spread(shift));
    let fill = |y: Pointer| {
        stack.shape.for_each_part(|part| {
            let kernel = Forward {
                x: stack.part(part),
                // SAFETY: a part is within the map.
                y: unsafe { y.at(part.start) },
                scale: scale[part.plane][0],
                shift: shift[part.plane][0],
                activation,
            };
            // SAFETY: each part writes its own values.
            unsafe { run(isa, kernel) };
        });
    };
    Buffer::filled_by(stack.shape.len(), fill)
}

/// `dy` and `dy (f(x) - mean)`.
#[derive(Clone, Copy)]
struct Products<V> {
    mean: V,
}

impl<S: Simd> Terms<S, 2, 2> for Products<S::Vector> {
    #[inline(always)]
    unsafe fn terms(self, [value, gradient]: [S::Vector; 2]) -> [S::Vector; 2] {
        // SAFETY: as the caller promises.
        unsafe {
            let difference = S::sub(value, self.mean);
            [gradient, S::mul(gradient, difference)]
        }
    }
}

struct Reduce<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    mean: f32,
    activation: Activation,
    sums: &'a mut [f64; 2],
}

impl Kernel for Reduce<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        for (x, gradient) in self.x.chunks(TILE).zip(self.gradient.chunks(TILE)) {
            let values = activated(self.activation, x, &mut tile);
            // SAFETY: both have the same length; the processor is as the caller promises.
            let sums = unsafe {
                let products = Products {
                    mean: S::splat(self.mean),
                };
                let inputs = [values.as_ptr(), gradient.as_ptr()];
                sum_terms::<S, 2, 2>(products, inputs, values.len())
            };
            for (total, lanes) in self.sums.iter_mut().zip(sums) {
                *total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
            }
        }
    }
}

/// `dx = (dy direct + (f(x) - mean) spread + offset) f'(x)`.
#[derive(Clone, Copy)]
struct Combined<V> {
    mean: V,
    direct: V,
    spread: V,
    offset: V,
}

impl<S: Simd> Lanewise<S, 3> for Combined<S::Vector> {
    #[inline(always)]
    unsafe fn apply(self, [value, slope, gradient]: [S::Vector; 3]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe {
            let rest = S::mul_add(S::sub(value, self.mean), self.spread, self.offset);
            S::mul(S::mul_add(gradient, self.direct, rest), slope)
        }
    }
}

/// The coefficients of [`Combined`] for one plane.
#[derive(Clone, Copy)]
struct Coefficients {
    mean: f32,
    direct: f32,
    spread: f32,
    offset: f32,
}

struct Apply<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    output: &'a mut [f32],
    coefficients: Coefficients,
    activation: Activation,
}

impl Kernel for Apply<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (mut tile, mut slopes) = (Tile([0.0; TILE]), Tile([0.0; TILE]));
        let chunks = self.x.chunks(TILE).zip(self.gradient.chunks(TILE));
        for ((x, gradient), output) in chunks.zip(self.output.chunks_mut(TILE)) {
            let values = activated(self.activation, x, &mut tile);
            let slopes = &mut slopes.0[..x.len()];
            slopes.copy_from_slice(x);
            self.activation.slope(slopes);
            // SAFETY: all have the same length; the processor is as the caller promises.
            unsafe {
                let combined = Combined {
                    mean: S::splat(self.coefficients.mean),
                    direct: S::splat(self.coefficients.direct),
                    spread: S::splat(self.coefficients.spread),
                    offset: S::splat(self.coefficients.offset),
                };
                let inputs = [values.as_ptr(), slopes.as_ptr(), gradient.as_ptr()];
                lanewise::<S, 3>(combined, inputs, output.as_mut_ptr(), x.len());
            }
        }
    }
}

/// The backward pass of `norm(activation(stack))` after its first half, the sums.
pub struct StackGradient<'a> {
    isa: Isa,
    stack: &'a Stack<'a>,
    gradient: &'a [f32],
    activation: Activation,
    /// Of each plane.
    coefficients: Vec<Coefficients>,
}

impl<'a> StackGradient<'a> {
    /// Takes the gradient of the normalised map, and gives those of the normalisation's parameters
    /// as well. Without a normalisation there are none. `activation` comes before it; that of the
    /// norm itself is of no meaning here.
    ///
    /// The formula is that of [`super::normalize_activate_backward`] with a normalisation of
    /// `activation(x)` and nothing after it.
    ///
    /// # Panics
    ///
    /// When the numbers of values are not those of the stack.
    pub fn new(
        isa: Isa,
        stack: &'a Stack<'a>,
        gradient: &'a [f32],
        activation: Activation,
        norm: Option<&Norm<'_>>,
    ) -> (Self, Option<NormGradient>) {
        let shape = stack.shape;
        assert_eq!(gradient.len(), shape.len());
        let mut coefficients = vec![
            Coefficients {
                mean: 0.0,
                direct: 1.0,
                spread: 0.0,
                offset: 0.0,
            };
            shape.planes()
        ];
        let parameters = norm.map(|norm| {
            norm.check(shape);
            let mean = norm.of_groups(shape, norm.mean);
            let sums = plane_sums(isa, stack, gradient, activation, &mean);
            let (parameters, [direct, spread, offset]) = solve(shape, &sums, norm);
            for (plane, coefficients) in coefficients.iter_mut().enumerate() {
                *coefficients = Coefficients {
                    mean: mean[plane],
                    direct: direct[plane],
                    spread: spread[plane],
                    offset: offset[plane],
                };
            }
            parameters
        });
        let this = Self {
            isa,
            stack,
            gradient,
            activation,
            coefficients,
        };
        (this, parameters)
    }

    /// Writes the gradient of a plane of the stack, from value `start` on.
    fn write(&self, plane: usize, start: usize, output: &mut [f32]) {
        let first = plane * self.stack.shape.plane_len() + start;
        let kernel = Apply {
            x: &self.stack.plane(plane)[start..][..output.len()],
            gradient: &self.gradient[first..][..output.len()],
            output,
            coefficients: self.coefficients[plane],
            activation: self.activation,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(self.isa, kernel) };
    }

    /// The plane of the whole of a plane of one map.
    fn plane_of(&self, map: usize, plane: usize) -> usize {
        let (_, first, channels) = self.stack.maps[map];
        plane / channels * self.stack.shape.channels + first + plane % channels
    }

    /// The gradient of one of the maps.
    ///
    /// # Panics
    ///
    /// When there is no such map.
    pub fn of_map(&self, map: usize) -> Buffer {
        let channels = self.stack.maps[map].2;
        let shape = MapShape::planar(self.stack.shape.extent, channels);
        let mut output = Buffer::unspecified(shape.len());
        shape.for_each_part_of(output.as_mut_slice(), |part, values| {
            let start = part.start - part.plane * shape.plane_len();
            self.write(self.plane_of(map, part.plane), start, values);
        });
        output
    }

    /// The gradient of the first map, from which a convolution made another one: with that of the
    /// convolution's input, given the gradient of its output.
    ///
    /// # Panics
    ///
    /// As [`planar::conv_input_gradient`], or when the convolution's input is not the first map.
    pub fn of_convolved_map(&self, gradient: &[f32], weight: &[f32], shape: &ConvShape) -> Buffer {
        assert_eq!(self.stack.maps[0].2, shape.in_channels);
        assert_eq!(self.stack.shape.extent, shape.input);
        let begin = |plane: usize, start: usize, values: &mut [f32]| {
            self.write(self.plane_of(0, plane), start, values);
        };
        planar::conv_input_gradient_added(self.isa, gradient, weight, shape, Some(&begin))
    }
}

/// The sums of `dy` and of `dy (f(x) - mean)` of each plane.
fn plane_sums(
    isa: Isa,
    stack: &Stack<'_>,
    gradient: &[f32],
    activation: Activation,
    mean: &[f32],
) -> Vec<[f64; 2]> {
    let shape = stack.shape;
    let parts = shape.map_parts(|part| {
        let mut sums = [0.0; 2];
        let kernel = Reduce {
            x: stack.part(part),
            gradient: &gradient[part.start..][..part.len],
            mean: mean[part.plane],
            activation,
            sums: &mut sums,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
        sums
    });
    let sum = |parts: &[[f64; 2]]| {
        let add = |a: [f64; 2], b: &[f64; 2]| [a[0] + b[0], a[1] + b[1]];
        parts.iter().fold([0.0; 2], add)
    };
    if parts.is_empty() {
        return vec![[0.0; 2]; shape.planes()];
    }
    parts
        .chunks_exact(shape.parts_of_plane())
        .map(sum)
        .collect()
}
