//! Convolutions computed as they are written: any kernel, stride, padding and dilation, 2D and 3D,
//! forward and backward.
//!
//! A work item is a box of output pixels. Its input is read where it lies or copied into a slab that
//! fits the second-level cache, with zeros around the image, so that the innermost loops know no
//! edges. Forward passes and input gradients (thus transposed convolutions) are the same loops over
//! different grids of pixels.
//!
//! A tap beyond the image multiplies a zero; thus a weight that is infinite or NaN makes NaN there,
//! where a convolution that skips such taps would not.

mod accumulate;
mod apply;
mod channel_sums;
mod finish;
mod grid;
mod grouping;
mod partition;
mod planes;
mod slab;
mod tile;
mod weight_gradient;
mod weights;

pub use channel_sums::channel_sums;

use crate::{Buffer, ConvShape, Extent, Isa, LANES, Map, Pointer, blocks};

use apply::{Job, Loops, Product};
use finish::Finish;
use grid::Grid;
use grouping::Grouping;
use partition::PixelForm;
use planes::{Destination, Planes};
use weight_gradient::GradientJob;
use weights::{WeightView, pack_depthwise};

/// An activation that a convolution applies to what it stores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FusedActivation {
    /// None.
    #[default]
    Identity,
    /// `max(0, x)`; NaN stays NaN.
    Relu,
    /// `x` where it is positive, else `x` times the slope.
    LeakyRelu(f32),
}

/// What a convolution does to its sums before it stores them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added, one for each channel.
    pub bias: Option<&'a [f32]>,
    /// Applied after that.
    pub activation: FusedActivation,
}

impl Epilogue<'_> {
    fn assert_fits(&self, channels: usize) {
        if let Some(bias) = self.bias {
            assert_eq!(
                bias.len(),
                channels,
                "biases for the channels of the result"
            );
        }
    }

    fn of_group(&self, group: usize, channels: usize) -> Self {
        Self {
            bias: self.bias.map(|bias| &bias[group * channels..][..channels]),
            ..*self
        }
    }
}

/// The convolution of `input` with `weight`, `[out_channels, in_channels / groups, KZ, KY, KX]`.
///
/// The result is planar for fewer than sixteen output channels, else blocked.
///
/// # Panics
///
/// When the sizes of the arguments are not those of `shape`, or the processor does not have `isa`.
pub fn conv(
    isa: Isa,
    input: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    assert_valid(isa, shape);
    assert_weight(weight, shape);
    assert_map(input, shape.input, shape.in_channels, "input");
    epilogue.assert_fits(shape.out_channels);
    let shape = &flattened(shape);
    let grouping = Grouping::of(shape);
    if grouping == Grouping::Mixed {
        return grouping::conv(isa, input, weight, epilogue, shape);
    }
    let input = Planes::of(input, shape.input, shape.in_channels);
    let grids = [Grid::forward(shape)];
    let work = Work {
        isa,
        grouping,
        grids: &grids,
        weight,
        epilogue,
        shape,
        is_transposed: false,
    };
    let lens = [map_len(shape.output, shape.out_channels)];
    let fill = |pointers: &[Pointer]| {
        let maps = [(pointers[0], blocks(shape.out_channels))];
        // SAFETY: the buffer has the length of the map.
        unsafe {
            work.run(
                &input,
                &destination(&maps, shape.output, shape.out_channels),
            );
        };
    };
    // SAFETY: the grid of a forward pass holds every pixel of the output.
    unsafe { filled_by(&lens, &mut Vec::new(), &fill) }.remove(0)
}

/// The gradient of a convolution's input, given that of its output.
///
/// This is also the forward pass of the transposed convolution from `out_channels` to `in_channels`,
/// which is what the epilogue is for.
///
/// The result is one planar map for fewer than sixteen input channels. Else it is a blocked map for
/// each of the maps that the input was the concatenation of, with as many blocks as
/// `blocks_of_sources` says.
///
/// # Panics
///
/// When the sizes of the arguments are not those of `shape`, or the processor does not have `isa`.
pub fn conv_input_gradient(
    isa: Isa,
    gradient: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    blocks_of_sources: &[usize],
) -> Vec<Buffer> {
    assert_valid(isa, shape);
    assert_weight(weight, shape);
    assert_map(gradient, shape.output, shape.out_channels, "gradient");
    epilogue.assert_fits(shape.in_channels);
    let single = [blocks(shape.in_channels)];
    let blocks_of_sources = if shape.in_channels < LANES {
        &single
    } else {
        let sum: usize = blocks_of_sources.iter().sum();
        assert_eq!(sum, single[0], "blocks of the sources of the input");
        blocks_of_sources
    };
    let shape = &flattened(shape);
    let grouping = Grouping::of(shape);
    if grouping == Grouping::Mixed {
        let whole = grouping::conv_input_gradient(isa, gradient, weight, epilogue, shape);
        return grouping::split(whole, shape.input, blocks_of_sources);
    }
    let gradient = Planes::of(gradient, shape.output, shape.out_channels);
    let grids = Grid::gradients(shape);
    let work = Work {
        isa,
        grouping,
        grids: &grids,
        weight,
        epilogue,
        shape,
        is_transposed: true,
    };
    let lens: Vec<usize> = if shape.in_channels < LANES {
        vec![map_len(shape.input, shape.in_channels)]
    } else {
        let len = |&blocks: &usize| shape.input.blocked_len(blocks);
        blocks_of_sources.iter().map(len).collect()
    };
    let fill = |pointers: &[Pointer]| {
        let maps: Vec<(Pointer, usize)> = pointers
            .iter()
            .copied()
            .zip(blocks_of_sources.iter().copied())
            .collect();
        // SAFETY: the buffers have the lengths of the maps.
        unsafe {
            work.run(
                &gradient,
                &destination(&maps, shape.input, shape.in_channels),
            );
        };
    };
    // SAFETY: the grids of all phases together hold every pixel of the input.
    unsafe { filled_by(&lens, &mut Vec::new(), &fill) }
}

/// The gradient of a convolution's weights, `[out_channels, in_channels / groups, KZ, KY, KX]`, given
/// its input and the gradient of its output.
///
/// # Panics
///
/// When the sizes of the arguments are not those of `shape`, or the processor does not have `isa`.
pub fn conv_weight_gradient(
    isa: Isa,
    input: Map<'_>,
    gradient: Map<'_>,
    shape: &ConvShape,
) -> Vec<f32> {
    assert_valid(isa, shape);
    assert_map(input, shape.input, shape.in_channels, "input");
    assert_map(gradient, shape.output, shape.out_channels, "gradient");
    let shape = &flattened(shape);
    let grouping = Grouping::of(shape);
    if grouping == Grouping::Mixed {
        return grouping::conv_weight_gradient(isa, input, gradient, shape);
    }
    let input = Planes::of(input, shape.input, shape.in_channels);
    let gradient = Planes::of(gradient, shape.output, shape.out_channels);
    let (product, groups) = grouping.product(shape);
    let in_channels = shape.in_channels / groups;
    let out_channels = shape.out_channels / groups;
    let grid = Grid::forward(shape);
    let mut weight = Vec::new();
    for group in 0..groups {
        let input = part(&input, group, groups);
        let gradient = part(&gradient, group, groups);
        let loops = Loops::of(product, &input, out_channels);
        // A gradient that is not broadcast is read in vectors.
        let gradient_product = match loops {
            Loops::Dot => Product::Dense,
            Loops::Dense | Loops::Depthwise => Product::Depthwise,
        };
        let job = GradientJob {
            isa,
            loops,
            form: pixel_form(product, &input, in_channels),
            input,
            gradient_form: pixel_form(gradient_product, &gradient, out_channels),
            gradient,
            grid: &grid,
            in_channels,
            out_channels,
        };
        // SAFETY: `assert_valid` saw that the processor has the instruction set; the maps are those
        // of the grid.
        weight.append(&mut unsafe { job.run() });
    }
    weight
}

/// A forward pass or input gradient of any grouping but [`Grouping::Mixed`].
struct Work<'a> {
    isa: Isa,
    grouping: Grouping,
    grids: &'a [Grid],
    weight: &'a [f32],
    epilogue: Epilogue<'a>,
    shape: &'a ConvShape,
    /// From the output's channels to the input's.
    is_transposed: bool,
}

impl Work<'_> {
    /// # Safety
    ///
    /// The processor must have the instruction set, `input` the sizes that the grids read and
    /// `destination` those that they write.
    unsafe fn run(&self, input: &Planes<'_>, destination: &Destination) {
        let (product, groups) = self.grouping.product(self.shape);
        let (in_channels, out_channels) = (
            self.shape.in_channels / groups,
            self.shape.out_channels / groups,
        );
        let taps: usize = self.shape.kernel.iter().product();
        let width = self.isa.width();
        let group_weights = self.weight.len() / groups;
        for group in 0..groups {
            let weight = &self.weight[group * group_weights..][..group_weights];
            let mut view = WeightView::forward(weight, out_channels, in_channels, taps);
            if self.is_transposed {
                view = view.transposed();
            }
            let input = part(input, group, groups);
            let loops = Loops::of(product, &input, view.out_channels);
            let form = pixel_form(product, &input, view.in_channels);
            let pack = |grid: &Grid| match loops {
                Loops::Dense => view.pack(grid, form, width),
                Loops::Dot => view.pack_dot(grid),
                Loops::Depthwise => pack_depthwise(weight, view.out_channels, grid),
            };
            let epilogue = self.epilogue.of_group(group, view.out_channels);
            let job = Job {
                isa: self.isa,
                loops,
                input,
                form,
                grids: self.grids,
                weights: self.grids.iter().map(pack).collect(),
                finish: Finish::of(epilogue, view.out_channels),
                out_channels: view.out_channels,
            };
            let planes = destination.len() / groups;
            // SAFETY: as the caller promises; the weights were packed for this form and width.
            unsafe { job.run(&destination.range(group * planes..(group + 1) * planes)) };
        }
    }
}

/// The planes of one of several groups of channels.
fn part<'a>(planes: &Planes<'a>, group: usize, groups: usize) -> Planes<'a> {
    let count = planes.len() / groups;
    planes.range(group * count..(group + 1) * count)
}

/// How the kernels see the channels of a map.
fn pixel_form(product: Product, planes: &Planes<'_>, channels: usize) -> PixelForm {
    if planes.lanes == LANES {
        PixelForm {
            step: LANES,
            lanes: LANES,
            blocks: planes.len(),
        }
    } else {
        PixelForm {
            step: match product {
                Product::Dense => channels.next_power_of_two(),
                Product::Depthwise => LANES,
            },
            lanes: channels,
            blocks: 1,
        }
    }
}

/// The same convolution with all pixels in one row, if every pixel is by itself.
fn flattened(shape: &ConvShape) -> ConvShape {
    let is_pointwise = shape.kernel == [1; 3] && shape.stride == [1; 3] && shape.padding == [0; 3];
    if !is_pointwise || shape.input.size != shape.output.size {
        return *shape;
    }
    let extent = Extent {
        n: shape.input.n,
        size: [1, 1, shape.input.pixels()],
    };
    ConvShape {
        input: extent,
        output: extent,
        ..*shape
    }
}

fn map_len(extent: Extent, channels: usize) -> usize {
    if channels < LANES {
        extent.n * channels * extent.pixels()
    } else {
        extent.blocked_len(blocks(channels))
    }
}

/// A planar map in the first buffer for fewer than sixteen channels, else blocked maps.
fn destination(maps: &[(Pointer, usize)], extent: Extent, channels: usize) -> Destination {
    if channels < LANES {
        Destination::planar(maps[0].0, channels, extent)
    } else {
        Destination::blocked(maps, extent)
    }
}

/// Buffers of the given lengths that `fill` writes, all at once.
///
/// # Safety
///
/// `fill` must write every value behind every pointer.
unsafe fn filled_by(
    lens: &[usize],
    pointers: &mut Vec<Pointer>,
    fill: &dyn Fn(&[Pointer]),
) -> Vec<Buffer> {
    let Some((&len, rest)) = lens.split_first() else {
        fill(pointers);
        return Vec::new();
    };
    let mut others = Vec::new();
    let write = |pointer| {
        pointers.push(pointer);
        // SAFETY: as the caller promises.
        others = unsafe { filled_by(rest, pointers, fill) };
    };
    // SAFETY: the innermost call fills all buffers before any of them counts as written.
    let first = unsafe { Buffer::filled_by(len, write) };
    others.insert(0, first);
    others
}

fn assert_valid(isa: Isa, shape: &ConvShape) {
    assert!(isa.is_available(), "the processor has no {}", isa.name());
    assert_eq!(shape.input.n, shape.output.n, "images of input and output");
    let pixels = [shape.input.pixels(), shape.output.pixels()];
    assert!(!pixels.contains(&0), "an image without pixels: {shape:?}");
    let counts = [shape.in_channels, shape.out_channels, shape.groups];
    assert!(!counts.contains(&0), "no channels or groups: {counts:?}");
    assert!(
        shape.in_channels.is_multiple_of(shape.groups)
            && shape.out_channels.is_multiple_of(shape.groups),
        "{} and {} channels are not divisible into {} groups",
        shape.in_channels,
        shape.out_channels,
        shape.groups,
    );
    let ConvShape {
        kernel,
        stride,
        dilation,
        ..
    } = shape;
    assert!(
        ![kernel, stride, dilation]
            .iter()
            .any(|sizes| sizes.contains(&0)),
        "kernel {kernel:?}, stride {stride:?} or dilation {dilation:?} has a zero",
    );
}

fn assert_weight(weight: &[f32], shape: &ConvShape) {
    let taps: usize = shape.kernel.iter().product();
    let expected = shape.out_channels * (shape.in_channels / shape.groups) * taps;
    assert_eq!(weight.len(), expected, "weights of {shape:?}");
}

fn assert_map(map: Map<'_>, extent: Extent, channels: usize, name: &str) {
    assert_eq!(
        matches!(map, Map::Planar(_)),
        channels < LANES,
        "the {name} of {channels} channels must be planar below {LANES} channels, else blocked",
    );
    assert!(
        map.fits(extent, channels),
        "the {name} does not have the values of {channels} channels and {extent:?}",
    );
}
