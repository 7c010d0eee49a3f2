//! Normalisation with the activation after it, forward and backward.

use super::activation::{Activation, clear_lanes};
use super::layout::MapShape;
use super::moments::Statistics;
use super::parts::{Lanewise, TILE, Terms, Tile, lanewise, run, sum_terms};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES};

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
    scale: &'a [f32; LANES],
    shift: &'a [f32; LANES],
    activation: Activation,
    lanes_to_clear: Option<usize>,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for (tile, x) in self.x.chunks(TILE).enumerate() {
            // SAFETY: `y` has as many values as `x`; they are written before they are a slice.
            unsafe {
                let affine = Affine {
                    scale: S::load(self.scale.as_ptr()),
                    shift: S::load(self.shift.as_ptr()),
                };
                let y = self.y.add(tile * TILE);
                lanewise::<S, 1>(affine, [x.as_ptr()], y, x.len());
                let y = std::slice::from_raw_parts_mut(y, x.len());
                self.activation.apply(y);
                if let Some(used) = self.lanes_to_clear {
                    clear_lanes(y, used);
                }
            }
        }
    }
}

/// `activation(x * scale + shift)`, with a scale and a shift for each channel, `[C]`, or for each
/// image and channel, `[N, C]`.
///
/// With [`Activation::Identity`] it is the multiplication and addition per channel; with a shift of
/// zero also the dropout of whole channels.
///
/// # Panics
///
/// When the numbers of values are not those of the shape.
pub fn normalize_activate(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    scale: &[f32],
    shift: &[f32],
    activation: Activation,
) -> Buffer {
    assert_eq!(x.len(), shape.len());
    let (scale, shift) = (shape.spread(scale), shape.spread(shift));
    let fill = |y: crate::Pointer| {
        shape.for_each_part(|part| {
            let kernel = Forward {
                x: &x[part.start..][..part.len],
                // SAFETY: a part is within the map.
                y: unsafe { y.at(part.start) },
                scale: &scale[part.plane],
                shift: &shift[part.plane],
                activation,
                lanes_to_clear: shape.lanes_to_clear(activation, part.plane),
            };
            // SAFETY: each part writes its own values.
            unsafe { run(isa, kernel) };
        });
    };
    Buffer::filled_by(shape.len(), fill)
}

/// A normalisation as its backward pass needs it.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// What the mean and the standard deviation are of.
    pub statistics: Statistics,
    /// Whether they were given rather than those of `x`, as in batch normalisation at inference.
    pub is_frozen: bool,
    /// Each group's mean.
    pub mean: &'a [f32],
    /// Each group's `1 / sqrt(variance + epsilon)`.
    pub inverse_std: &'a [f32],
    /// Each channel's factor, `[C]`.
    pub gamma: &'a [f32],
    /// Each channel's offset, `[C]`.
    pub beta: &'a [f32],
    /// What follows.
    pub activation: Activation,
}

impl Norm<'_> {
    /// The scale `gamma inverse_std` and the shift `beta - mean scale` that
    /// [`normalize_activate`] takes: `[C]` for statistics of the batch and `[N, C]` otherwise.
    pub fn scale_and_shift(&self, shape: MapShape) -> (Vec<f32>, Vec<f32>) {
        let images = match self.statistics {
            Statistics::Batch => 1,
            Statistics::Instance | Statistics::Group(_) => shape.extent.n,
        };
        let pairs = (0..images * shape.channels).map(|index| {
            let (image, channel) = (index / shape.channels, index % shape.channels);
            let group = self.statistics.group_of(shape, image, channel);
            let scale = f64::from(self.gamma[channel]) * f64::from(self.inverse_std[group]);
            let shift = f64::from(self.beta[channel]) - f64::from(self.mean[group]) * scale;
            (scale as f32, shift as f32)
        });
        pairs.unzip()
    }

    pub(super) fn check(&self, shape: MapShape) {
        let groups = self.statistics.groups(shape);
        assert_eq!(self.mean.len(), groups, "means");
        assert_eq!(self.inverse_std.len(), groups, "standard deviations");
        assert_eq!(self.gamma.len(), shape.channels, "factors");
        assert_eq!(self.beta.len(), shape.channels, "offsets");
    }

    /// A value of each group for every image and channel.
    pub(super) fn of_groups(&self, shape: MapShape, values: &[f32]) -> Vec<f32> {
        let count = shape.extent.n * shape.channels;
        let pick = |index: usize| {
            let (image, channel) = (index / shape.channels, index % shape.channels);
            values[self.statistics.group_of(shape, image, channel)]
        };
        (0..count).map(pick).collect()
    }
}

/// The gradients of a normalisation's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct NormGradient {
    /// Each channel's factor's.
    pub gamma: Vec<f32>,
    /// Each channel's offset's.
    pub beta: Vec<f32>,
}

/// Vectors of one plane's coefficients.
#[derive(Clone, Copy)]
struct Coefficients<'a> {
    scale: &'a [f32; LANES],
    shift: &'a [f32; LANES],
    mean: &'a [f32; LANES],
}

/// Writes the derivative of the activation at `x * scale + shift` to the tile.
///
/// # Safety
///
/// The processor must have the instruction set.
#[inline(always)]
unsafe fn slopes<S: Simd>(
    coefficients: Coefficients<'_>,
    activation: Activation,
    x: &[f32],
    tile: &mut Tile,
) {
    // SAFETY: chunks of `x` are not longer than a tile.
    unsafe {
        let affine = Affine {
            scale: S::load(coefficients.scale.as_ptr()),
            shift: S::load(coefficients.shift.as_ptr()),
        };
        lanewise::<S, 1>(affine, [x.as_ptr()], tile.0.as_mut_ptr(), x.len());
    }
    activation.slope(&mut tile.0[..x.len()]);
}

/// `g = dy f'` and `g (x - mean)`.
#[derive(Clone, Copy)]
struct Products<V> {
    mean: V,
}

impl<S: Simd> Terms<S, 3, 2> for Products<S::Vector> {
    #[inline(always)]
    unsafe fn terms(self, [x, slope, gradient]: [S::Vector; 3]) -> [S::Vector; 2] {
        // SAFETY: as the caller promises.
        unsafe {
            let gradient = S::mul(gradient, slope);
            [gradient, S::mul(gradient, S::sub(x, self.mean))]
        }
    }
}

/// The sums of `g` and of `g (x - mean)`, lane by lane.
type Sums = [[f64; LANES]; 2];

struct Reduce<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    coefficients: Coefficients<'a>,
    activation: Activation,
    sums: &'a mut Sums,
}

impl Kernel for Reduce<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        for (x, gradient) in self.x.chunks(TILE).zip(self.gradient.chunks(TILE)) {
            // SAFETY: the three have the same length; the processor is as the caller promises.
            let sums = unsafe {
                slopes::<S>(self.coefficients, self.activation, x, &mut tile);
                let mean = S::load(self.coefficients.mean.as_ptr());
                let inputs = [x.as_ptr(), tile.0.as_ptr(), gradient.as_ptr()];
                sum_terms::<S, 3, 2>(Products { mean }, inputs, x.len())
            };
            for (total, sum) in self.sums.iter_mut().zip(sums) {
                for (total, sum) in total.iter_mut().zip(sum) {
                    *total += f64::from(sum);
                }
            }
        }
    }
}

/// `dx = dy f' direct + (x - mean) spread + offset`.
#[derive(Clone, Copy)]
struct Combined<V> {
    mean: V,
    direct: V,
    spread: V,
    offset: V,
}

impl<S: Simd> Lanewise<S, 3> for Combined<S::Vector> {
    #[inline(always)]
    unsafe fn apply(self, [x, slope, gradient]: [S::Vector; 3]) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe {
            let rest = S::mul_add(S::sub(x, self.mean), self.spread, self.offset);
            S::mul_add(S::mul(gradient, slope), self.direct, rest)
        }
    }
}

struct Apply<'a> {
    x: &'a [f32],
    gradient: &'a mut [f32],
    coefficients: Coefficients<'a>,
    direct: &'a [f32; LANES],
    spread: &'a [f32; LANES],
    offset: &'a [f32; LANES],
    activation: Activation,
}

impl Kernel for Apply<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        for (x, gradient) in self.x.chunks(TILE).zip(self.gradient.chunks_mut(TILE)) {
            // SAFETY: the three have the same length; the processor is as the caller promises.
            unsafe {
                slopes::<S>(self.coefficients, self.activation, x, &mut tile);
                let combined = Combined {
                    mean: S::load(self.coefficients.mean.as_ptr()),
                    direct: S::load(self.direct.as_ptr()),
                    spread: S::load(self.spread.as_ptr()),
                    offset: S::load(self.offset.as_ptr()),
                };
                let output = gradient.as_mut_ptr();
                let inputs = [x.as_ptr(), tile.0.as_ptr(), output.cast_const()];
                lanewise::<S, 3>(combined, inputs, output, x.len());
            }
        }
    }
}

/// Turns the gradient of `activation(norm(x))` into that of `x`, in place, and gives those of the
/// parameters.
///
/// With `g = dy f'`, `xhat = (x - mean) inverse_std` and sums over the `m` values of a group
/// (Ioffe and Szegedy, "Batch normalization", 2015, with the factors inside the sums because the
/// channels of a group differ in them):
///
/// `dx = inverse_std (gamma g - sum(gamma g) / m - xhat sum(gamma g xhat) / m)`;
/// with frozen statistics only the first term is there. `dgamma = sum(g xhat)` and
/// `dbeta = sum(g)` of the channel.
///
/// # Panics
///
/// When the numbers of values are not those of the shape.
pub fn normalize_activate_backward(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &mut [f32],
    norm: &Norm<'_>,
) -> NormGradient {
    assert_eq!(x.len(), shape.len());
    assert_eq!(gradient.len(), shape.len());
    norm.check(shape);
    let (scale, shift) = norm.scale_and_shift(shape);
    let (scale, shift) = (shape.spread(&scale), shape.spread(&shift));
    let mean = shape.spread(&norm.of_groups(shape, norm.mean));
    let coefficients = |plane: usize| Coefficients {
        scale: &scale[plane],
        shift: &shift[plane],
        mean: &mean[plane],
    };
    let sums = channel_sums(isa, shape, x, gradient, norm.activation, coefficients);
    let (parameters, rest) = solve(shape, &sums, norm);
    let [direct, spread, offset] = rest.map(|values| shape.spread(&values));
    shape.for_each_part_of(gradient, |part, gradient| {
        let kernel = Apply {
            x: &x[part.start..][..part.len],
            gradient,
            coefficients: coefficients(part.plane),
            direct: &direct[part.plane],
            spread: &spread[part.plane],
            offset: &offset[part.plane],
            activation: norm.activation,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
    });
    parameters
}

/// The sums of `g` and `g (x - mean)` for each image and channel.
fn channel_sums<'a>(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &[f32],
    activation: Activation,
    coefficients: impl Fn(usize) -> Coefficients<'a> + Send + Sync,
) -> Vec<[f64; 2]> {
    let parts = shape.map_parts(|part| {
        let mut sums = [[0.0; LANES]; 2];
        let kernel = Reduce {
            x: &x[part.start..][..part.len],
            gradient: &gradient[part.start..][..part.len],
            coefficients: coefficients(part.plane),
            activation,
            sums: &mut sums,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
        sums.map(|sums| shape.join_lanes(sums))
    });
    let mut totals = vec![[0.0; 2]; shape.extent.n * shape.channels];
    for (index, part) in parts.iter().enumerate() {
        let plane = index / shape.parts_of_plane();
        let (image, unit) = (plane / shape.units(), plane % shape.units());
        for (lane, channel) in shape.channels_of(unit).enumerate() {
            let total = &mut totals[image * shape.channels + channel];
            total[0] += part[0][lane];
            total[1] += part[1][lane];
        }
    }
    totals
}

/// The parameters' gradients, and the coefficients of [`Combined`] for each image and channel.
pub(super) fn solve(
    shape: MapShape,
    sums: &[[f64; 2]],
    norm: &Norm<'_>,
) -> (NormGradient, [Vec<f32>; 3]) {
    let channels = shape.channels;
    let group_of = |index: usize| {
        norm.statistics
            .group_of(shape, index / channels, index % channels)
    };
    let inverse_std = |index: usize| f64::from(norm.inverse_std[group_of(index)]);
    let gamma = |index: usize| f64::from(norm.gamma[index % channels]);

    let (mut d_gamma, mut d_beta) = (vec![0.0; channels], vec![0.0; channels]);
    let mut groups = vec![[0.0; 2]; norm.statistics.groups(shape)];
    for (index, sum) in sums.iter().enumerate() {
        let along = sum[1] * inverse_std(index);
        d_beta[index % channels] += sum[0];
        d_gamma[index % channels] += along;
        let group = &mut groups[group_of(index)];
        group[0] += gamma(index) * sum[0];
        group[1] += gamma(index) * along;
    }
    let share = if norm.is_frozen {
        0.0
    } else {
        1.0 / norm.statistics.count(shape) as f64
    };
    let each = |value: &dyn Fn(usize) -> f64| (0..sums.len()).map(|i| value(i) as f32).collect();
    let rest = [
        each(&|i| gamma(i) * inverse_std(i)),
        each(&|i| -inverse_std(i).powi(2) * groups[group_of(i)][1] * share),
        each(&|i| -inverse_std(i) * groups[group_of(i)][0] * share),
    ];
    let round = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    let parameters = NormGradient {
        gamma: round(d_gamma),
        beta: round(d_beta),
    };
    (parameters, rest)
}
