//! Linear operations that treat Z, Y and X independently: resampling, average pooling, padding,
//! cropping, and all their adjoints.
//!
//! Along each axis the operation is a sparse matrix; the adjoint has the transposed matrices. Both
//! are computed by gathering: each output row is the weighted sum of some input rows, which goes
//! through a row of scratch, and its pixels are weighted sums of that row's.

use rayon::prelude::*;

use super::layout::MapShape;
use super::parts::run;
use super::pixel::{OnPixels, Pixel, PixelKernel};
use crate::{Buffer, Isa};

/// Where a value comes from, and its share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tap {
    pub(super) source: usize,
    pub(super) weight: f32,
}

/// The sparse matrix of one axis: the taps of each output, ordered by output.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    inputs: usize,
    /// The first tap of each output, and the number of all.
    starts: Vec<usize>,
    taps: Vec<Tap>,
}

impl Axis {
    /// From a function that gives the taps of an output.
    pub(super) fn new<T: IntoIterator<Item = Tap>>(
        inputs: usize,
        outputs: usize,
        taps_of: impl Fn(usize) -> T,
    ) -> Self {
        let mut axis = Self {
            inputs,
            starts: vec![0],
            taps: Vec::new(),
        };
        for output in 0..outputs {
            axis.taps.extend(taps_of(output));
            axis.starts.push(axis.taps.len());
        }
        debug_assert!(axis.taps.iter().all(|tap| tap.source < inputs));
        axis
    }

    /// The matrix of the adjoint.
    pub(super) fn transposed(&self) -> Self {
        let mut sources: Vec<Vec<Tap>> = vec![Vec::new(); self.inputs];
        for output in 0..self.outputs() {
            for tap in self.taps_of(output) {
                sources[tap.source].push(Tap {
                    source: output,
                    weight: tap.weight,
                });
            }
        }
        Self::new(self.outputs(), self.inputs, |input| sources[input].clone())
    }

    fn outputs(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline(always)]
    fn taps_of(&self, output: usize) -> &[Tap] {
        &self.taps[self.starts[output]..self.starts[output + 1]]
    }

    fn pattern(&self) -> Pattern {
        let counts = || self.starts.windows(2).map(|pair| pair[1] - pair[0]);
        let is_copy = self.taps.iter().all(|tap| tap.weight == 1.0);
        let is_run = self
            .taps
            .windows(2)
            .all(|pair| pair[1].source == pair[0].source + 1);
        let first = counts().position(|count| count > 0).unwrap_or(0);
        if is_copy && is_run && counts().skip(first).take(self.taps.len()).all(|c| c == 1) {
            Pattern::Run {
                to: first,
                from: self.taps.first().map_or(0, |tap| tap.source),
                len: self.taps.len(),
            }
        } else if is_copy && counts().all(|count| count == 1) {
            Pattern::Copies
        } else if counts().all(|count| count == 2) {
            Pattern::Pairs
        } else {
            Pattern::Any
        }
    }
}

/// What is known of a matrix, to be faster.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pattern {
    /// Successive outputs are copies of successive inputs; all others are zero.
    Run { to: usize, from: usize, len: usize },
    /// Every output is a copy of an input.
    Copies,
    /// Two taps for each output.
    Pairs,
    /// Anything.
    Any,
}

/// The matrices of Z, Y and X.
pub(super) type Axes = [Axis; 3];

/// One output row.
struct Row<'a> {
    /// The input rows' addresses and weights.
    rows: &'a [(*const f32, f32)],
    axis: &'a Axis,
    pattern: Pattern,
    /// A row of the input.
    scratch: *mut f32,
    output: *mut f32,
}

impl PixelKernel for Row<'_> {
    #[inline(always)]
    unsafe fn run<P: Pixel>(self) {
        let outputs = self.axis.outputs();
        // SAFETY: the sources of the taps are within the input row, as the caller promises.
        unsafe {
            let [(first, weight), others @ ..] = self.rows else {
                std::ptr::write_bytes(self.output, 0, outputs * P::LANES);
                return;
            };
            let mut row = *first;
            if *weight != 1.0 || !others.is_empty() {
                sum_rows::<P>(self.rows, self.scratch, self.axis.inputs);
                row = self.scratch.cast_const();
            }
            match self.pattern {
                Pattern::Run { to, from, len } => {
                    let lanes = P::LANES;
                    std::ptr::write_bytes(self.output, 0, to * lanes);
                    let target = self.output.add(to * lanes);
                    std::ptr::copy_nonoverlapping(row.add(from * lanes), target, len * lanes);
                    let rest = outputs - to - len;
                    std::ptr::write_bytes(target.add(len * lanes), 0, rest * lanes);
                }
                Pattern::Copies => {
                    for (index, tap) in self.axis.taps.iter().enumerate() {
                        let value = P::load(row.add(tap.source * P::LANES));
                        P::store(self.output.add(index * P::LANES), value);
                    }
                }
                Pattern::Pairs => {
                    for (index, taps) in self.axis.taps.chunks_exact(2).enumerate() {
                        let near = P::load(row.add(taps[0].source * P::LANES));
                        let far = P::load(row.add(taps[1].source * P::LANES));
                        let value = P::mul(near, P::splat(taps[0].weight));
                        let value = P::mul_add(far, P::splat(taps[1].weight), value);
                        P::store(self.output.add(index * P::LANES), value);
                    }
                }
                Pattern::Any => {
                    for index in 0..outputs {
                        let mut sum = P::splat(0.0);
                        for tap in self.axis.taps_of(index) {
                            let value = P::load(row.add(tap.source * P::LANES));
                            sum = P::mul_add(value, P::splat(tap.weight), sum);
                        }
                        P::store(self.output.add(index * P::LANES), sum);
                    }
                }
            }
        }
    }
}

/// The weighted sum of rows of `pixels` pixels.
///
/// # Safety
///
/// The rows and `scratch` must have as many pixels; the processor must have the instruction set.
#[inline(always)]
unsafe fn sum_rows<P: Pixel>(rows: &[(*const f32, f32)], scratch: *mut f32, pixels: usize) {
    let mut rest = rows;
    let mut is_first = true;
    // SAFETY: as the caller promises.
    unsafe {
        while let [(a, weight_a), others @ ..] = rest {
            // Two rows at a time, the usual number: the scratch is written once.
            let (b, weight_b) = others.first().copied().unwrap_or((*a, 0.0));
            let single = others.is_empty();
            let (weight_a, weight_b) = (P::splat(*weight_a), P::splat(weight_b));
            for at in (0..pixels * P::LANES).step_by(P::LANES) {
                let mut sum = P::mul(P::load(a.add(at)), weight_a);
                if !single {
                    sum = P::mul_add(P::load(b.add(at)), weight_b, sum);
                }
                if !is_first {
                    sum = P::add(P::load(scratch.add(at)), sum);
                }
                P::store(scratch.add(at), sum);
            }
            rest = others.get(1..).unwrap_or(&[]);
            is_first = false;
        }
    }
}

/// Applies the matrices of the axes to every channel of a map.
///
/// # Panics
///
/// When the sizes do not agree.
pub(super) fn apply(isa: Isa, shape: MapShape, x: &[f32], axes: &Axes) -> Buffer {
    assert_eq!(x.len(), shape.len());
    assert_eq!(shape.extent.size, axes.each_ref().map(|axis| axis.inputs));
    let [_, in_y, in_x] = shape.extent.size;
    let size @ [out_z, out_y, out_x] = axes.each_ref().map(Axis::outputs);
    let result = shape.with_size(size);
    let [axis_z, axis_y, axis] = axes;
    let pattern = axis.pattern();
    let lanes = shape.lanes();
    let fill = |output: crate::Pointer| {
        let rows = (0..shape.planes() * out_z * out_y).into_par_iter();
        let scratch = || (Buffer::zeros(in_x * lanes), Vec::new());
        rows.for_each_init(scratch, |(scratch, rows), index| {
            let (plane, row) = (index / (out_z * out_y), index % (out_z * out_y));
            let plane = &x[plane * shape.plane_len()..][..shape.plane_len()];
            rows.clear();
            for z in axis_z.taps_of(row / out_y) {
                for y in axis_y.taps_of(row % out_y) {
                    let values = &plane[(z.source * in_y + y.source) * in_x * lanes..];
                    rows.push((values[..in_x * lanes].as_ptr(), z.weight * y.weight));
                }
            }
            let kernel = Row {
                rows,
                axis,
                pattern,
                scratch: scratch.as_mut_slice().as_mut_ptr(),
                // SAFETY: the row is within the output.
                output: unsafe { output.at(index * out_x * lanes) },
            };
            // SAFETY: each task writes its own row; the input rows were sliced from the map.
            unsafe { run(isa, OnPixels(shape.layout, kernel)) };
        });
    };
    Buffer::filled_by(result.len(), fill)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let tap = |source| Tap {
            source,
            weight: 1.0,
        };
        let padding = Axis::new(3, 6, |o| (2..5).contains(&o).then(|| tap(o - 2)));
        let run = |to, from, len| Pattern::Run { to, from, len };
        assert_eq!(padding.pattern(), run(2, 0, 3));
        assert_eq!(padding.transposed().pattern(), run(0, 2, 3));
        let nearest = Axis::new(3, 6, |o| [tap(o / 2)]);
        assert_eq!(nearest.pattern(), Pattern::Copies);
        assert_eq!(nearest.transposed().pattern(), Pattern::Pairs);
        assert_eq!(nearest.transposed().transposed(), nearest);
    }
}
