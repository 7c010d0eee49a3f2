//! Weights along one axis, and applying them.

use rayon::prelude::*;

use crate::AlgorithmError;
use crate::rounding::Round;
use crate::simd::vectorized;

/// An axis before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Length before.
    pub(super) input: usize,
    /// Length after.
    pub(super) output: usize,
    /// Input pixels per output pixel.
    pub(super) step: f64,
}

impl Grid {
    pub(super) fn to_length(input: usize, output: usize) -> Result<Self, AlgorithmError> {
        let step = input as f64 / output as f64;
        Self::checked(input, output, step)
    }

    pub(super) fn by_factor(input: usize, factor: f64) -> Result<Self, AlgorithmError> {
        if !(factor.is_finite() && factor > 0.0) {
            let expected = "a finite number above 0";
            return Err(AlgorithmError::parameter("scale", factor, expected));
        }
        let output = (input as f64 * factor).floor() as usize;
        Self::checked(input, output, 1.0 / factor)
    }

    fn checked(input: usize, output: usize, step: f64) -> Result<Self, AlgorithmError> {
        if input == 0 {
            return Err(AlgorithmError::Empty { what: "the image" });
        }
        if output == 0 || output > 1 << 31 {
            let expected = "1 to 2^31 pixels";
            return Err(AlgorithmError::parameter(
                "the new length",
                output,
                expected,
            ));
        }
        Ok(Self {
            input,
            output,
            step,
        })
    }

    /// Where output pixel `index` lies in the input, pixel centres at integers.
    pub(super) fn centre(&self, index: usize) -> f64 {
        (index as f64 + 0.5) * self.step - 0.5
    }

    pub(super) fn last(&self) -> usize {
        self.input - 1
    }
}

/// For each output pixel, the input pixels it is made of and their weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AxisWeights {
    ends: Vec<usize>,
    taps: Vec<(usize, f64)>,
}

impl AxisWeights {
    /// Weights of `outputs` pixels, each a list of input indices and weights.
    pub(super) fn of<I: IntoIterator<Item = (usize, f64)>>(
        outputs: usize,
        mut row: impl FnMut(usize) -> I,
    ) -> Self {
        let mut weights = Self {
            ends: Vec::with_capacity(outputs),
            taps: Vec::new(),
        };
        for output in 0..outputs {
            weights.push(row(output));
        }
        weights
    }

    /// Pixels of weight 0 are left out: an infinity there must not make NaN. Weights of one pixel
    /// that comes twice, at a border, add up.
    fn push(&mut self, row: impl IntoIterator<Item = (usize, f64)>) {
        let first = self.taps.len();
        self.taps
            .extend(row.into_iter().filter(|&(_, weight)| weight != 0.0));
        self.taps[first..].sort_by_key(|&(index, _)| index);
        let mut kept = first;
        for next in first..self.taps.len() {
            let (index, weight) = self.taps[next];
            if kept > first && self.taps[kept - 1].0 == index {
                self.taps[kept - 1].1 += weight;
            } else {
                self.taps[kept] = (index, weight);
                kept += 1;
            }
        }
        self.taps.truncate(kept);
        self.ends.push(kept);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn row(&self, output: usize) -> &[(usize, f64)] {
        let start = if output == 0 {
            0
        } else {
            self.ends[output - 1]
        };
        &self.taps[start..self.ends[output]]
    }

    pub(super) fn is_identity(&self, length: usize) -> bool {
        self.len() == length && (0..length).all(|output| *self.row(output) == [(output, 1.0)])
    }

    /// Applies the weights to one axis of an array in standard layout; sums are in `f64`.
    pub(super) fn apply<T: Round>(&self, values: &[T], shape: &[usize], axis: usize) -> Vec<T> {
        let inner: usize = shape[axis + 1..].iter().product();
        let block = shape[axis] * inner;
        let outer: usize = shape[..axis].iter().product();
        let mut result = vec![T::rounded(0.0); outer * self.len() * inner];
        if result.is_empty() {
            return result;
        }
        if inner == 1 {
            let lines = result.par_chunks_mut(self.len()).enumerate();
            lines.for_each(|(line, out)| self.mix_line(&values[line * block..][..block], out));
            return result;
        }
        let rows = result.par_chunks_mut(inner).enumerate();
        rows.for_each_init(
            || vec![0.0; inner],
            |sums, (row, out)| {
                let (line, output) = (row / self.len(), row % self.len());
                let block = &values[line * block..][..block];
                vectorized(
                    #[inline(always)]
                    || mix_rows(block, self.row(output), sums, out),
                );
            },
        );
        result
    }

    fn mix_line<T: Round>(&self, line: &[T], out: &mut [T]) {
        for (output, value) in out.iter_mut().enumerate() {
            *value = match *self.row(output) {
                [(index, 1.0)] => line[index],
                [a, b] => T::rounded(weigh(line, a) + weigh(line, b)),
                [a, b, c] => T::rounded(weigh(line, a) + weigh(line, b) + weigh(line, c)),
                ref taps => {
                    let terms = taps.iter().map(|&tap| weigh(line, tap));
                    T::rounded(terms.sum())
                }
            };
        }
    }
}

fn weigh<T: Round>(line: &[T], (index, weight): (usize, f64)) -> f64 {
    weight * line[index].to_f64()
}

/// A weighted sum of rows as long as `out`.
#[inline(always)]
fn mix_rows<T: Round>(rows: &[T], taps: &[(usize, f64)], sums: &mut [f64], out: &mut [T]) {
    let inner = out.len();
    let row = |index: usize| &rows[index * inner..][..inner];
    match *taps {
        [(index, 1.0)] => return out.copy_from_slice(row(index)),
        [(first, a), (second, b)] => {
            let pairs = row(first).iter().zip(row(second));
            for (value, (x, y)) in out.iter_mut().zip(pairs) {
                *value = T::rounded(a * x.to_f64() + b * y.to_f64());
            }
            return;
        }
        _ => {}
    }
    sums.fill(0.0);
    for taps in taps.chunks(4) {
        match *taps {
            [(first, a), (second, b), (third, c), (fourth, d)] => {
                let [w, x, y, z] = [row(first), row(second), row(third), row(fourth)];
                for (index, sum) in sums.iter_mut().enumerate() {
                    let sum_of_two = *sum + a * w[index].to_f64() + b * x[index].to_f64();
                    *sum = sum_of_two + c * y[index].to_f64() + d * z[index].to_f64();
                }
            }
            ref taps => {
                for &(index, weight) in taps {
                    for (sum, value) in sums.iter_mut().zip(row(index)) {
                        *sum += weight * value.to_f64();
                    }
                }
            }
        }
    }
    for (value, &sum) in out.iter_mut().zip(&*sums) {
        *value = T::rounded(sum);
    }
}
