//! Convolutions computed as they are written: any kernel, stride, padding and dilation, 2D and 3D,
//! forward and backward.
//!
//! A work item is a box of output pixels. Its input is read where it lies or copied into a slab that
//! fits the second-level cache, with zeros around the image, so that the innermost loops know no
//! edges. Forward passes and input gradients (thus transposed convolutions) are the same loops over
//! different grids of pixels.

mod accumulate;
mod apply;
mod checks;
mod finish;
mod grid;
mod grouping;
mod partition;
mod planes;
mod slab;
mod tile;
mod weight_gradient;
mod weights;
mod work;

use crate::{Buffer, ConvShape, Epilogue, Extent, Isa, LANES, Map, Pointer, blocks};

use apply::{Loops, Product};
use checks::{assert_map, assert_valid, assert_weight};
use grid::Grid;
use grouping::Grouping;
use planes::{Destination, Planes};
use weight_gradient::GradientJob;
use work::{Work, part, pixel_form};

/// The convolution of `input` with `weight`, `[out_channels, in_channels / groups, KZ, KY, KX]`.
///
/// The result is planar for fewer than sixteen output channels, else blocked. NaN and infinity reach
/// every output that sees them and no other. A tap beyond the image multiplies a zero, so that a
/// weight that is infinite or NaN makes NaN at the margins too, where a convolution that skips such
/// taps would not; the same holds for gradients in [`conv_weight_gradient`].
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
        return grouping::cut(whole, shape.input, blocks_of_sources);
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
    let first = Buffer::filled_by(len, write);
    others.insert(0, first);
    others
}
