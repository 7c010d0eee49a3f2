//! Pooling, against the largest and the mean of the values of windows that are cut out.

use burn::tensor::{Slice, Tensor};
use coverslip_ops::{Window, average_pool, global_average_pool, max_pool};

use crate::support::{Chance, Sizes, compare, map};

/// Views of the map that each have one value of every window, `[taps, N, C, Z', Y', X']` as a list;
/// what is outside of the map is `outside`.
fn taps(input: &Tensor<5>, window: Window, outside: f32) -> Vec<Tensor<5>> {
    let [n, c, z, y, x] = input.dims();
    let [pz, py, px] = window.padding.map(|padding| (padding, padding));
    let padded = input.clone().pad([(0, 0), (0, 0), pz, py, px], outside);
    let size = window.output_size([z, y, x]);
    let mut views = Vec::new();
    for dz in 0..window.kernel[0] {
        for dy in 0..window.kernel[1] {
            for dx in 0..window.kernel[2] {
                let [z, y, x] = [(0, dz), (1, dy), (2, dx)].map(|(axis, first)| {
                    let last = first + (size[axis] - 1) * window.stride[axis];
                    Slice::from_range_stepped(first..=last, window.stride[axis].cast_signed())
                });
                views.push(
                    padded
                        .clone()
                        .slice([Slice::from(0..n), Slice::from(0..c), z, y, x]),
                );
            }
        }
    }
    views
}

fn add_all(tensors: Vec<Tensor<5>>) -> Tensor<5> {
    tensors
        .into_iter()
        .reduce(|sum, next| sum + next)
        .expect("a tap")
}

fn compare_max(sizes: Sizes, window: Window) {
    compare(
        &format!("maximum, {window:?}"),
        &[sizes],
        |inputs| max_pool(map(&inputs[0]), window).into_tensor(),
        |inputs| {
            let views = taps(&inputs[0], window, -1e6).into_iter();
            views.reduce(Tensor::max_pair).expect("a tap")
        },
    );
}

fn compare_average(sizes: Sizes, window: Window, count_padding: bool) {
    compare(
        &format!("average, {window:?}, {count_padding}"),
        &[sizes],
        |inputs| average_pool(map(&inputs[0]), window, count_padding).into_tensor(),
        |inputs| {
            let input = &inputs[0];
            let sum = add_all(taps(input, window, 0.0));
            if count_padding {
                sum.div_scalar(window.kernel.iter().product::<usize>() as f64)
            } else {
                sum / add_all(taps(&input.ones_like().detach(), window, 0.0))
            }
        },
    );
}

#[test]
fn of_tiles() {
    for (channels, kernel) in [
        (1, [1, 2, 2]),
        (17, [1, 2, 2]),
        (16, [2, 2, 2]),
        (40, [1, 3, 2]),
        (3, [2, 1, 1]),
        (32, [3, 2, 1]),
    ] {
        for size in [[4, 6, 8], [3, 5, 7]] {
            let sizes = [2, channels, size[0], size[1], size[2]];
            compare_max(sizes, kernel.into());
            compare_average(sizes, kernel.into(), true);
        }
    }
}

#[test]
fn of_any_window() {
    let mut chance = Chance::new(3);
    for _ in 0..20 {
        let kernel = chance.triple(1, 3);
        let window = Window {
            kernel,
            stride: chance.triple(1, 3),
            padding: kernel.map(|k| chance.number(0, k / 2)),
        };
        let [z, y, x] = kernel.map(|k| k + chance.number(0, 5));
        let channels = chance.one_of(&[1, 5, 16, 17, 32, 40]);
        let sizes = [chance.number(1, 2), channels, z, y, x];
        compare_max(sizes, window);
        compare_average(sizes, window, chance.number(0, 1) == 1);
    }
}

#[test]
fn of_whole_images() {
    for sizes in [
        [2, 3, 1, 5, 7],
        [1, 16, 3, 4, 5],
        [3, 17, 1, 1, 1],
        [2, 40, 2, 6, 3],
    ] {
        compare(
            "global average",
            &[sizes],
            |inputs| global_average_pool(map(&inputs[0])).into_tensor(),
            |inputs| {
                let mean = inputs[0].clone().mean_dim(2).mean_dim(3);
                mean.mean_dim(4)
            },
        );
    }
}
