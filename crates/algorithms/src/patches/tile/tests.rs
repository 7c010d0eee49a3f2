//! Properties of tiling; reference values are in the golden cases.

use ndarray::{Array3, Array4, ArrayD, s};
use proptest::prelude::*;

use super::*;
use crate::AlgorithmError;

fn weights(window: Window, shape: [usize; 3]) -> Array3<f32> {
    let weights: ArrayD<f64> = window.weights(&shape).unwrap();
    weights
        .mapv(|weight| weight as f32)
        .into_dimensionality()
        .unwrap()
}

fn image(shape: [usize; 3]) -> Array4<f32> {
    Array4::from_shape_fn((2, shape[0], shape[1], shape[2]), |(c, z, y, x)| {
        (c * 31 + z * 7 + y * 3 + x) as f32 / 10.0
    })
}

fn part(image: &Array4<f32>, start: &[usize], tile: [usize; 3]) -> Array4<f32> {
    let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + tile[axis]);
    image.slice(s![.., z, y, x]).to_owned()
}

#[test]
fn tiles_of_one_image_blend_to_that_image() {
    for (shape, tile) in [([1, 23, 17], [1, 8, 9]), ([9, 8, 11], [4, 8, 5])] {
        let image = image(shape);
        for window in [Window::default(), Window::Constant, Window::Hann] {
            for rule in [PositionRule::Fixed, PositionRule::Even] {
                let mut blender = Blender::new(2, shape);
                for start in positions(&shape, &tile, 0.5, rule).unwrap() {
                    let values = part(&image, &start, tile);
                    let start = [start[0], start[1], start[2]];
                    blender
                        .add(start, values.view(), weights(window, tile).view())
                        .unwrap();
                }
                let blended = blender.finish().unwrap();
                assert!(
                    blended
                        .iter()
                        .zip(&image)
                        .all(|(a, b)| (a - b).abs() < 1e-5)
                );
            }
        }
    }
}

#[test]
fn parts_taken_early_equal_the_whole() {
    for (shape, tile) in [([1, 23, 17], [1, 8, 9]), ([13, 8, 11], [4, 8, 5])] {
        let image = image(shape);
        let starts = positions(&shape, &tile, 0.4, PositionRule::Fixed).unwrap();
        let mut whole = Blender::new(2, shape);
        let mut streamed = Blender::new(2, shape);
        let axis = streamed.streamed_axis();
        let mut collected = Array4::zeros(image.raw_dim());
        let take = |blender: &mut Blender, end, collected: &mut Array4<f32>| {
            let Some(block) = blender.finish_until(end).unwrap() else {
                return 0;
            };
            let [z, y, x] = block.start;
            let (_, depth, height, width) = block.values.dim();
            collected
                .slice_mut(s![.., z..z + depth, y..y + height, x..x + width])
                .assign(&block.values);
            [depth, height][axis]
        };
        let mut largest = 0;
        for start in &starts {
            let values = part(&image, start, tile) + start[2] as f32;
            let at = [start[0], start[1], start[2]];
            largest = largest.max(take(&mut streamed, at[axis], &mut collected));
            let weights = weights(Window::default(), tile);
            whole.add(at, values.view(), weights.view()).unwrap();
            streamed.add(at, values.view(), weights.view()).unwrap();
        }
        take(&mut streamed, usize::MAX, &mut collected);
        assert_eq!(collected, whole.finish().unwrap());
        assert!((1..=tile[axis]).contains(&largest));
    }
}

#[test]
fn holes_and_tiles_outside_are_errors() {
    let mut blender = Blender::new(1, [1, 4, 4]);
    let tile = Array4::zeros((1, 1, 2, 4));
    let weights = Array3::ones((1, 2, 4));
    let outside = blender.add([0, 3, 0], tile.view(), weights.view());
    assert_eq!(
        outside.unwrap_err().to_string(),
        "the tile at [0, 3, 0] of shape [1, 2, 4] is outside the open part [0, 4] of [1, 4, 4]"
    );
    blender.add([0, 0, 0], tile.view(), weights.view()).unwrap();
    assert!(blender.finish_until(1).unwrap().is_some());
    assert!(blender.add([0, 0, 0], tile.view(), weights.view()).is_err());
    assert!(
        blender
            .add([0, 1, 0], tile.view(), Array3::ones((1, 1, 4)).view())
            .is_err()
    );
    assert_eq!(
        blender.finish().unwrap_err(),
        AlgorithmError::Uncovered { count: 8 }
    );
}

#[test]
fn settings_out_of_range_are_errors() {
    assert!(positions(&[9, 9], &[4], 0.5, PositionRule::Fixed).is_err());
    assert!(positions(&[9], &[4], 1.0, PositionRule::Fixed).is_err());
    assert!(positions(&[9], &[0], 0.5, PositionRule::Even).is_err());
    assert!(Window::Gaussian { sigma_scale: 0.0 }.weights(&[4]).is_err());
    assert!(partition_windows(7, 2).is_err());
    assert!(partition_windows(8, 0).unwrap().is_empty());
    assert_eq!(
        CropPlan::new([1, 100, 100], [1, 64, 64], [0, 30, 30], [1, 8, 8])
            .unwrap_err()
            .to_string(),
        "a tile of 64 pixels leaves nothing: expected at least 72 along this axis"
    );
}

#[test]
fn an_image_smaller_than_the_tile_has_one_start() {
    for rule in [PositionRule::Fixed, PositionRule::Even] {
        assert_eq!(
            positions(&[5, 0], &[8, 8], 0.25, rule).unwrap(),
            vec![vec![0, 0]]
        );
    }
}

proptest! {
    #[test]
    fn starts_cover_the_axis(length in 1_usize..400, tile in 1_usize..90, overlap in 0.0..0.95) {
        for rule in [PositionRule::Fixed, PositionRule::Even] {
            let starts = positions(&[length], &[tile], overlap, rule).unwrap();
            let mut covered = 0;
            for start in starts.iter().map(|start| start[0]) {
                prop_assert!(start <= covered && start + tile.min(length) <= length.max(tile));
                covered = start + tile;
            }
            prop_assert!(covered >= length);
        }
    }

    #[test]
    fn kept_parts_partition_the_image(
        length in 0_usize..300,
        tile in 1_usize..120,
        margin in 0_usize..30,
        stride in prop::sample::select(vec![1_usize, 2, 4, 8, 16]),
    ) {
        let plan = CropPlan::new([1, 1, length], [1, 1, tile], [0, 0, margin], [1, 1, stride]);
        let Ok(plan) = plan else {
            prop_assert!(length > tile && tile / stride * stride < 2 * margin + stride);
            return Ok(());
        };
        let mut next = 0;
        for tile_plan in plan.tiles() {
            let (read, keep) = (&tile_plan.read[2], &tile_plan.keep[2]);
            prop_assert_eq!(keep.start, next);
            prop_assert!(keep.end > keep.start && read.len() <= tile && read.start % stride == 0);
            prop_assert!(read.start == 0 || keep.start >= read.start + margin);
            prop_assert!(read.end == length || keep.end + margin <= read.end);
            prop_assert!(read.end <= length);
            next = keep.end;
        }
        prop_assert_eq!(next, length);
    }

    #[test]
    fn half_overlapping_partition_windows_sum_to_one(half in 1_usize..40, count in 1_usize..6) {
        let windows = partition_windows(2 * half, count).unwrap();
        let mut sum = vec![0.0; half * (count + 1)];
        for (index, window) in windows.iter().enumerate() {
            for (offset, weight) in window.iter().enumerate() {
                sum[index * half + offset] += weight;
            }
        }
        prop_assert!(sum.iter().all(|total: &f64| (total - 1.0).abs() < 1e-12));
    }
}
