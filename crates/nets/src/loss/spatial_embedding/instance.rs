//! The loss of one image and its gradient, in double precision.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{CoordinateGrid, SpatialEmbeddingOptions};
use crate::loss::lovasz::jaccard_slopes;

/// Objects whose gradients are held at once.
const OBJECTS: usize = 32;

/// Coordinates of the pixels of an image.
pub(super) struct Grid {
    /// Coordinates along X, Y and Z; without Z in 2D.
    lines: Vec<Vec<f64>>,
    size: [usize; 3],
}

impl Grid {
    pub(super) fn new(grid: &CoordinateGrid, size: [usize; 3]) -> Self {
        let axes = if size[0] == 1 { 2 } else { 3 };
        let lines = (0..axes).map(|axis| {
            let at = 2 - axis;
            let step = grid.extent[at] / (grid.size[at].max(2) - 1) as f64;
            (0..size[at]).map(|place| place as f64 * step).collect()
        });
        Self {
            lines: lines.collect(),
            size,
        }
    }

    fn axes(&self) -> usize {
        self.lines.len()
    }

    fn pixels(&self) -> usize {
        self.size.iter().product()
    }

    /// The coordinate of a pixel along X (0), Y (1) or Z (2).
    fn coordinate(&self, axis: usize, pixel: usize) -> f64 {
        let [_, height, width] = self.size;
        let place = match axis {
            0 => pixel % width,
            1 => pixel / width % height,
            _ => pixel / (width * height),
        };
        self.lines[axis][place]
    }
}

/// One image: channels and pixels in the order of the tensors.
pub(super) struct Item<'a> {
    pub(super) options: &'a SpatialEmbeddingOptions,
    pub(super) grid: &'a Grid,
    /// Channels that hold margins: one for each axis, or one.
    pub(super) margins: usize,
    pub(super) prediction: &'a [f32],
    pub(super) instances: &'a [f32],
    pub(super) labels: &'a [f32],
    pub(super) centers: &'a [f32],
    pub(super) weight: Option<&'a [f32]>,
}

/// The contribution of one object to the sums and to the gradient.
struct Share {
    hinge: f64,
    variance: f64,
    seed: f64,
    /// Value index and gradient.
    slopes: Vec<(usize, f64)>,
}

impl Item<'_> {
    /// The loss; adds `scale` times its gradient to `slopes`.
    pub(super) fn compute(&self, slopes: &mut [f64], scale: f64) -> f64 {
        let pixels = self.grid.pixels();
        let axes = self.grid.axes();
        let embedding: Vec<Vec<f64>> = (0..axes)
            .map(|axis| {
                let place = |pixel| self.at(axis, pixel).tanh() + self.grid.coordinate(axis, pixel);
                (0..pixels).map(place).collect()
            })
            .collect();
        let objects = self.objects();
        let counted: f64 = match self.weight {
            Some(weight) => weight.iter().map(|weight| f64::from(*weight)).sum(),
            None => pixels as f64,
        };
        if counted == 0.0 {
            return 0.0;
        }
        let mut seed = self.background(slopes, scale / counted);
        let (mut hinge, mut variance) = (0.0, 0.0);
        let factors = Factors {
            object: scale / objects.len().max(1) as f64,
            seed: scale / counted,
        };
        for objects in objects.chunks(OBJECTS) {
            let shares: Vec<Share> = objects
                .par_iter()
                .map(|members| self.object(members, &embedding, factors))
                .collect();
            for share in shares {
                hinge += share.hinge;
                variance += share.variance;
                seed += share.seed;
                for (index, slope) in share.slopes {
                    slopes[index] += slope;
                }
            }
        }
        let count = objects.len().max(1) as f64;
        (self.options.instance_weight * hinge + self.options.variance_weight * variance) / count
            + self.options.seed_weight * seed / counted
    }

    fn at(&self, channel: usize, pixel: usize) -> f64 {
        f64::from(self.prediction[channel * self.grid.pixels() + pixel])
    }

    fn counts(&self, pixel: usize) -> bool {
        self.weight.is_none_or(|weight| weight[pixel] > 0.0)
    }

    /// The channel of the seediness.
    fn seed_channel(&self) -> usize {
        self.grid.axes() + self.margins
    }

    fn seediness(&self, pixel: usize) -> f64 {
        1.0 / (1.0 + (-self.at(self.seed_channel(), pixel)).exp())
    }

    /// The pixels of each object that has one that counts, by object number.
    fn objects(&self) -> Vec<Vec<usize>> {
        let mut objects: BTreeMap<u32, (Vec<usize>, bool)> = BTreeMap::new();
        for (pixel, &number) in self.instances.iter().enumerate() {
            if number > 0.0 {
                let (members, counts) = objects.entry(number as u32).or_default();
                members.push(pixel);
                *counts |= self.counts(pixel);
            }
        }
        let listed = objects.into_values().filter(|(_, counts)| *counts);
        listed.map(|(members, _)| members).collect()
    }

    /// The sum of squared seediness of the background.
    fn background(&self, slopes: &mut [f64], scale: f64) -> f64 {
        let first = self.seed_channel() * self.grid.pixels();
        let mut total = 0.0;
        for (pixel, label) in self.labels.iter().enumerate() {
            if *label == 0.0 && self.counts(pixel) {
                let seed = self.seediness(pixel);
                total += seed * seed;
                slopes[first + pixel] +=
                    scale * self.options.seed_weight * 2.0 * seed * seed * (1.0 - seed);
            }
        }
        total
    }

    fn object(&self, members: &[usize], embedding: &[Vec<f64>], factors: Factors) -> Share {
        let object = Object::new(self, members, embedding);
        let mut slopes = Vec::new();
        let hinge = self.hinge(&object, factors.object, &mut slopes);
        let variance = self.variance(&object, factors.object, &mut slopes);
        let seed = self.seed(&object, factors.seed, &mut slopes);
        Share {
            hinge,
            variance,
            seed,
            slopes,
        }
    }

    /// The Lovász hinge of `2 phi - 1` over the whole image.
    fn hinge(&self, object: &Object<'_>, scale: f64, slopes: &mut Vec<(usize, f64)>) -> f64 {
        let (pixels, axes) = (self.grid.pixels(), self.grid.axes());
        let mut is_inside = vec![false; pixels];
        for &pixel in object.members {
            is_inside[pixel] = true;
        }
        let phi: Vec<f64> = (0..pixels).map(|pixel| object.closeness(pixel)).collect();
        let error = |pixel: usize| {
            let score = 2.0 * phi[pixel] - 1.0;
            if is_inside[pixel] {
                1.0 - score
            } else {
                1.0 + score
            }
        };
        let counts = |pixel| !self.options.exclude_from_masks || self.counts(pixel);
        let mut jaccard = Vec::new();
        jaccard_slopes(
            pixels,
            error,
            |pixel| (f64::from(is_inside[pixel]), f64::from(counts(pixel))),
            |pixel, slope| jaccard.push((pixel, slope)),
        );
        let mut total = 0.0;
        let mut of_margins = vec![0.0; self.margins];
        for (pixel, slope) in jaccard {
            total += slope * error(pixel);
            let sign = if is_inside[pixel] { -2.0 } else { 2.0 };
            let by_phi = scale * self.options.instance_weight * slope * sign;
            for axis in 0..axes {
                let margin = axis.min(self.margins - 1);
                let away = object.embedding[axis][pixel] - object.center[axis];
                let inner = phi[pixel] * object.sharpness[margin] * away;
                let tanh = self.at(axis, pixel).tanh();
                let slope = by_phi * inner * -2.0 * (1.0 - tanh * tanh);
                slopes.push((axis * pixels + pixel, slope));
                of_margins[margin] += by_phi * inner * -10.0 * away;
            }
        }
        for (margin, slope) in of_margins.into_iter().enumerate() {
            let each = slope / object.members.len() as f64;
            let first = (axes + margin) * pixels;
            slopes.extend(object.members.iter().map(|pixel| (first + pixel, each)));
        }
        total
    }

    /// The mean squared distance of the object's margins from their mean, which is held fixed.
    fn variance(&self, object: &Object<'_>, scale: f64, slopes: &mut Vec<(usize, f64)>) -> f64 {
        let (pixels, axes) = (self.grid.pixels(), self.grid.axes());
        let count = (object.members.len() * self.margins) as f64;
        let mut total = 0.0;
        for margin in 0..self.margins {
            for &pixel in object.members {
                let away = self.at(axes + margin, pixel) - object.mean_margin[margin];
                total += away * away / count;
                let slope = scale * self.options.variance_weight * 2.0 * away / count;
                slopes.push(((axes + margin) * pixels + pixel, slope));
            }
        }
        total
    }

    /// The weighted sum of squared distances of the seediness from the closeness, which is held fixed.
    fn seed(&self, object: &Object<'_>, scale: f64, slopes: &mut Vec<(usize, f64)>) -> f64 {
        let first = self.seed_channel() * self.grid.pixels();
        let weight = self.options.foreground_weight;
        let mut total = 0.0;
        for &pixel in object.members {
            let seed = self.seediness(pixel);
            let away = seed - object.closeness(pixel);
            total += weight * away * away;
            let slope = 2.0 * weight * away * seed * (1.0 - seed);
            slopes.push((first + pixel, scale * self.options.seed_weight * slope));
        }
        total
    }
}

/// The factors of the terms' gradients beside the weights of the loss.
#[derive(Clone, Copy)]
struct Factors {
    object: f64,
    seed: f64,
}

/// An object's place and margin.
struct Object<'a> {
    members: &'a [usize],
    embedding: &'a [Vec<f64>],
    center: Vec<f64>,
    mean_margin: Vec<f64>,
    /// `exp(10 s)` of each margin.
    sharpness: Vec<f64>,
}

impl<'a> Object<'a> {
    fn new(item: &Item<'_>, members: &'a [usize], embedding: &'a [Vec<f64>]) -> Self {
        let axes = item.grid.axes();
        let flagged: Vec<usize> = members
            .iter()
            .copied()
            .filter(|pixel| item.centers[*pixel] != 0.0)
            .collect();
        let places: &[usize] = if flagged.len() == 1 {
            &flagged
        } else {
            members
        };
        let mean = |pixels: &[usize], value: &dyn Fn(usize) -> f64| {
            pixels.iter().map(|pixel| value(*pixel)).sum::<f64>() / pixels.len() as f64
        };
        let center = (0..axes)
            .map(|axis| mean(places, &|pixel| item.grid.coordinate(axis, pixel)))
            .collect();
        let mean_margin: Vec<f64> = (0..item.margins)
            .map(|margin| mean(members, &|pixel| item.at(axes + margin, pixel)))
            .collect();
        let sharpness = mean_margin.iter().map(|s| (10.0 * s).exp()).collect();
        Self {
            members,
            embedding,
            center,
            mean_margin,
            sharpness,
        }
    }

    /// `phi`: 1 for a pixel that points to the centre, towards 0 beyond the margin.
    fn closeness(&self, pixel: usize) -> f64 {
        let last = self.sharpness.len() - 1;
        let axes = self.embedding.iter().zip(&self.center).enumerate();
        let distance: f64 = axes
            .map(|(axis, (places, center))| {
                self.sharpness[axis.min(last)] * (places[pixel] - center).powi(2)
            })
            .sum();
        (-distance).exp()
    }
}
