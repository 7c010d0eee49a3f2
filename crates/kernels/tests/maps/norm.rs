//! Normalisation against its definition in double precision.

use coverslip_kernels::maps::{
    Activation, MapShape, Moments, Norm, PartialMoments, Statistics, channel_sums, merge_moments,
    moments, normalize_activate, normalize_activate_backward,
};
use coverslip_kernels::{Extent, Isa};
use rand::{Rng, RngExt};

use crate::activation::{ALL, reference, slope};
use crate::support::{
    assert_close, assert_within, cases, channels, extent, forms, narrow, pick, read, rms, store,
    values, widen,
};

const EPSILON: f32 = 1e-5;

fn statistics(random: &mut impl Rng, channels: usize) -> Statistics {
    let divisors: Vec<usize> = (1..=channels)
        .filter(|g| channels.is_multiple_of(*g))
        .collect();
    let group = Statistics::Group(pick(random, &divisors));
    pick(random, &[Statistics::Batch, Statistics::Instance, group])
}

/// The group of every value of a planar map.
fn groups(statistics: Statistics, extent: Extent, channels: usize) -> Vec<usize> {
    let per_group = |groups: usize| channels / groups;
    let of = |index: usize| {
        let plane = index / extent.pixels();
        let (image, channel) = (plane / channels, plane % channels);
        match statistics {
            Statistics::Batch => channel,
            Statistics::Instance => plane,
            Statistics::Group(count) => image * count + channel / per_group(count),
        }
    };
    (0..extent.n * channels * extent.pixels()).map(of).collect()
}

fn means(values: impl Iterator<Item = f64>, groups: &[usize]) -> Vec<f64> {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let (mut sums, mut counts) = (vec![0.0; count], vec![0.0; count]);
    for (value, &group) in values.zip(groups) {
        sums[group] += value;
        counts[group] += 1.0;
    }
    sums.iter()
        .zip(counts)
        .map(|(sum, count)| sum / count)
        .collect()
}

fn reference_moments(x: &[f64], groups: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let mean = means(x.iter().copied(), groups);
    let squares = x
        .iter()
        .zip(groups)
        .map(|(x, &group)| (x - mean[group]).powi(2));
    let variance = means(squares, groups);
    (mean, variance)
}

/// A normalisation of a planar map in `f64`.
struct Reference {
    groups: Vec<usize>,
    /// The channel of every value.
    channel: Vec<usize>,
    gamma: Vec<f64>,
    beta: Vec<f64>,
    activation: Activation,
}

impl Reference {
    fn standardised(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mean, variance) = reference_moments(x, &self.groups);
        let inverse: Vec<f64> = variance
            .iter()
            .map(|variance| (variance + f64::from(EPSILON)).sqrt().recip())
            .collect();
        let standardise = |(x, &group): (&f64, &usize)| (x - mean[group]) * inverse[group];
        (
            x.iter().zip(&self.groups).map(standardise).collect(),
            inverse,
        )
    }

    fn before_activation(&self, standardised: &[f64]) -> Vec<f64> {
        let pairs = standardised.iter().zip(&self.channel);
        pairs
            .map(|(x, &channel)| self.gamma[channel] * x + self.beta[channel])
            .collect()
    }

    fn forward(&self, x: &[f64]) -> Vec<f64> {
        let z = self.before_activation(&self.standardised(x).0);
        z.iter().map(|&z| reference(self.activation, z)).collect()
    }

    /// `dx`, `dgamma` and `dbeta`.
    fn backward(&self, x: &[f64], dy: &[f64], is_frozen: bool) -> [Vec<f64>; 3] {
        let (standardised, inverse) = self.standardised(x);
        let z = self.before_activation(&standardised);
        let dz: Vec<f64> = dy
            .iter()
            .zip(&z)
            .map(|(dy, &z)| dy * slope(self.activation, z))
            .collect();
        let channels = self.gamma.len();
        let (mut d_gamma, mut d_beta) = (vec![0.0; channels], vec![0.0; channels]);
        for index in 0..x.len() {
            d_gamma[self.channel[index]] += dz[index] * standardised[index];
            d_beta[self.channel[index]] += dz[index];
        }
        let inner = |index: usize| dz[index] * self.gamma[self.channel[index]];
        let along = means(
            (0..x.len()).map(|i| inner(i) * standardised[i]),
            &self.groups,
        );
        let level = means((0..x.len()).map(inner), &self.groups);
        let dx = (0..x.len()).map(|i| {
            let group = self.groups[i];
            let rest = level[group] + standardised[i] * along[group];
            inverse[group] * (inner(i) - if is_frozen { 0.0 } else { rest })
        });
        [dx.collect(), d_gamma, d_beta]
    }
}

#[test]
fn moments_of_all_kinds() {
    for mut random in cases(40) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let statistics = statistics(&mut random, channels);
        let groups = groups(statistics, extent, channels);
        let x = values(&mut random, groups.len());
        let (mean, variance) = reference_moments(&x, &groups);
        for (isa, shape) in forms(extent, channels) {
            let got = moments(isa, shape, store(shape, &x).as_slice(), statistics);
            let what = format!("{statistics:?} {isa:?} {shape:?}");
            // The values' size is what counts: a mean may cancel.
            assert_within(&widen(&got.mean), &mean, 1e-6, &what);
            assert_close(&widen(&got.variance), &variance, 1e-5, &what);
            assert_eq!(got.count * mean.len(), groups.len(), "{what}");
        }
    }
}

/// A mean of a thousand standard deviations, behind a border of zeros of which each part's first
/// pixel is one.
#[test]
fn moments_with_a_large_mean() {
    let extent = Extent {
        n: 2,
        size: [1, 70, 150],
    };
    for mut random in cases(1) {
        for with_border in [false, true] {
            let x = values(&mut random, 2 * 17 * extent.pixels());
            let at = |(index, x): (usize, f64)| {
                let is_border = with_border && index % 150 < 2;
                f64::from(if is_border { 0.0 } else { (1000.0 + x) as f32 })
            };
            let x: Vec<f64> = x.into_iter().enumerate().map(at).collect();
            let groups = groups(Statistics::Batch, extent, 17);
            let (mean, variance) = reference_moments(&x, &groups);
            for (isa, shape) in forms(extent, 17) {
                let got = moments(isa, shape, store(shape, &x).as_slice(), Statistics::Batch);
                assert_close(&widen(&got.mean), &mean, 1e-6, "mean");
                assert_close(&widen(&got.variance), &variance, 1e-5, "variance");
            }
        }
    }
}

#[test]
fn merged_parts_are_the_whole() {
    let extent = Extent {
        n: 1,
        size: [1, 1, 5],
    };
    let part = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let m2 = x.iter().map(|x| (x - mean).powi(2)).sum();
        PartialMoments {
            count: x.len(),
            mean: [mean; 16],
            m2: [m2; 16],
        }
    };
    let x = [1.0, 4.0, -2.0, 3.0, 9.0];
    let parts = [part(&x[..2]), PartialMoments::default(), part(&x[2..])];
    let mut merged = PartialMoments::default();
    for part in &parts {
        merged.merge(part);
    }
    assert_eq!(merged, part(&x));
    let expected = Moments {
        mean: vec![3.0; 3],
        variance: vec![13.2; 3],
        count: 5,
    };
    let shape = MapShape::blocked(extent, 3);
    assert_eq!(merge_moments(shape, &parts, Statistics::Instance), expected);
}

#[test]
fn norms_and_their_gradients() {
    for mut random in cases(80) {
        check_norm(&mut random);
    }
}

fn check_norm(random: &mut impl Rng) {
    let (extent, channels) = (extent(random), channels(random));
    let statistics = statistics(random, channels);
    let groups = groups(statistics, extent, channels);
    let count = groups.len();
    let norm = Reference {
        channel: (0..count)
            .map(|index| index / extent.pixels() % channels)
            .collect(),
        gamma: values(random, channels),
        beta: values(random, channels),
        activation: pick(random, &ALL),
        groups,
    };
    let is_frozen = random.random_bool(0.25);
    let (x, dy) = (values(random, count), values(random, count));
    let y = norm.forward(&x);
    let gradients = norm.backward(&x, &dy, is_frozen);
    if !is_frozen {
        check_by_differences(&norm, &x, &dy, &gradients[0]);
    }
    // A group of one value, or of a few that are as good as equal, is divided by a standard
    // deviation of down to sqrt(epsilon), which multiplies the rounding error of its mean by 300.
    let (_, variance) = reference_moments(&x, &norm.groups);
    let is_flat = variance.iter().any(|&variance| variance < 0.05);
    let tolerance = if is_flat { 2e-4 } else { 1e-5 };
    // The gradient is a difference, all of which may cancel: errors are relative to its first term.
    let first_term = rms(&norm.backward(&x, &dy, true)[0]);
    // So may the sums over a channel: this is the size of a random one.
    let sum = (count as f64 / channels as f64).sqrt();
    for (isa, shape) in forms(extent, channels) {
        let what = format!("{statistics:?} {:?} {isa:?} {shape:?}", norm.activation);
        let [got_y, dx, d_gamma, d_beta] =
            run_norm(isa, shape, &norm, statistics, is_frozen, &x, &dy);
        assert_close(&got_y, &y, tolerance, &what);
        assert_within(&dx, &gradients[0], tolerance * first_term, &what);
        assert_within(&d_gamma, &gradients[1], tolerance * sum, &what);
        assert_within(&d_beta, &gradients[2], tolerance * sum, &what);
    }
}

/// `y`, `dx`, `dgamma` and `dbeta` of the kernels.
fn run_norm(
    isa: Isa,
    shape: MapShape,
    norm: &Reference,
    statistics: Statistics,
    is_frozen: bool,
    x: &[f64],
    dy: &[f64],
) -> [Vec<f64>; 4] {
    let x = store(shape, x);
    let moments = moments(isa, shape, x.as_slice(), statistics);
    let (gamma, beta) = (narrow(&norm.gamma), narrow(&norm.beta));
    let inverse_std = moments.inverse_std(EPSILON);
    let given = Norm {
        statistics,
        is_frozen,
        mean: &moments.mean,
        inverse_std: &inverse_std,
        gamma: &gamma,
        beta: &beta,
        activation: norm.activation,
    };
    let (scale, shift) = given.scale_and_shift(shape);
    let y = normalize_activate(isa, shape, x.as_slice(), &scale, &shift, norm.activation);
    let mut dx = store(shape, dy);
    let rest = normalize_activate_backward(isa, shape, x.as_slice(), dx.as_mut_slice(), &given);
    [
        read(shape, y.as_slice()),
        read(shape, dx.as_slice()),
        widen(&rest.gamma),
        widen(&rest.beta),
    ]
}

/// The reference's own gradient, against differences of the reference, at some values.
fn check_by_differences(norm: &Reference, x: &[f64], dy: &[f64], dx: &[f64]) {
    let loss = |x: &[f64]| -> f64 {
        let y = norm.forward(x);
        y.iter().zip(dy).map(|(y, dy)| y * dy).sum()
    };
    let (mean, variance) = reference_moments(x, &norm.groups);
    for index in (0..x.len()).step_by(x.len().div_ceil(20)) {
        // Values that are all equal are a kink of their own; so are those of ReLU.
        let group = norm.groups[index];
        let kinks = matches!(
            norm.activation,
            Activation::Relu | Activation::LeakyRelu { .. } | Activation::Elu { .. }
        );
        if variance[group] < 0.1 || mean[group].abs() > 10.0 || kinks {
            continue;
        }
        let step = 1e-5;
        let (mut above, mut below) = (x.to_vec(), x.to_vec());
        above[index] += step;
        below[index] -= step;
        let expected = (loss(&above) - loss(&below)) / (2.0 * step);
        let error = (dx[index] - expected).abs();
        assert!(
            error < 1e-6 * (1.0 + expected.abs()),
            "{} not {expected}",
            dx[index]
        );
    }
}

/// At a mean of a thousand standard deviations, the mean and the shift are rounded to 6e-5 standard
/// deviations, and so is where the activation is evaluated.
#[test]
fn norms_with_a_large_mean() {
    let extent = Extent {
        n: 2,
        size: [1, 40, 30],
    };
    for mut random in cases(3) {
        let count = 2 * 17 * extent.pixels();
        let norm = Reference {
            groups: groups(Statistics::Batch, extent, 17),
            channel: (0..count)
                .map(|index| index / extent.pixels() % 17)
                .collect(),
            gamma: values(&mut random, 17),
            beta: values(&mut random, 17),
            activation: Activation::Silu,
        };
        let x: Vec<f64> = values(&mut random, count)
            .iter()
            .map(|x| f64::from((1000.0 + x) as f32))
            .collect();
        let dy = values(&mut random, count);
        let y = norm.forward(&x);
        let [dx, d_gamma, d_beta] = norm.backward(&x, &dy, false);
        for (isa, shape) in forms(extent, 17) {
            let got = run_norm(isa, shape, &norm, Statistics::Batch, false, &x, &dy);
            for (got, expected) in got.iter().zip([&y, &dx, &d_gamma, &d_beta]) {
                assert_close(got, expected, 5e-4, &format!("{isa:?} {shape:?}"));
            }
        }
    }
}

#[test]
fn per_image_scale_and_bias_gradient() {
    for mut random in cases(20) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let planes = extent.n * channels;
        let (scale, shift) = (values(&mut random, planes), values(&mut random, planes));
        let x = values(&mut random, planes * extent.pixels());
        let at = |(index, x): (usize, &f64)| {
            scale[index / extent.pixels()] * x + shift[index / extent.pixels()]
        };
        let y: Vec<f64> = x.iter().enumerate().map(at).collect();
        let mut sums = vec![0.0; channels];
        for (index, x) in x.iter().enumerate() {
            sums[index / extent.pixels() % channels] += x;
        }
        let (scale, shift) = (narrow(&scale), narrow(&shift));
        for (isa, shape) in forms(extent, channels) {
            let x = store(shape, &x);
            let identity = Activation::Identity;
            let got = normalize_activate(isa, shape, x.as_slice(), &scale, &shift, identity);
            assert_close(&read(shape, got.as_slice()), &y, 1e-6, "scale and shift");
            let got = channel_sums(isa, shape, x.as_slice());
            assert_close(&widen(&got), &sums, 1e-5, "sums");
        }
    }
}
