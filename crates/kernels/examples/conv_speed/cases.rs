//! The convolutions that are measured.

use coverslip_kernels::{ConvShape, Extent, winograd};

/// A convolution and how it is computed.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) shape: ConvShape,
    /// By Winograd's algorithm; else directly.
    pub(crate) is_winograd: bool,
}

fn shape(
    channels: [usize; 2],
    n: usize,
    size: [usize; 3],
    kernel: [usize; 3],
    stride: usize,
) -> ConvShape {
    let strides = [1, stride, stride];
    ConvShape {
        input: Extent { n, size },
        output: Extent {
            n,
            size: [0, 1, 2].map(|axis| size[axis] / strides[axis]),
        },
        in_channels: channels[0],
        out_channels: channels[1],
        kernel,
        stride: strides,
        padding: kernel.map(|kernel| (kernel - 1) / 2),
        dilation: [1; 3],
        groups: 1,
    }
}

fn name(shape: &ConvShape) -> String {
    let text = |sizes: [usize; 3]| {
        let from = usize::from(sizes[0] == 1);
        sizes[from..]
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join("x")
    };
    let depth_one = |kernel: [usize; 3]| {
        if shape.input.size[0] > 1 {
            kernel.map(|side| side.to_string()).join("x")
        } else {
            text(kernel)
        }
    };
    let stride = match shape.stride[2] {
        1 => String::new(),
        stride => format!("/{stride}"),
    };
    let groups = match shape.groups {
        1 => String::new(),
        groups => format!(" groups {groups}"),
    };
    format!(
        "{}x{}->{} {}{stride}{groups} on {}",
        shape.input.n,
        shape.in_channels,
        shape.out_channels,
        depth_one(shape.kernel),
        text(shape.input.size)
    )
}

/// Every case, the Winograd ones of more than one kind also directly.
pub(crate) fn all() -> Vec<Case> {
    let flat = |n: usize, from: usize, to: usize, size: usize, kernel: usize, stride: usize| {
        shape([from, to], n, [1, size, size], [1, kernel, kernel], stride)
    };
    let deep = |channels: usize, size: [usize; 3]| shape([channels; 2], 1, size, [3; 3], 1);
    let shapes = [
        flat(4, 1, 32, 256, 3, 1),
        flat(2, 3, 64, 256, 3, 1),
        flat(4, 16, 16, 256, 3, 1),
        flat(512, 16, 16, 28, 3, 1),
        flat(512, 32, 32, 14, 3, 1),
        flat(4, 32, 32, 256, 3, 1),
        flat(4, 64, 32, 256, 3, 1),
        flat(4, 64, 64, 128, 3, 1),
        flat(4, 128, 128, 64, 3, 1),
        flat(4, 256, 256, 32, 3, 1),
        flat(4, 512, 512, 16, 3, 1),
        flat(2, 1024, 512, 32, 3, 1),
        flat(2, 1024, 1024, 16, 3, 1),
        deep(1, [32, 128, 128]),
        deep(16, [32, 128, 128]),
        deep(32, [16, 64, 64]),
        deep(64, [8, 32, 32]),
        flat(4, 64, 64, 128, 1, 1),
        flat(4, 32, 2, 256, 1, 1),
        // The transposed convolution's forward pass is the input gradient.
        flat(4, 32, 64, 256, 2, 2),
        flat(4, 256, 512, 32, 2, 2),
        flat(4, 64, 64, 128, 3, 2),
        flat(4, 64, 64, 64, 7, 1),
        ConvShape {
            groups: 64,
            ..flat(4, 64, 64, 128, 7, 1)
        },
    ];
    let mut cases = Vec::new();
    for shape in shapes {
        // A map of one channel in 3D has a kernel of its own size.
        let shape = if shape.in_channels == 1 && shape.input.size[0] > 1 {
            ConvShape {
                out_channels: 16,
                ..shape
            }
        } else {
            shape
        };
        let is_winograd = winograd::is_suited(&shape);
        let name = name(&shape);
        if is_winograd && shape.input.n == 4 {
            cases.push(Case {
                name: format!("{name} direct"),
                shape,
                is_winograd: false,
            });
        }
        cases.push(Case {
            name,
            shape,
            is_winograd,
        });
    }
    cases
}
