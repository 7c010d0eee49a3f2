//! Proposing places.

use ndarray::Array2;
use rand::{Rng, RngExt};

use super::canvas::Canvas;
use crate::methods::synthesis::plane::PlacedMask;
use crate::methods::synthesis::poisson::poisson_disc;

/// Masks in a row that find no place after which a sparse layout is full.
const MOST_FAILURES: usize = 20;
/// Rounds of ever denser proposals of a dense layout.
const ROUNDS: usize = 16;

pub(super) fn fill_sparsely(
    canvas: &mut Canvas<'_>,
    shapes: &[Array2<bool>],
    random: &mut impl Rng,
) {
    let mut failures = 0;
    while !canvas.is_complete() && failures < MOST_FAILURES {
        let mask = &shapes[random.random_range(0..shapes.len())];
        let placed = (0..canvas.options.trials).any(|_| {
            let lengths = [mask.nrows(), mask.ncols()];
            let top_left = [0, 1].map(|axis| {
                let (size, length) = (lengths[axis] as i64, canvas.options.canvas[axis] as i64);
                if canvas.options.clip {
                    random.random_range(1 - size..length)
                } else {
                    random.random_range(0..=(length - size).max(0))
                }
            });
            canvas.place(PlacedMask {
                mask: mask.clone(),
                top_left,
            })
        });
        failures = if placed { 0 } else { failures + 1 };
    }
}

pub(super) fn fill_densely(
    canvas: &mut Canvas<'_>,
    shapes: &[Array2<bool>],
    random: &mut impl Rng,
) {
    let lengths = shapes.iter().map(|mask| mask.nrows() + mask.ncols());
    let mean = lengths.sum::<usize>() as f64 / (2 * shapes.len()) as f64;
    let mut radius = mean.max(2.0);
    for _ in 0..ROUNDS {
        let size = canvas.options.canvas.map(|length| length as f64);
        let mut proposals: Vec<(f64, [f64; 2])> = poisson_disc(size, radius, random)
            .into_iter()
            .map(|point| (free_distance(canvas, point), point))
            .collect();
        proposals.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, [y, x]) in proposals {
            if canvas.is_complete() {
                return;
            }
            let mask = &shapes[random.random_range(0..shapes.len())];
            let top_left = [
                (y - mask.nrows() as f64 / 2.0).round() as i64,
                (x - mask.ncols() as f64 / 2.0).round() as i64,
            ];
            canvas.place(PlacedMask {
                mask: mask.clone(),
                top_left,
            });
        }
        radius = (radius * 0.8).max(2.0);
    }
}

/// Distance of a point to the nearest mask of the channel that has the most room there.
fn free_distance(canvas: &Canvas<'_>, [y, x]: [f64; 2]) -> f64 {
    let mut nearest = vec![f64::INFINITY; canvas.planes.len()];
    for (mask, &channel) in canvas.masks.iter().zip(&canvas.channel_of) {
        let [top, left] = mask.top_left.map(|place| place as f64);
        let (height, width) = mask.mask.dim();
        let beyond =
            |at: f64, low: f64, size: usize| (low - at).max(at - low - size as f64).max(0.0);
        let distance = beyond(y, top, height).hypot(beyond(x, left, width));
        nearest[channel] = nearest[channel].min(distance);
    }
    nearest.into_iter().fold(0.0, f64::max)
}
