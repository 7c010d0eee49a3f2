//! The computation of one head, some queries at a time.

use super::{
    head::{Head, QUERIES, Scratch},
    multiply::{Packed, Strided, multiply},
};
use crate::{LANES, maps::exp, simd::Simd};

/// Copies queries, keys and values to where they are read from.
#[inline(always)]
fn pack(head: Head<'_>, scratch: &mut Scratch) {
    let shape = head.shape;
    let (width, padded) = (shape.width, shape.padded_width());
    let scale = (width as f32).sqrt().recip();
    for token in 0..shape.tokens {
        for (part, rows) in scratch.rows.iter_mut().enumerate() {
            let row = &mut rows.as_mut_slice()[token * padded..][..width];
            let factor = if part == 0 { scale } else { 1.0 };
            for (to, from) in row.iter_mut().zip(head.part(part, token)) {
                *to = factor * from;
            }
        }
    }
    let line = shape.padded_tokens();
    for (columns, rows) in scratch.columns.iter_mut().zip(&scratch.rows[1..]) {
        let (columns, rows) = (columns.as_mut_slice(), rows.as_slice());
        for channel in 0..width {
            let column = &mut columns[channel * line..][..shape.tokens];
            for (token, to) in column.iter_mut().enumerate() {
                *to = rows[token * padded + channel];
            }
        }
    }
}

/// Adds to the scores of a query what is added to them.
#[inline(always)]
fn add_terms(head: Head<'_>, query: usize, scores: &mut [f32]) {
    if let Some(bias) = head.bias(query) {
        for (score, term) in scores.iter_mut().zip(bias) {
            *score += term;
        }
    }
    if let Some((regions, penalty)) = head.regions() {
        let own = regions[query];
        for (score, &region) in scores.iter_mut().zip(regions) {
            *score -= if region == own { 0.0 } else { penalty };
        }
    }
}

/// The largest value, lane by lane.
#[inline(always)]
fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    let lanes = lanes.iter().chain(rest);
    lanes.fold(f32::NEG_INFINITY, |most, &value| most.max(value))
}

/// The sum, lane by lane.
#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Scores of the queries from `first`, `[count, padded tokens]`.
///
/// # Safety
///
/// The processor must have the instruction set.
#[inline(always)]
unsafe fn score<S: Simd>(head: Head<'_>, scratch: &mut Scratch, first: usize, count: usize) {
    let shape = head.shape;
    let padded = shape.padded_width();
    let line = shape.padded_tokens();
    let queries = Strided {
        start: scratch.rows[0].as_slice()[first * padded..].as_ptr(),
        strides: [padded, 1],
    };
    let keys = Packed {
        start: scratch.columns[0].as_slice().as_ptr(),
        vectors: line / LANES,
    };
    let to = scratch.scores[0].as_mut_slice();
    // SAFETY: the scratch has these sizes.
    unsafe { multiply::<S>(queries, keys, to.as_mut_ptr(), [count, shape.width], false) }
    for (query, scores) in to.chunks_exact_mut(line).take(count).enumerate() {
        add_terms(head, first + query, &mut scores[..shape.tokens]);
    }
}

/// See [`super::attention`].
///
/// # Safety
///
/// `output` must be valid for the head's channels of every token of the sequence, `log_sums` for a
/// value for each token; the processor must have the instruction set.
#[inline(always)]
pub(super) unsafe fn forward<S: Simd>(
    head: Head<'_>,
    scratch: &mut Scratch,
    output: *mut f32,
    log_sums: *mut f32,
) {
    let shape = head.shape;
    let (padded, line) = (shape.padded_width(), shape.padded_tokens());
    pack(head, scratch);
    for first in (0..shape.tokens).step_by(QUERIES) {
        let count = QUERIES.min(shape.tokens - first);
        // SAFETY: as the caller promises; the scratch has these sizes.
        unsafe { score::<S>(head, scratch, first, count) };
        let mut sums = [0.0; QUERIES];
        let weights = scratch.scores[0].as_mut_slice();
        for (query, weights) in weights.chunks_exact_mut(line).take(count).enumerate() {
            let weights = &mut weights[..shape.tokens];
            let most = largest(weights);
            for weight in weights.iter_mut() {
                *weight = exp(*weight - most);
            }
            sums[query] = sum(weights);
            // SAFETY: there is a sum for each token.
            unsafe { *log_sums.add(first + query) = most + sums[query].ln() };
        }
        let left = Strided {
            start: weights.as_ptr(),
            strides: [line, 1],
        };
        let values = Packed {
            start: scratch.rows[2].as_slice().as_ptr(),
            vectors: padded / LANES,
        };
        let results = scratch.results.as_mut_slice();
        let sizes = [count, shape.tokens];
        // SAFETY: the scratch has these sizes.
        unsafe { multiply::<S>(left, values, results.as_mut_ptr(), sizes, false) };
        for (query, result) in results.chunks_exact(padded).take(count).enumerate() {
            let factor = sums[query].recip();
            for (channel, value) in result[..shape.width].iter().enumerate() {
                let at = (first + query) * shape.channels() + channel;
                // SAFETY: the head's channels of a token.
                unsafe { *output.add(at) = factor * value };
            }
        }
    }
}

/// See [`super::attention_backward`]. `given` are the output, its gradient (both from the head's
/// first channel on) and the logarithms of sums; `found` are the gradients of queries, keys and
/// values, which is written, and that of the bias, which is added to.
///
/// # Safety
///
/// The gradients must be valid for the head's channels of every token of the sequence and for all
/// pairs of tokens; the processor must have the instruction set.
#[inline(always)]
pub(super) unsafe fn backward<S: Simd>(
    head: Head<'_>,
    scratch: &mut Scratch,
    [output, gradient, log_sums]: [&[f32]; 3],
    (qkv_gradient, bias_gradient): (*mut f32, Option<*mut f32>),
) {
    let shape = head.shape;
    let (tokens, width, channels) = (shape.tokens, shape.width, shape.channels());
    let (padded, line) = (shape.padded_width(), shape.padded_tokens());
    pack(head, scratch);
    let [of_keys, of_values, of_output] = &mut scratch.gradients;
    of_keys.as_mut_slice().fill(0.0);
    of_values.as_mut_slice().fill(0.0);
    for token in 0..tokens {
        let row = &mut of_output.as_mut_slice()[token * padded..][..width];
        row.copy_from_slice(&gradient[token * channels..][..width]);
    }
    for first in (0..tokens).step_by(QUERIES) {
        let count = QUERIES.min(tokens - first);
        // SAFETY: as the caller promises; the scratch has the sizes of all products.
        unsafe {
            score::<S>(head, scratch, first, count);
            let packed = |start: *const f32, vectors| Packed { start, vectors };
            let from_output = scratch.gradients[2].as_slice()[first * padded..].as_ptr();
            let left = Strided {
                start: from_output,
                strides: [padded, 1],
            };
            let [weights, slopes] = &mut scratch.scores;
            let values = packed(scratch.columns[1].as_slice().as_ptr(), line / LANES);
            let slopes_start = slopes.as_mut_slice().as_mut_ptr();
            multiply::<S>(left, values, slopes_start, [count, width], false);
            for query in 0..count {
                let token = first + query;
                let weights = &mut weights.as_mut_slice()[query * line..][..tokens];
                let slopes = &mut slopes.as_mut_slice()[query * line..][..tokens];
                let row = token * channels;
                let products = output[row..row + width]
                    .iter()
                    .zip(&gradient[row..row + width]);
                let mean: f32 = products.map(|(value, slope)| value * slope).sum();
                let log_sum = log_sums[token];
                for (weight, slope) in weights.iter_mut().zip(slopes.iter_mut()) {
                    *weight = exp(*weight - log_sum);
                    *slope = *weight * (*slope - mean);
                }
                if let Some(bias) = bias_gradient {
                    let bias = std::slice::from_raw_parts_mut(bias.add(token * tokens), tokens);
                    for (bias, slope) in bias.iter_mut().zip(slopes.iter()) {
                        *bias += slope;
                    }
                }
            }
            let vectors = padded / LANES;
            // Weights and slopes with keys as rows.
            let turned = |start| Strided {
                start,
                strides: [1, line],
            };
            let sizes = [tokens, count];
            let to = scratch.gradients[1].as_mut_slice().as_mut_ptr();
            let weights_start = scratch.scores[0].as_slice().as_ptr();
            multiply::<S>(
                turned(weights_start),
                packed(from_output, vectors),
                to,
                sizes,
                true,
            );
            let queries = scratch.rows[0].as_slice()[first * padded..].as_ptr();
            let to = scratch.gradients[0].as_mut_slice().as_mut_ptr();
            multiply::<S>(
                turned(slopes_start),
                packed(queries, vectors),
                to,
                sizes,
                true,
            );
            let left = Strided {
                start: slopes_start,
                strides: [line, 1],
            };
            let keys = packed(scratch.rows[1].as_slice().as_ptr(), vectors);
            let results = scratch.results.as_mut_slice();
            multiply::<S>(left, keys, results.as_mut_ptr(), [count, tokens], false);
            let scale = (width as f32).sqrt().recip();
            for (query, result) in results.chunks_exact(padded).take(count).enumerate() {
                let row = qkv_gradient.add((first + query) * 3 * channels);
                for (channel, value) in result[..width].iter().enumerate() {
                    *row.add(channel) = scale * value;
                }
            }
        }
    }
    for token in 0..tokens {
        for (part, gradients) in scratch.gradients[..2].iter().enumerate() {
            let from = &gradients.as_slice()[token * padded..][..width];
            // SAFETY: the head's channels of the key or the value of a token.
            unsafe {
                let to = qkv_gradient.add((token * 3 + 1 + part) * channels);
                std::ptr::copy_nonoverlapping(from.as_ptr(), to, width);
            }
        }
    }
}
