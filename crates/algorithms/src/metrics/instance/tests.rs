//! Edge cases and speed; reference values are in the golden cases.

use ndarray::{Array2, arr2};

use super::*;

fn table(prediction: &Array2<u32>, truth: &Array2<u32>) -> OverlapTable {
    OverlapTable::of(&prediction.view(), &truth.view()).unwrap()
}

#[test]
fn a_ratio_equal_to_the_threshold_passes() {
    // 7 of 10 pixels: exactly 0.7.
    let truth = arr2(&[[1_u32; 10]]);
    let prediction = arr2(&[[1_u32, 1, 1, 1, 1, 1, 1, 0, 0, 0]]);
    let found = table(&prediction, &truth);
    assert_eq!(found.matching(0.7).unwrap().true_positives, 1);
    assert_eq!(found.matching(0.75).unwrap().true_positives, 0);
}

#[test]
fn the_matching_prefers_more_pairs_over_better_ones() {
    // Prediction 1 overlaps both truths; taking its better one would leave a truth alone.
    let truth = arr2(&[[1_u32, 1, 1, 1, 2, 2, 2, 2, 2]]);
    let prediction = arr2(&[[1_u32, 1, 0, 1, 1, 1, 1, 2, 2]]);
    let found = table(&prediction, &truth).matching(0.3).unwrap();
    assert_eq!(
        (
            found.true_positives,
            found.false_positives,
            found.false_negatives
        ),
        (2, 0, 0)
    );
    assert!((found.iou_sum - (3.0 / 7.0 + 2.0 / 5.0)).abs() < 1e-12);
}

#[test]
fn empty_images_score_one_and_are_counted() {
    let empty = Array2::<u32>::zeros((4, 4));
    let found = table(&empty, &empty);
    let matching = found.matching(0.5).unwrap();
    assert!(matching.is_empty());
    assert_eq!(
        (
            matching.average_precision(),
            matching.average_precision_or(0.0)
        ),
        (1.0, 0.0)
    );
    assert_eq!((found.dsb_score(), found.jaccard().aggregated), (1.0, 1.0));
    assert!(found.covered_jaccard().is_nan());
    let none = table(&Array2::zeros((0, 0)), &Array2::zeros((0, 0)));
    assert!(none.is_empty() && none.variation_of_information().splits.is_nan());
}

#[test]
fn thresholds_out_of_range_are_errors() {
    let empty = Array2::<u32>::zeros((4, 4));
    for threshold in [0.0, 1.5, f64::NAN] {
        assert!(table(&empty, &empty).matching(threshold).is_err());
    }
    let other = Array2::<u32>::zeros((4, 5));
    assert!(OverlapTable::of(&empty.view(), &other.view()).is_err());
}

#[test]
fn pooled_images_are_counted_together() {
    let [one, two] = [[1, 2, 0], [4, 0, 5]].map(|[tp, fp, missed]| Matching {
        threshold: 0.5,
        true_positives: tp,
        false_positives: fp,
        false_negatives: missed,
        iou_sum: tp as f64,
    });
    let pooled = one.pooled(&two);
    assert_eq!(pooled.average_precision(), 5.0 / 12.0);
    assert_eq!(pooled.mean_matched(), 1.0);
}

#[test]
fn ten_thousand_touching_objects_match_fast() {
    // Confluent cells, each prediction shifted so that it overlaps four truths: one graph of
    // 10,000 by 10,000, of which a dense assignment would need hours.
    let cell = |y: usize, x: usize| (y / 8 * 101 + x / 8 + 1) as u32;
    let truth = Array2::from_shape_fn((800, 800), |(y, x)| cell(y, x));
    let prediction = Array2::from_shape_fn((800, 800), |(y, x)| cell(y + 4, x + 4));
    let started = std::time::Instant::now();
    let found = table(&prediction, &truth);
    let matching = found.matching(0.1).unwrap();
    assert_eq!(matching.true_positives, 10_000);
    assert!(matching.iou_sum > 10_000.0 / 7.0 - 1e-6);
    assert!(found.jaccard().one_to_one > 0.1);
    assert!(
        started.elapsed().as_secs() < 20,
        "took {:?}",
        started.elapsed()
    );
}
