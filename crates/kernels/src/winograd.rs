//! Convolutions of 3 x 3 pixels at stride 1 by Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016,
//! "Fast algorithms for convolutional neural networks"), forward and both gradients.
//!
//! Four outputs along an axis cost six multiplications instead of twelve. A kernel of several planes
//! along Z is the sum of its planes: each is one more inner block of the products. The result differs
//! from a direct convolution by rounding, about four times as much as direct `f32` sums do.

mod gradient;
mod grid;
mod pass;
mod runs;
mod tiles;
mod transform;
mod weights;

use crate::{Buffer, ConvShape, Epilogue, Isa, LANES, Source, blocks, maps::PartialMoments};
pub use gradient::conv_weight_gradient;
use grid::{Grid, Reading};
use pass::{Pass, PassWeights};
use runs::TransformedInput;
use weights::{Direction, PlainWeights, Weights};

/// Whether [`conv`] and its gradients can compute this convolution, and fast.
pub fn is_suited(shape: &ConvShape) -> bool {
    shape.kernel[1..] == [3, 3]
        && shape.stride == [1; 3]
        && shape.dilation == [1; 3]
        && shape.groups == 1
        && shape.padding[1] <= 2
        && shape.padding[2] <= 2
        && shape.padding[0] < shape.kernel[0]
        && shape.in_channels >= LANES
        && shape.out_channels >= LANES
}

/// Weights that are transformed once for many inputs.
pub struct PreparedWeights {
    isa: Isa,
    weights: Weights,
    channels: [usize; 2],
    kernel: [usize; 3],
}

impl PreparedWeights {
    /// Transforms the weights `[O, I, KZ, 3, 3]` of a convolution; the sizes of its maps do not matter.
    ///
    /// # Panics
    ///
    /// When [`is_suited`] is false, or the weights are not as many as the shape says.
    pub fn new(isa: Isa, weight: &[f32], shape: &ConvShape) -> Self {
        check(shape, weight);
        let plain = PlainWeights::new(isa, weight, shape, Direction::Forward);
        Self {
            isa,
            weights: Weights::new(&plain),
            channels: [shape.in_channels, shape.out_channels],
            kernel: shape.kernel,
        }
    }
}

/// The convolution of a blocked map, blocked; with `with_moments` also the moments of each image and
/// block of the result, `[N, blocks]`.
///
/// # Panics
///
/// When [`is_suited`] is false, or the sizes of the values are not those of the shape.
pub fn conv(
    isa: Isa,
    sources: &[Source<'_>],
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    with_moments: bool,
) -> (Buffer, Option<Vec<PartialMoments>>) {
    check(shape, weight);
    let plain = PlainWeights::new(isa, weight, shape, Direction::Forward);
    PassWeights::with(plain, |weights| {
        forward(isa, sources, weights, epilogue, shape, with_moments)
    })
}

/// [`conv`] with weights that were transformed before.
///
/// # Panics
///
/// As [`conv`], and when the weights are those of other channels or another kernel.
pub fn conv_prepared(
    sources: &[Source<'_>],
    prepared: &PreparedWeights,
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    with_moments: bool,
) -> (Buffer, Option<Vec<PartialMoments>>) {
    assert!(
        is_suited(shape)
            && prepared.channels == [shape.in_channels, shape.out_channels]
            && prepared.kernel == shape.kernel,
        "the weights are not of the convolution {shape:?}"
    );
    let weights = PassWeights::Transformed(&prepared.weights);
    let isa = prepared.isa;
    forward(isa, sources, weights, epilogue, shape, with_moments)
}

fn forward(
    isa: Isa,
    sources: &[Source<'_>],
    weights: PassWeights<'_>,
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    with_moments: bool,
) -> (Buffer, Option<Vec<PartialMoments>>) {
    let pass = Pass {
        input: TransformedInput {
            isa,
            map: Reading::of(sources, shape.input),
            size: shape.input.size,
            padding: shape.padding,
            grid: Grid::new(shape.output),
        },
        weights,
        epilogue,
        out_channels: shape.out_channels,
    };
    let (mut buffers, moments) = pass.run(&[blocks(shape.out_channels)], with_moments);
    (buffers.swap_remove(0), moments)
}

/// The gradient of the input from that of the output, in buffers of the given numbers of blocks.
///
/// # Panics
///
/// As [`conv`].
pub fn conv_input_gradient(
    isa: Isa,
    gradient: &[Source<'_>],
    weight: &[f32],
    shape: &ConvShape,
    blocks_of_sources: &[usize],
) -> Vec<Buffer> {
    check(shape, weight);
    let plain = PlainWeights::new(isa, weight, shape, Direction::Backward);
    PassWeights::with(plain, |weights| {
        let pass = Pass {
            input: TransformedInput {
                isa,
                map: Reading::of(gradient, shape.output),
                size: shape.output.size,
                padding: [0, 1, 2].map(|axis| shape.kernel[axis] - 1 - shape.padding[axis]),
                grid: Grid::new(shape.input),
            },
            weights,
            epilogue: Epilogue::default(),
            out_channels: shape.in_channels,
        };
        pass.run(blocks_of_sources, false).0
    })
}

fn check(shape: &ConvShape, weight: &[f32]) {
    assert!(
        is_suited(shape),
        "not a convolution for Winograd: {shape:?}"
    );
    assert_eq!(
        weight.len(),
        shape.out_channels * shape.in_channels * shape.kernel.iter().product::<usize>(),
        "the weights are not as many as the shape says"
    );
}
