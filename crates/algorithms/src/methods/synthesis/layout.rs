//! Made-up arrangements of masks.

mod canvas;
mod fill;

use ndarray::{Array2, Array3, ArrayView2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plane::PlacedMask;
use crate::AlgorithmError;
use canvas::Canvas;
use fill::{fill_densely, fill_sparsely};

/// How places are proposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// Uniformly at random, one mask after the other.
    #[default]
    Low,
    /// Points that keep a distance, those with the most room first, in ever denser rounds.
    High,
}

/// When a layout is complete.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LayoutTarget {
    /// Number of masks.
    Count(usize),
    /// Share of the canvas, or of the region, under any mask, above 0 and at most 1.
    Coverage(f64),
}

/// Settings of a layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutOptions {
    /// Size of the canvas, `Y X`, in pixels.
    pub canvas: [usize; 2],
    /// When it is complete; reached within 5 %.
    pub target: LayoutTarget,
    /// Number of channels.
    pub channels: usize,
    /// Least number of background pixels between two masks of a channel, diagonals included.
    pub gap: usize,
    /// How places are proposed.
    pub density: Density,
    /// Places tried for each mask of a sparse layout.
    pub trials: usize,
    /// Whether masks may be cut by the canvas's edge.
    pub clip: bool,
    /// Seed of the `ChaCha8` stream that draws shapes and places.
    pub seed: u64,
}

impl Default for LayoutOptions {
    fn default() -> Self {
        Self {
            canvas: [512, 512],
            target: LayoutTarget::Count(100),
            channels: 4,
            gap: 2,
            density: Density::Low,
            trials: 50,
            clip: false,
            seed: 0,
        }
    }
}

/// A made-up arrangement.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The masks and their places.
    pub masks: Vec<PlacedMask>,
    /// The channel of each mask.
    pub channel_of: Vec<usize>,
    /// The channels, `[C, Y, X]`.
    pub layers: Array3<bool>,
    /// Share of the canvas, or of the region, under any mask.
    pub coverage: f64,
    /// Distances between neighbours; nothing below two masks.
    pub distances: Option<PairDistances>,
    /// The seed it was made from, with `ChaCha8`.
    pub seed: u64,
}

/// Distances of the masks' centroids to the nearest other, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairDistances {
    /// The smallest.
    pub smallest: f64,
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub largest: f64,
}

/// Places masks of the given `shapes` at random, inside `region` if one is given.
///
/// # Errors
/// [`AlgorithmError::LayoutIncomplete`] if the target is missed by more than 5 %,
/// [`AlgorithmError::Empty`] without shapes or with one that has no pixels,
/// [`AlgorithmError::ShapeMismatch`] for a region that is not of the canvas's size, or
/// [`AlgorithmError::Parameter`] for settings outside their ranges.
pub fn synthetic_layout(
    shapes: &[Array2<bool>],
    region: Option<&ArrayView2<'_, bool>>,
    options: &LayoutOptions,
) -> Result<Layout, AlgorithmError> {
    check(shapes, region, options)?;
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut canvas = Canvas::new(region, options);
    match options.density {
        Density::Low => fill_sparsely(&mut canvas, shapes, &mut random),
        Density::High => fill_densely(&mut canvas, shapes, &mut random),
    }
    canvas.finish()
}

fn check(
    shapes: &[Array2<bool>],
    region: Option<&ArrayView2<'_, bool>>,
    options: &LayoutOptions,
) -> Result<(), AlgorithmError> {
    if shapes.is_empty() {
        return Err(AlgorithmError::Empty {
            what: "the list of shapes",
        });
    }
    if shapes
        .iter()
        .any(|shape| !shape.iter().any(|&inside| inside))
    {
        return Err(AlgorithmError::Empty { what: "a shape" });
    }
    if let Some(region) = region {
        let canvas = ("the canvas", &options.canvas[..]);
        crate::error::same_shape(("the region", region.shape()), canvas)?;
    }
    for (name, value) in [
        ("channels", options.channels),
        ("trials", options.trials),
        ("the canvas's height", options.canvas[0]),
        ("the canvas's width", options.canvas[1]),
    ] {
        if value == 0 {
            return Err(AlgorithmError::parameter(name, value, "at least 1"));
        }
    }
    match options.target {
        LayoutTarget::Coverage(share) if !(share > 0.0 && share <= 1.0) => {
            let expected = "above 0 and at most 1";
            Err(AlgorithmError::parameter("coverage", share, expected))
        }
        _ => Ok(()),
    }
}
