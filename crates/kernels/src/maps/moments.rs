//! Means and variances of maps.

use super::layout::MapShape;
use super::parts::{Terms, run, sum_terms};
use crate::simd::{Kernel, Simd};
use crate::{Isa, LANES};

/// Which values share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// A channel's, over all images: `C` groups.
    Batch,
    /// A channel's of one image: `N C` groups.
    Instance,
    /// Those of one image and of one of so many equal groups of channels: `N g` groups. One group
    /// is what layer normalisation of an image has.
    Group(usize),
}

impl Statistics {
    /// Groups of a map.
    pub fn groups(self, shape: MapShape) -> usize {
        match self {
            Self::Batch => shape.channels,
            Self::Instance => shape.extent.n * shape.channels,
            Self::Group(count) => shape.extent.n * count,
        }
    }

    /// The group of a channel of an image.
    pub fn group_of(self, shape: MapShape, image: usize, channel: usize) -> usize {
        match self {
            Self::Batch => channel,
            Self::Instance => image * shape.channels + channel,
            Self::Group(count) => image * count + channel * count / shape.channels,
        }
    }

    /// Values of each group.
    ///
    /// # Panics
    ///
    /// When the channels do not divide into the groups.
    pub fn count(self, shape: MapShape) -> usize {
        if let Self::Group(count) = self {
            assert!(
                count > 0 && shape.channels.is_multiple_of(count),
                "{} channels in {count} groups",
                shape.channels
            );
        }
        shape.extent.n * shape.channels * shape.extent.pixels() / self.groups(shape).max(1)
    }
}

/// The moments of some pixels of sixteen channels; those of one channel are in the first lane for a
/// planar map.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartialMoments {
    /// Pixels.
    pub count: usize,
    /// Each channel's mean.
    pub mean: [f64; LANES],
    /// Each channel's sum of squared differences from its mean.
    pub m2: [f64; LANES],
}

/// One channel's or group's moments.
#[derive(Clone, Copy, Default)]
struct Merged {
    count: f64,
    mean: f64,
    m2: f64,
}

impl Merged {
    /// Chan, Golub and Le Veque, "Updating formulae and a pairwise algorithm for computing sample
    /// variances" (1979).
    fn merge(&mut self, count: f64, mean: f64, m2: f64) {
        if count > 0.0 {
            let total = self.count + count;
            let delta = mean - self.mean;
            self.mean += delta * (count / total);
            self.m2 += m2 + delta * delta * (self.count * count / total);
            self.count = total;
        }
    }
}

impl PartialMoments {
    /// Adds the pixels of `other`.
    pub fn merge(&mut self, other: &Self) {
        for lane in 0..LANES {
            let mut merged = Merged {
                count: self.count as f64,
                mean: self.mean[lane],
                m2: self.m2[lane],
            };
            merged.merge(other.count as f64, other.mean[lane], other.m2[lane]);
            (self.mean[lane], self.m2[lane]) = (merged.mean, merged.m2);
        }
        self.count += other.count;
    }
}

/// Means and variances of groups of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Each group's mean.
    pub mean: Vec<f32>,
    /// Each group's mean squared difference from its mean; the biased variance.
    pub variance: Vec<f32>,
    /// Values of each group.
    pub count: usize,
}

impl Moments {
    /// `1 / sqrt(variance + epsilon)` of each group.
    pub fn inverse_std(&self, epsilon: f32) -> Vec<f32> {
        let inverse = |&variance: &f32| (f64::from(variance) + f64::from(epsilon)).sqrt().recip();
        self.variance.iter().map(|v| inverse(v) as f32).collect()
    }
}

/// The values themselves.
#[derive(Clone, Copy)]
pub(super) struct Values;
impl<S: Simd> Terms<S, 1, 1> for Values {
    #[inline(always)]
    unsafe fn terms(self, inputs: [S::Vector; 1]) -> [S::Vector; 1] {
        inputs
    }
}

#[derive(Clone, Copy)]
struct Differences<V> {
    mean: V,
}
impl<S: Simd> Terms<S, 1, 2> for Differences<S::Vector> {
    #[inline(always)]
    unsafe fn terms(self, [x]: [S::Vector; 1]) -> [S::Vector; 2] {
        // SAFETY: as the caller promises.
        unsafe {
            let difference = S::sub(x, self.mean);
            [difference, S::mul(difference, difference)]
        }
    }
}

/// Two passes over a part: the mean, then the differences from it. The sums of the second say how
/// far the first was off, so that no cancellation is left however large the mean.
struct PartKernel<'a> {
    shape: MapShape,
    x: &'a [f32],
    moments: &'a mut PartialMoments,
}

impl Kernel for PartKernel<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let count = self.x.len() / self.shape.lanes();
        // SAFETY: the pointers are those of a slice; the processor is as the caller promises.
        unsafe {
            let [sums] = sum_terms::<S, 1, 1>(Values, [self.x.as_ptr()], self.x.len());
            let sums = self.shape.join_lanes(sums.map(f64::from));
            let mut rough = sums.map(|sum| (sum / count as f64) as f32);
            if self.shape.lanes() == 1 {
                rough = [rough[0]; LANES];
            }
            let mean = S::load(rough.as_ptr());
            let differences = Differences { mean };
            let [sums, squares] =
                sum_terms::<S, 1, 2>(differences, [self.x.as_ptr()], self.x.len());
            let sums = self.shape.join_lanes(sums.map(f64::from));
            let squares = self.shape.join_lanes(squares.map(f64::from));
            self.moments.count = count;
            for lane in 0..self.shape.lanes() {
                let correction = sums[lane] / count as f64;
                self.moments.mean[lane] = f64::from(rough[lane]) + correction;
                self.moments.m2[lane] = (squares[lane] - sums[lane] * correction).max(0.0);
            }
        }
    }
}

/// The means and variances of a map.
///
/// # Panics
///
/// When the number of values is not that of the shape, or the channels do not divide into the
/// groups.
pub fn moments(isa: Isa, shape: MapShape, x: &[f32], statistics: Statistics) -> Moments {
    assert_eq!(x.len(), shape.len());
    let parts = shape.map_parts(|part| {
        let mut moments = PartialMoments::default();
        let kernel = PartKernel {
            shape,
            x: &x[part.start..][..part.len],
            moments: &mut moments,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
        moments
    });
    merge_moments(shape, &parts, statistics)
}

/// Merges the moments of parts, `[N, C / 16, parts]` for a blocked map and `[N, C, parts]` for a
/// planar one, as a convolution's epilogue leaves them. Parts may differ in their numbers of pixels.
///
/// # Panics
///
/// When the number of parts is not a multiple of the planes.
pub fn merge_moments(shape: MapShape, parts: &[PartialMoments], statistics: Statistics) -> Moments {
    let count = statistics.count(shape);
    let mut groups = vec![Merged::default(); statistics.groups(shape)];
    if let Some(parts_of_plane) = parts.len().checked_div(shape.planes()) {
        assert_eq!(parts.len(), parts_of_plane * shape.planes());
        for (index, part) in parts.iter().enumerate() {
            let plane = index / parts_of_plane;
            let (image, unit) = (plane / shape.units(), plane % shape.units());
            for (lane, channel) in shape.channels_of(unit).enumerate() {
                let group = &mut groups[statistics.group_of(shape, image, channel)];
                group.merge(part.count as f64, part.mean[lane], part.m2[lane]);
            }
        }
    }
    let variance = |group: &Merged| (group.m2 / group.count) as f32;
    Moments {
        mean: groups.iter().map(|group| group.mean as f32).collect(),
        variance: groups.iter().map(variance).collect(),
        count,
    }
}
