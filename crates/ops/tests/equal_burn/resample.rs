//! Resizing, against products with the matrices of each axis.

use burn::tensor::{Tensor, TensorData};
use coverslip_ops::{Interpolation, resize, upsample};

use crate::support::{Chance, Sizes, compare, map};

const MODES: [Interpolation; 3] = [
    Interpolation::Nearest,
    Interpolation::Linear {
        align_corners: false,
    },
    Interpolation::Linear {
        align_corners: true,
    },
];

/// The matrix `[inputs, outputs]` as PyTorch's `interpolate` documents it.
fn matrix(inputs: usize, outputs: usize, mode: Interpolation) -> TensorData {
    let mut matrix = vec![0.0; inputs * outputs];
    for output in 0..outputs {
        let position = match mode {
            Interpolation::Nearest => (output * inputs / outputs) as f64,
            Interpolation::Linear {
                align_corners: true,
            } if outputs > 1 => output as f64 * (inputs - 1) as f64 / (outputs - 1) as f64,
            Interpolation::Linear {
                align_corners: true,
            } => 0.0,
            Interpolation::Linear {
                align_corners: false,
            } => {
                let position = (output as f64 + 0.5) * inputs as f64 / outputs as f64 - 0.5;
                position.clamp(0.0, (inputs - 1) as f64)
            }
        };
        let near = position as usize;
        let fraction = position - near as f64;
        matrix[near * outputs + output] += 1.0 - fraction;
        matrix[(near + 1).min(inputs - 1) * outputs + output] += fraction;
    }
    TensorData::new(matrix, [inputs, outputs])
}

fn stock(input: Tensor<5>, size: [usize; 3], mode: Interpolation) -> Tensor<5> {
    let mut tensor = input;
    for (axis, outputs) in size.into_iter().enumerate() {
        let dim = axis + 2;
        let inputs = tensor.dims()[dim];
        let data = matrix(inputs, outputs, mode);
        let weights = Tensor::<2>::from_data(data, (&tensor.device(), tensor.dtype()));
        let rows = tensor.swap_dims(dim, 4);
        let [a, b, c, d, _] = rows.dims();
        let product = rows.reshape([a * b * c * d, inputs]).matmul(weights);
        tensor = product.reshape([a, b, c, d, outputs]).swap_dims(dim, 4);
    }
    tensor
}

fn compare_resize(sizes: Sizes, size: [usize; 3], mode: Interpolation) {
    compare(
        &format!("to {size:?}, {mode:?}"),
        &[sizes],
        |inputs| resize(map(&inputs[0]), size, mode).into_tensor(),
        |inputs| stock(inputs[0].clone(), size, mode),
    );
}

#[test]
fn by_whole_factors() {
    for mode in MODES {
        for (sizes, factors) in [
            ([2, 1, 1, 3, 5], [1, 2, 2]),
            ([1, 16, 3, 4, 2], [2, 2, 2]),
            ([2, 17, 2, 1, 1], [1, 3, 2]),
            ([1, 40, 1, 5, 4], [1, 1, 4]),
            ([1, 8, 4, 3, 3], [3, 1, 1]),
        ] {
            let [_, _, z, y, x] = sizes;
            let size = [z * factors[0], y * factors[1], x * factors[2]];
            compare(
                &format!("{factors:?} times, {mode:?}"),
                &[sizes],
                |inputs| upsample(map(&inputs[0]), factors, mode).into_tensor(),
                |inputs| stock(inputs[0].clone(), size, mode),
            );
        }
    }
}

#[test]
fn to_any_size() {
    let mut chance = Chance::new(4);
    for round in 0..24 {
        let [z, y, x] = chance.triple(1, 6);
        let channels = chance.one_of(&[1, 5, 16, 17, 40]);
        let sizes = [chance.number(1, 2), channels, z, y, x];
        compare_resize(sizes, chance.triple(1, 9), MODES[round % 3]);
    }
}
