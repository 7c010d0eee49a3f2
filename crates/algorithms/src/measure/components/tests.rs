//! Edge cases and a comparison with a flood fill; reference values are in the golden cases.

use ndarray::{Array2, Array3, ArrayD, IxDyn, arr2};
use proptest::prelude::*;

use super::*;

/// Components by flood fill in raster order, of values that differ by at most `delta`.
fn flood(values: &Array3<u8>, connectivity: usize, delta: u8) -> Array3<u32> {
    let mut labels = Array3::zeros(values.raw_dim());
    let (depth, height, width) = values.dim();
    let mut count = 0;
    for (start, &value) in values.indexed_iter() {
        if value == 0 || labels[start] != 0 {
            continue;
        }
        count += 1;
        labels[start] = count;
        let mut open = vec![start];
        while let Some((z, y, x)) = open.pop() {
            let value = values[[z, y, x]];
            for step in 0..27_usize {
                let [dz, dy, dx] = [step / 9, step / 3 % 3, step % 3];
                let moved = [dz, dy, dx].iter().filter(|&&d| d != 1).count();
                let next = (
                    (z + dz).wrapping_sub(1),
                    (y + dy).wrapping_sub(1),
                    (x + dx).wrapping_sub(1),
                );
                if moved > connectivity || next.0 >= depth || next.1 >= height || next.2 >= width {
                    continue;
                }
                if values[next] > 0 && values[next].abs_diff(value) <= delta && labels[next] == 0 {
                    labels[next] = count;
                    open.push(next);
                }
            }
        }
    }
    labels
}

proptest! {
    #[test]
    fn agrees_with_a_flood_fill(
        shape in (1_usize..4, 1_usize..7, 1_usize..9),
        seed in prop::collection::vec(0_u8..4, 4 * 7 * 9),
        connectivity in 1_usize..4,
    ) {
        let values = Array3::from_shape_fn(shape, |(z, y, x)| seed[(z * 7 + y) * 9 + x].saturating_sub(1));
        let found = connected_components(&values.view(), connectivity).unwrap();
        let expected = flood(&values, connectivity, 0);
        prop_assert_eq!(found.count, expected.iter().copied().max().unwrap_or(0));
        prop_assert_eq!(found.labels, expected);
        for delta in [1, 2] {
            let values = Array3::from_shape_fn(shape, |(z, y, x)| seed[(z * 7 + y) * 9 + x] * 2 % 5);
            let found = connected_components_within(&values.view(), connectivity, f64::from(delta)).unwrap();
            prop_assert_eq!(found.labels, flood(&values, connectivity, delta));
        }
    }
}

#[test]
fn a_flat_stack_counts_as_its_slice() {
    let mask = arr2(&[[1_u8, 0, 1], [0, 1, 0]]);
    let stack = mask.clone().insert_axis(ndarray::Axis(0));
    for connectivity in [1, 2] {
        let flat = connected_components(&mask.view(), connectivity).unwrap();
        let deep = connected_components(&stack.view(), connectivity).unwrap();
        assert_eq!(flat.labels, deep.labels.index_axis(ndarray::Axis(0), 0));
    }
}

#[test]
fn arrays_of_any_layout_work() {
    let mask = arr2(&[[1_u8, 1, 0], [0, 0, 0], [1, 0, 1]]);
    let transposed = connected_components(&mask.t(), 1).unwrap();
    assert_eq!(transposed.labels, arr2(&[[1, 0, 2], [1, 0, 0], [0, 0, 3]]));
}

#[test]
fn empty_and_single_pixel_images_work() {
    for shape in [[0, 5], [5, 0], [0, 0]] {
        let empty = Array2::<u8>::zeros(shape);
        let found = connected_components(&empty.view(), 1).unwrap();
        assert_eq!((found.count, found.labels.shape()), (0, &shape[..]));
    }
    let one = connected_components(&Array2::<u8>::ones((1, 1)).view(), 2).unwrap();
    assert_eq!((one.count, component_sizes(&one)), (1, vec![1]));
}

#[test]
fn not_a_number_is_a_value_of_its_own() {
    let values = arr2(&[[f32::NAN, f32::NAN, 1.0]]);
    assert_eq!(connected_components(&values.view(), 1).unwrap().count, 3);
}

#[test]
fn wrong_connectivity_or_rank_is_an_error() {
    let mask = Array2::<u8>::zeros((2, 2));
    assert_eq!(
        connected_components(&mask.view(), 3)
            .unwrap_err()
            .to_string(),
        "connectivity is 3, expected 1 to 2, the number of axes"
    );
    let deep = ArrayD::<u8>::zeros(IxDyn(&[1, 1, 1, 1]));
    assert_eq!(
        connected_components(&deep.view(), 1)
            .unwrap_err()
            .to_string(),
        "the image has 4 axes, expected 1 to 3 (X, Y X or Z Y X)"
    );
}

#[test]
fn small_steps_chain_and_zero_never_joins() {
    let values = arr2(&[[1_u8, 10, 0, 4], [0, 20, 0, 250]]);
    let within = |delta| connected_components_within(&values.view(), 1, delta).unwrap();
    assert_eq!(within(10.0).labels, arr2(&[[1, 1, 0, 2], [0, 1, 0, 3]]));
    assert_eq!(within(9.0).labels, arr2(&[[1, 1, 0, 2], [0, 3, 0, 4]]));
    assert_eq!(within(f64::INFINITY).count, 2);
    let error = connected_components_within(&values.view(), 1, f64::NAN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "delta is NaN, expected a number of at least 0"
    );
}

#[test]
fn slabs_do_not_show() {
    // Snakes over many rows and planes, so that every slab border is crossed.
    let values = Array3::from_shape_fn((40, 50, 9), |(z, y, x)| {
        u8::from((x + y / 3 + z / 2) % 4 < 2)
    });
    for connectivity in 1..=3 {
        let found = connected_components(&values.view(), connectivity).unwrap();
        assert_eq!(found.labels, flood(&values, connectivity, 0));
        let near = connected_components_within(&values.view(), connectivity, 0.0).unwrap();
        assert_eq!(near.labels, found.labels);
    }
}
