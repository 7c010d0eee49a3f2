//! What lies where while a layout is filled.

use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use super::{Layout, LayoutOptions, LayoutTarget, PairDistances};
use crate::AlgorithmError;
use crate::methods::synthesis::plane::{PlacedMask, Plane, draw, on_canvas};

/// How far from its target a layout may end.
const TOLERANCE: f64 = 0.05;

/// A layout under way.
pub(super) struct Canvas<'a> {
    pub(super) options: &'a LayoutOptions,
    region: Option<ArrayView2<'a, bool>>,
    pub(super) planes: Vec<Plane>,
    covered: Array2<bool>,
    covered_pixels: usize,
    region_pixels: usize,
    pub(super) masks: Vec<PlacedMask>,
    pub(super) channel_of: Vec<usize>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(region: Option<&ArrayView2<'a, bool>>, options: &'a LayoutOptions) -> Self {
        let [height, width] = options.canvas;
        let inside = |region: &ArrayView2<'_, bool>| region.iter().filter(|&&r| r).count();
        let plane = |_| Plane::new((height, width), options.gap);
        Self {
            options,
            region_pixels: region.map_or(height * width, inside),
            region: region.copied(),
            planes: (0..options.channels).map(plane).collect(),
            covered: Array2::from_elem((height, width), false),
            covered_pixels: 0,
            masks: Vec::new(),
            channel_of: Vec::new(),
        }
    }

    fn coverage(&self) -> f64 {
        self.covered_pixels as f64 / self.region_pixels.max(1) as f64
    }

    pub(super) fn is_complete(&self) -> bool {
        match self.options.target {
            LayoutTarget::Count(count) => self.masks.len() >= count,
            LayoutTarget::Coverage(share) => self.coverage() >= share,
        }
    }

    /// Places a mask on the first channel that has room; whether it did.
    pub(super) fn place(&mut self, mask: PlacedMask) -> bool {
        let Some(fresh) = self.fresh_pixels(&mask) else {
            return false;
        };
        if let LayoutTarget::Coverage(share) = self.options.target {
            let covered = (self.covered_pixels + fresh) as f64;
            if covered > share * (1.0 + TOLERANCE) * self.region_pixels as f64 {
                return false;
            }
        }
        let Some(channel) = self.planes.iter().position(|plane| plane.fits(&mask)) else {
            return false;
        };
        self.planes[channel].place(&mask);
        draw(&mut self.covered.view_mut(), &mask);
        self.covered_pixels += fresh;
        self.masks.push(mask);
        self.channel_of.push(channel);
        true
    }

    /// How many pixels a mask newly covers; nothing if it leaves the region, or the canvas where
    /// it may not be cut, or has no pixel there.
    fn fresh_pixels(&self, mask: &PlacedMask) -> Option<usize> {
        if !self.options.clip && !mask.is_inside(self.covered.dim()) {
            return None;
        }
        let (mut pixels, mut fresh) = (0, 0);
        for (y, columns) in mask
            .runs()
            .filter_map(|run| on_canvas(self.covered.dim(), run))
        {
            let row = s![y, columns.clone()];
            if let Some(region) = &self.region
                && region.slice(row).iter().any(|&inside| !inside)
            {
                return None;
            }
            pixels += columns.len();
            let covered = self.covered.slice(s![y, columns]);
            fresh += covered.iter().filter(|&&covered| !covered).count();
        }
        (pixels > 0).then_some(fresh)
    }

    pub(super) fn finish(self) -> Result<Layout, AlgorithmError> {
        let coverage = self.coverage();
        let (reached, wanted, what) = match self.options.target {
            LayoutTarget::Count(count) => (self.masks.len() as f64, count as f64, "masks"),
            LayoutTarget::Coverage(share) => (coverage, share, "of the area covered"),
        };
        if (reached - wanted).abs() > TOLERANCE * wanted {
            return Err(AlgorithmError::LayoutIncomplete {
                what,
                reached,
                wanted,
            });
        }
        let [height, width] = self.options.canvas;
        let mut layers = Array3::from_elem((self.options.channels, height, width), false);
        for (mask, &channel) in self.masks.iter().zip(&self.channel_of) {
            draw(&mut layers.index_axis_mut(Axis(0), channel), mask);
        }
        Ok(Layout {
            distances: neighbour_distances(&self.masks),
            masks: self.masks,
            channel_of: self.channel_of,
            layers,
            coverage,
            seed: self.options.seed,
        })
    }
}

fn neighbour_distances(masks: &[PlacedMask]) -> Option<PairDistances> {
    let centres: Vec<[f64; 2]> = masks.iter().filter_map(PlacedMask::centroid).collect();
    if centres.len() < 2 {
        return None;
    }
    let nearest = |(i, [y, x]): (usize, &[f64; 2])| {
        let others = centres.iter().enumerate().filter(|(j, _)| *j != i);
        let distances = others.map(|(_, [v, u])| (y - v).hypot(x - u));
        distances.fold(f64::INFINITY, f64::min)
    };
    let distances: Vec<f64> = centres.iter().enumerate().map(nearest).collect();
    Some(PairDistances {
        smallest: distances.iter().copied().fold(f64::INFINITY, f64::min),
        mean: distances.iter().sum::<f64>() / distances.len() as f64,
        largest: distances.iter().copied().fold(0.0, f64::max),
    })
}
