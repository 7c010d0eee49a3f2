//! Properties of layers and layouts; reference values are in the golden cases.

use ndarray::{Array2, Array3, Axis, arr2};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::AlgorithmError;

fn disc(radius: usize) -> Array2<bool> {
    let side = 2 * radius + 1;
    Array2::from_shape_fn((side, side), |(y, x)| {
        let square = |at: usize| at.abs_diff(radius).pow(2);
        square(y) + square(x) <= radius * radius
    })
}

fn square_at(side: usize, top_left: [i64; 2]) -> PlacedMask {
    PlacedMask {
        mask: Array2::from_elem((side, side), true),
        top_left,
    }
}

/// Least number of background pixels between components of a channel, up to `reach`.
fn least_gap(layers: &Array3<bool>, reach: usize) -> usize {
    let instances = layers_to_instances(&layers.view(), 2).unwrap();
    let mut least = reach;
    for ids in instances.labels.axis_iter(Axis(0)) {
        for ((y, x), &id) in ids.indexed_iter().filter(|(_, id)| **id > 0) {
            for ((v, u), &other) in ids.indexed_iter() {
                let distance = y.abs_diff(v).max(x.abs_diff(u));
                if other > 0 && other != id && distance <= least {
                    least = distance - 1;
                }
            }
        }
    }
    least
}

fn layout_options() -> impl Strategy<Value = LayoutOptions> {
    let target = prop_oneof![
        (1_usize..12).prop_map(LayoutTarget::Count),
        (0.05..0.3).prop_map(LayoutTarget::Coverage),
    ];
    let density = prop_oneof![Just(Density::Low), Just(Density::High)];
    (
        target,
        density,
        1_usize..4,
        0_usize..4,
        any::<bool>(),
        any::<u64>(),
    )
        .prop_map(
            |(target, density, channels, gap, clip, seed)| LayoutOptions {
                canvas: [40, 44],
                target,
                channels,
                gap,
                density,
                clip,
                seed,
                ..LayoutOptions::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn layouts_keep_their_promises(options in layout_options()) {
        let shapes = [disc(2), disc(3), disc(4)];
        match synthetic_layout(&shapes, None, &options) {
            Err(AlgorithmError::LayoutIncomplete { reached, wanted, .. }) => {
                prop_assert!((reached - wanted).abs() > 0.05 * wanted);
            }
            Err(other) => prop_assert!(false, "{}", other),
            Ok(layout) => {
                prop_assert!(least_gap(&layout.layers, 6) >= options.gap.min(6));
                let covered = layout.layers.fold_axis(Axis(0), false, |any, layer| any | layer);
                let pixels = covered.iter().filter(|&&inside| inside).count();
                prop_assert_eq!(pixels as f64 / covered.len() as f64, layout.coverage);
                match options.target {
                    LayoutTarget::Count(count) => prop_assert_eq!(layout.masks.len(), count),
                    LayoutTarget::Coverage(share) => {
                        prop_assert!((layout.coverage - share).abs() <= 0.05 * share);
                    }
                }
                for mask in &layout.masks {
                    prop_assert!(options.clip || mask.is_inside((40, 44)));
                    let inside = mask.runs().any(|run| plane::on_canvas((40, 44), run).is_some());
                    prop_assert!(inside);
                }
                prop_assert_eq!(synthetic_layout(&shapes, None, &options).unwrap(), layout);
            }
        }
    }

    #[test]
    fn layers_keep_the_gap_and_all_masks(
        places in proptest::collection::vec((1_usize..6, 0_i64..20, 0_i64..20), 0..14),
        gap in 0_usize..4,
        seed in any::<u64>(),
    ) {
        let masks: Vec<PlacedMask> =
            places.iter().map(|&(side, y, x)| square_at(side, [y, x])).collect();
        let orders = shuffled_orders(masks.len(), 4, &mut ChaCha8Rng::seed_from_u64(seed));
        let options = LayeringOptions { gap, ..LayeringOptions::default() };
        match layer_masks(&masks, [26, 26], &orders, &options) {
            Ok(found) => {
                prop_assert!(least_gap(&found.layers, 5) >= gap);
                let instances = layers_to_instances(&found.layers.view(), 2).unwrap();
                prop_assert!(gap == 0 || instances.count as usize == masks.len());
                let areas: usize = masks.iter().map(|mask| mask.mask.len()).sum();
                let merged: usize = found.merged().iter().map(|&n| usize::from(n)).sum();
                prop_assert_eq!(merged, areas);
            }
            Err(AlgorithmError::CannotLayer { clique, .. }) => {
                prop_assert!(clique.is_empty() || clique.len() == 5);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

#[test]
fn two_hundred_nuclei_fit_on_a_dense_canvas() {
    let options = LayoutOptions {
        target: LayoutTarget::Count(250),
        density: Density::High,
        ..LayoutOptions::default()
    };
    let layout = synthetic_layout(&[disc(9), disc(11)], None, &options).unwrap();
    assert_eq!(layout.masks.len(), 250);
    assert!(layout.coverage > 0.2);
    let distances = layout.distances.unwrap();
    assert!(distances.smallest <= distances.mean && distances.mean <= distances.largest);
}

#[test]
fn masks_stay_in_their_region() {
    let region = Array2::from_shape_fn((60, 60), |(y, x)| y > x);
    let options = LayoutOptions {
        canvas: [60, 60],
        target: LayoutTarget::Coverage(0.4),
        ..LayoutOptions::default()
    };
    let layout = synthetic_layout(&[disc(2)], Some(&region.view()), &options).unwrap();
    for layer in layout.layers.axis_iter(Axis(0)) {
        assert!(
            layer
                .iter()
                .zip(&region)
                .all(|(&inside, &allowed)| allowed || !inside)
        );
    }
}

#[test]
fn cliques_are_found_early() {
    let same = vec![square_at(4, [3, 3]); 5];
    let orders = vec![(0..5).collect(), (0..5).rev().collect()];
    let error = layer_masks(&same, [12, 12], &orders, &LayeringOptions::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "mask 4 fits on none of 4 channels: masks [0, 1, 2, 3, 4] are all too close to each other"
    );
    let full = LayeringOptions {
        capacities: Some(vec![1, 0, 0, 0]),
        ..LayeringOptions::default()
    };
    let apart = [square_at(1, [0, 0]), square_at(1, [9, 9])];
    let error = layer_masks(&apart, [12, 12], &[vec![1, 0]], &full).unwrap_err();
    assert_eq!(
        error.to_string(),
        "mask 0 fits on none of 4 channels in any of 1 orders"
    );
}

#[test]
fn faults_are_named() {
    let masks = [square_at(2, [-1, 0]), square_at(2, [i64::MAX, 0])];
    let of = |masks: &[PlacedMask], order: &[usize], options: &LayeringOptions| {
        layer_masks(masks, [4, 4], &[order.to_vec()], options)
    };
    let default = LayeringOptions::default();
    let clip = LayeringOptions {
        clip: true,
        ..LayeringOptions::default()
    };
    assert!(of(&masks[..1], &[0], &default).is_err());
    let cut = of(&masks[..1], &[0], &clip).unwrap();
    assert_eq!(cut.merged().iter().filter(|&&n| n > 0).count(), 2);
    assert!(of(&masks, &[0, 1], &clip).is_err());
    assert!(of(&masks[..1], &[1], &clip).is_err());
    assert!(of(&masks[..1], &[], &clip).is_err());
    assert!(layer_masks(&[], [4, 4], &[], &default).is_err());
    assert_eq!(of(&[], &[], &default).unwrap().channel_of, [0; 0]);
    for wrong in [
        LayeringOptions {
            channels: 0,
            ..clip.clone()
        },
        LayeringOptions {
            capacities: Some(vec![1]),
            ..clip.clone()
        },
    ] {
        assert!(of(&masks[..1], &[0], &wrong).is_err());
    }
    let empty = arr2(&[[false]]);
    let options = LayoutOptions::default();
    assert!(synthetic_layout(&[], None, &options).is_err());
    assert!(synthetic_layout(std::slice::from_ref(&empty), None, &options).is_err());
    assert!(synthetic_layout(&[disc(2)], Some(&empty.view()), &options).is_err());
    let too_much = LayoutOptions {
        target: LayoutTarget::Coverage(1.5),
        ..options
    };
    assert!(synthetic_layout(&[disc(2)], None, &too_much).is_err());
    assert!(layers_to_instances(&Array3::from_elem((1, 2, 2), true).view(), 3).is_err());
}
