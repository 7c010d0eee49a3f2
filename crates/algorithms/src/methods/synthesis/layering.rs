//! Masks to channels.

use ndarray::{Array2, Array3, Axis};
use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cliques::conflicting_clique;
use super::plane::{PlacedMask, Plane, draw};
use crate::AlgorithmError;

/// Places beyond are refused, so that sums of them stay numbers.
const FARTHEST: i64 = 1 << 40;

/// Settings of layering.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayeringOptions {
    /// Number of channels.
    pub channels: usize,
    /// Least number of background pixels between two masks of a channel, diagonals included.
    pub gap: usize,
    /// Most masks of each channel, if limited.
    pub capacities: Option<Vec<usize>>,
    /// Whether masks may be cut by the canvas's edge.
    pub clip: bool,
}

impl Default for LayeringOptions {
    fn default() -> Self {
        Self {
            channels: 4,
            gap: 2,
            capacities: None,
            clip: false,
        }
    }
}

/// Masks on channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Layering {
    /// Number of the order that worked, the first being 0.
    pub attempt: usize,
    /// The channel of each mask.
    pub channel_of: Vec<usize>,
    /// The channels, `[C, Y, X]`.
    pub layers: Array3<bool>,
}

impl Layering {
    /// How many masks lie on each pixel, `[Y, X]`, at most 255: the channel that some networks
    /// have before the others.
    pub fn merged(&self) -> Array2<u8> {
        self.layers.fold_axis(Axis(0), 0, |sum: &u8, &inside| {
            sum.saturating_add(u8::from(inside))
        })
    }
}

/// Puts masks on channels of size `canvas` (`Y X`).
///
/// Masks are taken in the given order; each goes to the first channel on which it keeps the gap
/// and whose capacity is not used up. If one fits on no channel the next order is tried. `orders`
/// are permutations of the masks; [`shuffled_orders`] makes some.
///
/// # Errors
/// [`AlgorithmError::CannotLayer`] if no order works: some masks may conflict with each other all
/// at once. [`AlgorithmError::Empty`] without orders, [`AlgorithmError::Parameter`] for an order
/// that is no permutation, other numbers of capacities than channels, no channels, or a mask
/// beyond the canvas without `clip`.
pub fn layer_masks(
    masks: &[PlacedMask],
    canvas: [usize; 2],
    orders: &[Vec<usize>],
    options: &LayeringOptions,
) -> Result<Layering, AlgorithmError> {
    check(masks, canvas, orders, options)?;
    let mut culprit = 0;
    for (attempt, order) in orders.iter().enumerate() {
        match try_order(masks, canvas, order, options) {
            Ok(channel_of) => {
                let [height, width] = canvas;
                let mut layers = Array3::from_elem((options.channels, height, width), false);
                for (mask, &channel) in masks.iter().zip(&channel_of) {
                    draw(&mut layers.index_axis_mut(Axis(0), channel), mask);
                }
                return Ok(Layering {
                    attempt,
                    channel_of,
                    layers,
                });
            }
            Err(mask) => culprit = mask,
        }
        // More masks than channels that all conflict fit in no order: no need to try them all.
        if attempt == 0
            && let Some(clique) = conflicting_clique(masks, options.gap, options.channels + 1)
        {
            return Err(AlgorithmError::CannotLayer {
                mask: culprit,
                channels: options.channels,
                attempts: 1,
                clique,
            });
        }
    }
    Err(AlgorithmError::CannotLayer {
        mask: culprit,
        channels: options.channels,
        attempts: orders.len(),
        clique: Vec::new(),
    })
}

/// The order of the list, and `attempts - 1` random ones.
pub fn shuffled_orders(masks: usize, attempts: usize, random: &mut impl Rng) -> Vec<Vec<usize>> {
    let first: Vec<usize> = (0..masks).collect();
    let shuffled = (1..attempts).map(|_| {
        let mut order = first.clone();
        order.shuffle(random);
        order
    });
    let mut orders: Vec<Vec<usize>> = shuffled.collect();
    orders.insert(0, first);
    orders
}

/// The channel of each mask, or the mask that fits on none.
fn try_order(
    masks: &[PlacedMask],
    [height, width]: [usize; 2],
    order: &[usize],
    options: &LayeringOptions,
) -> Result<Vec<usize>, usize> {
    let mut planes: Vec<Plane> = (0..options.channels)
        .map(|_| Plane::new((height, width), options.gap))
        .collect();
    let mut left = match &options.capacities {
        Some(capacities) => capacities.clone(),
        None => vec![usize::MAX; options.channels],
    };
    let mut channel_of = vec![0; masks.len()];
    for &index in order {
        let mask = &masks[index];
        let free = |&channel: &usize| left[channel] > 0 && planes[channel].fits(mask);
        let channel = (0..options.channels).find(free).ok_or(index)?;
        planes[channel].place(mask);
        left[channel] -= 1;
        channel_of[index] = channel;
    }
    Ok(channel_of)
}

fn check(
    masks: &[PlacedMask],
    [height, width]: [usize; 2],
    orders: &[Vec<usize>],
    options: &LayeringOptions,
) -> Result<(), AlgorithmError> {
    if options.channels == 0 {
        return Err(AlgorithmError::parameter("channels", 0, "at least 1"));
    }
    if let Some(capacities) = &options.capacities
        && capacities.len() != options.channels
    {
        let expected = format!("{}, one for each channel", options.channels);
        let name = "the number of capacities";
        return Err(AlgorithmError::parameter(name, capacities.len(), expected));
    }
    if orders.is_empty() {
        return Err(AlgorithmError::Empty {
            what: "the list of orders",
        });
    }
    for order in orders {
        let mut seen = vec![false; masks.len()];
        let fresh = |&index: &usize| {
            seen.get_mut(index)
                .is_some_and(|seen| !std::mem::replace(seen, true))
        };
        if order.len() != masks.len() || !order.iter().all(fresh) {
            let got = format!("{order:?}");
            let expected = format!("each number below {} once", masks.len());
            return Err(AlgorithmError::parameter("an order", got, expected));
        }
    }
    let far = |mask: &PlacedMask| {
        mask.top_left
            .iter()
            .any(|place| place.unsigned_abs() > FARTHEST as u64)
    };
    if let Some(index) = masks.iter().position(far) {
        let got = format!("{:?} (mask {index})", masks[index].top_left);
        let expected = format!("at most {FARTHEST} pixels from the canvas's corner");
        return Err(AlgorithmError::parameter(
            "the place of a mask",
            got,
            expected,
        ));
    }
    let outside = |mask: &PlacedMask| !options.clip && !mask.is_inside((height, width));
    if let Some(index) = masks.iter().position(outside) {
        let expected = format!("inside {height} x {width}, or clip: true");
        let name = "the place of a mask";
        let got = format!("{:?} (mask {index})", masks[index].top_left);
        return Err(AlgorithmError::parameter(name, got, expected));
    }
    Ok(())
}
