//! Checks of the arguments of convolutions.

use crate::{ConvShape, Extent, Isa, LANES, Map};

pub(super) fn assert_valid(isa: Isa, shape: &ConvShape) {
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

pub(super) fn assert_weight(weight: &[f32], shape: &ConvShape) {
    let taps: usize = shape.kernel.iter().product();
    let expected = shape.out_channels * (shape.in_channels / shape.groups) * taps;
    assert_eq!(weight.len(), expected, "weights of {shape:?}");
}

pub(super) fn assert_map(map: Map<'_>, extent: Extent, channels: usize, name: &str) {
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
