//! Edge cases of detection scores; reference values are in the golden cases.

use super::*;
use crate::measure::coco::{Annotation, Category, ImageInfo, Segmentation};

fn square(left: f64, side: f64) -> Segmentation {
    let right = left + side;
    Segmentation::Polygons(vec![vec![left, 0.0, right, 0.0, right, side, left, side]])
}

fn dataset(objects: &[Segmentation]) -> Dataset {
    let annotation = |(segmentation, id): (&Segmentation, u64)| Annotation {
        id,
        image_id: 1,
        category_id: 5,
        segmentation: segmentation.clone(),
        area: None,
        bbox: None,
        iscrowd: false,
    };
    Dataset {
        images: vec![ImageInfo {
            id: 1,
            file_name: String::new(),
            height: 50,
            width: 90,
        }],
        annotations: objects.iter().zip(1..).map(annotation).collect(),
        categories: vec![Category {
            id: 5,
            name: "cell".to_owned(),
            supercategory: None,
        }],
    }
}

fn detection(segmentation: Segmentation, score: f64) -> Detection {
    Detection {
        image_id: 1,
        category_id: 5,
        segmentation,
        score,
    }
}

#[test]
fn what_is_found_and_missed_adds_up() {
    let truth = dataset(&[square(0.0, 20.0), square(40.0, 20.0)]);
    let found = [
        detection(square(0.0, 20.0), 0.9),
        detection(square(20.0, 8.0), 0.95),
    ];
    let scores = evaluate_detections(&truth, &found, &DetectionOptions::livecell()).unwrap();
    assert_eq!(scores.average_recall(0), Some(0.5));
    assert_eq!(scores.average_false_negative_ratio(), Some(0.5));
    // Precision one half up to a recall of one half: 51 of 101 recalls.
    let expected = 0.5 * 51.0 / 101.0;
    let found = scores.average_precision_at(0, 0.5).unwrap();
    assert!((found - expected).abs() < 1e-12);
    assert_eq!(scores.average_precision_at(0, 0.42), None);
    assert_eq!(
        (scores.average_precision(1), scores.average_recall(9)),
        (None, None)
    );
}

#[test]
fn nothing_has_no_score_and_no_detections_miss_all() {
    let options = DetectionOptions::default();
    let scores = evaluate_detections(&dataset(&[]), &[], &options).unwrap();
    assert_eq!(scores.average_precision(0), None);
    assert_eq!(scores.average_false_negative_ratio(), None);
    let truth = dataset(&[square(3.0, 5.0)]);
    let scores = evaluate_detections(&truth, &[], &options).unwrap();
    assert_eq!(scores.average_precision(0), Some(0.0));
    assert_eq!(scores.average_false_negative_ratio(), Some(1.0));
}

#[test]
fn faults_are_named() {
    let truth = dataset(&[square(3.0, 5.0)]);
    let of = |found: Detection, options: &DetectionOptions| {
        let error = evaluate_detections(&truth, &[found], options);
        error.unwrap_err().to_string()
    };
    let options = DetectionOptions::default();
    let good = || detection(square(3.0, 5.0), 0.5);
    let elsewhere = Detection {
        image_id: 8,
        ..good()
    };
    assert_eq!(
        of(elsewhere, &options),
        "detection 1 refers to image 8, which is not in `images`"
    );
    let unknown = Detection {
        category_id: 2,
        ..good()
    };
    assert!(of(unknown, &options).contains("category 2"));
    let unsure = Detection {
        score: f64::NAN,
        ..good()
    };
    assert_eq!(
        of(unsure, &options),
        "detection 1: the score is NaN, expected a number"
    );
    let none = DetectionOptions {
        max_detections: vec![],
        ..options
    };
    assert!(of(good(), &none).starts_with("the settings: max_detections is []"));
}
