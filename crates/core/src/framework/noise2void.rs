//! `noise2void`: denoising learnt from noisy images alone (Krull et al. 2019; N2V2: Höck et al. 2022).
//!
//! A few pixels of each patch get the value of a neighbour, and the network is trained to give what
//! stood there before. It cannot know the noise of a pixel that it does not see, so it learns what the
//! neighbourhood says of it. The noise must be independent from pixel to pixel.

use std::sync::Arc;

use coverslip_algorithms::AlgorithmError;
use coverslip_nets::{Loss, loss::Mse};
use ndarray::{Array4, ArrayView3, Axis, Slice, Zip};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Framework, FrameworkKind, Needs, NetworkParts, Pairing, Plan, Predictor, TrainingParts,
    fcn::Fcn,
};
use crate::{
    base::error::{Error, Fault},
    data::{DataSettings, Patch, PatchStep, TargetForm},
    names::Named,
    weights::state_dict::StateDict,
};

/// Denoising learnt from noisy images alone, whose noise is independent from pixel to pixel; needs no
/// targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Noise2VoidOptions {
    /// `n2v`, or `n2v2`, which leaves fewer checkerboards and needs `network: {unet: {n2v2: true}}`.
    pub variant: Variant,
    /// Percent of the pixels that are hidden at a time.
    #[schemars(range(min = 0.01, max = 10.0))]
    pub mask_percent: f64,
    /// Pixels to each side, along each axis, of the window that a hidden pixel's new value is from.
    #[schemars(range(min = 1, max = 32))]
    pub radius: usize,
    /// Whether the same pixels are hidden in all channels; otherwise each channel has its own.
    pub together: bool,
}

/// The two published recipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// A hidden pixel has the value of another pixel of its window, drawn at random.
    #[default]
    N2v,
    /// A hidden pixel has the median of the other pixels of its window.
    N2v2,
}

impl Default for Noise2VoidOptions {
    fn default() -> Self {
        Self {
            variant: Variant::default(),
            mask_percent: 0.2,
            radius: 5,
            together: false,
        }
    }
}

/// Options of the framework and of its network that do not belong together.
#[derive(Debug, thiserror::Error)]
#[error(
    "`noise2void.variant: {}` goes with a network that {}",
    if *.0 { "n2v2" } else { "n2v" },
    if *.0 { "has N2V2's pooling" } else { "has not N2V2's pooling" }
)]
struct VariantMismatch(bool);

impl Fault for VariantMismatch {
    fn hint(&self) -> Option<String> {
        Some(if self.0 {
            "set `network.unet.n2v2` to true, or `framework.noise2void.variant` to n2v".to_owned()
        } else {
            "set `framework.noise2void.variant` to n2v2, or leave `network.unet.n2v2` out"
                .to_owned()
        })
    }
}

/// The entry `noise2void` of the registry.
pub struct Noise2Void;

impl FrameworkKind for Noise2Void {
    fn needs(&self) -> Needs {
        Needs {
            targets: false,
            loss: false,
        }
    }

    fn plan(&self, options: &Named, network: &Named, data: &DataSettings) -> Result<Plan, Error> {
        let options: Noise2VoidOptions = options.read()?;
        let is_v2 = options.variant == Variant::N2v2;
        let has_v2 = network.options.get("n2v2") == Some(&serde_json::Value::Bool(true));
        if is_v2 != has_v2 {
            return Err(VariantMismatch(is_v2).into());
        }
        let axes = if data.spatial_axes() == 2 {
            [false, true, true]
        } else {
            [true; 3]
        };
        Ok(Plan {
            pairing: Pairing::SourceOnly,
            last_steps: vec![Arc::new(BlindSpots { options, axes })],
            ..Plan::paired(TargetForm::Values)
        })
    }

    fn train(&self, _: &Named, parts: &dyn TrainingParts) -> Result<Box<dyn Framework>, Error> {
        let mut loss = parts.loss()?;
        if loss.terms.is_empty() {
            let squared: Box<dyn Loss> = Box::new(Mse::default());
            loss.terms.push((1.0, squared));
        }
        Fcn::training(parts, loss)
    }

    fn predictor(
        &self,
        _: &Named,
        parts: &dyn NetworkParts,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error> {
        Fcn::trained(parts, weights)
    }
}

/// Hides pixels of the source. The target becomes the source as it was, the weight 1 where something
/// is hidden and 0 elsewhere.
struct BlindSpots {
    options: Noise2VoidOptions,
    /// Whether the network works along Z, Y and X.
    axes: [bool; 3],
}

impl PatchStep for BlindSpots {
    fn apply(&self, patch: &mut Patch, random: &mut ChaCha8Rng) -> Result<(), AlgorithmError> {
        let clean = patch.source.clone();
        let mut hidden = Array4::zeros(clean.dim());
        let (_, z, y, x) = clean.dim();
        let mut spots = self.spots([z, y, x], random);
        for (channel, mut hidden) in hidden.outer_iter_mut().enumerate() {
            if channel > 0 && !self.options.together {
                spots = self.spots([z, y, x], random);
            }
            let values = clean.index_axis(Axis(0), channel);
            let mut noisy = patch.source.index_axis_mut(Axis(0), channel);
            for &spot in &spots {
                // Values are from the patch as it was: other hidden pixels do not show through.
                noisy[spot] = self.replacement(&values, spot, random);
                hidden[spot] = 1.0;
            }
        }
        // Pixels that do not count stay so.
        if let Some(weight) = &patch.weight {
            Zip::from(&mut hidden)
                .and_broadcast(weight)
                .for_each(|hidden, weight| *hidden *= weight);
        }
        patch.weight = Some(hidden);
        patch.target = Some(clean);
        Ok(())
    }
}

impl BlindSpots {
    /// The places `[Z, Y, X]` of one draw: a uniformly drawn point of each of the boxes that the patch
    /// is cut into, whose size makes the wanted share of pixels.
    fn spots(&self, size: [usize; 3], random: &mut impl Rng) -> Vec<[usize; 3]> {
        let used: Vec<usize> = (0..3).filter(|&axis| self.axes[axis]).collect();
        let side = (100.0 / self.options.mask_percent).powf(1.0 / used.len() as f64);
        let boxes = [0, 1, 2].map(|axis| {
            let side = if self.axes[axis] { side } else { 1.0 };
            (side, (size[axis] as f64 / side).ceil() as usize)
        });
        let mut spots = Vec::new();
        for z in 0..boxes[0].1 {
            for y in 0..boxes[1].1 {
                for x in 0..boxes[2].1 {
                    let corner = [z, y, x];
                    let spot = [0, 1, 2].map(|axis| {
                        let side = boxes[axis].0;
                        ((corner[axis] as f64 + random.random::<f64>()) * side) as usize
                    });
                    // The boxes at the far edges reach out of the patch.
                    if (0..3).all(|axis| spot[axis] < size[axis]) {
                        spots.push(spot);
                    }
                }
            }
        }
        spots
    }

    /// What a hidden pixel shows: of the window about it, without itself and cut at the edges of the
    /// patch, a pixel drawn uniformly or the median.
    fn replacement(
        &self,
        values: &ArrayView3<'_, f32>,
        spot: [usize; 3],
        random: &mut impl Rng,
    ) -> f32 {
        let size = values.raw_dim();
        let ranges = [0, 1, 2].map(|axis| {
            let radius = if self.axes[axis] {
                self.options.radius
            } else {
                0
            };
            let start = spot[axis].saturating_sub(radius);
            start..(spot[axis] + radius + 1).min(size[axis])
        });
        let window = values.slice_each_axis(|axis| Slice::from(ranges[axis.axis.index()].clone()));
        let own = [0, 1, 2].map(|axis| spot[axis] - ranges[axis].start);
        let (_, height, width) = window.dim();
        let own = (own[0] * height + own[1]) * width + own[2];
        if window.len() == 1 {
            return values[spot];
        }
        match self.options.variant {
            Variant::N2v => {
                let drawn = random.random_range(0..window.len() - 1);
                let drawn = drawn + usize::from(drawn >= own);
                window[[
                    drawn / (height * width),
                    drawn / width % height,
                    drawn % width,
                ]]
            }
            Variant::N2v2 => {
                let others = window.iter().enumerate().filter(|(index, _)| *index != own);
                median(others.map(|(_, &value)| value).collect())
            }
        }
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f32>) -> f32 {
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    if is_odd {
        return upper;
    }
    let lower = below.iter().copied().max_by(f32::total_cmp);
    f32::midpoint(lower.unwrap_or(upper), upper)
}
