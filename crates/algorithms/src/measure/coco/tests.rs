//! Edge cases of annotations; reference values are in the golden cases.

use ndarray::Array2;
use proptest::prelude::*;

use super::*;

fn masks() -> impl Strategy<Value = Array2<bool>> {
    (0_usize..9, 0_usize..9).prop_flat_map(|(height, width)| {
        proptest::collection::vec(any::<bool>(), height * width)
            .prop_map(move |pixels| Array2::from_shape_vec((height, width), pixels).unwrap())
    })
}

proptest! {
    #[test]
    fn masks_survive_runs_and_text(mask in masks()) {
        let runs = Rle::encode(&mask.view()).unwrap();
        prop_assert_eq!(&runs.decode(), &mask);
        let (height, width) = mask.dim();
        prop_assert_eq!(&Rle::from_text(height, width, &runs.to_text()).unwrap(), &runs);
        prop_assert_eq!(runs.area() as usize, mask.iter().filter(|&&inside| inside).count());
    }

    #[test]
    fn merging_runs_is_merging_pixels(pixels in proptest::collection::vec(any::<(bool, bool)>(), 42)) {
        let side = |of: fn(&(bool, bool)) -> bool| {
            Array2::from_shape_vec((6, 7), pixels.iter().map(of).collect()).unwrap()
        };
        let (a, b) = (side(|pair| pair.0), side(|pair| pair.1));
        let runs = [&a, &b].map(|mask| Rle::encode(&mask.view()).unwrap());
        let (any, all) = (side(|p| p.0 || p.1), side(|p| p.0 && p.1));
        prop_assert_eq!(Rle::union(&runs).unwrap(), Rle::encode(&any.view()).unwrap());
        prop_assert_eq!(Rle::intersection(&runs).unwrap(), Rle::encode(&all.view()).unwrap());
        let count = |mask: &Array2<bool>| mask.iter().filter(|&&inside| inside).count() as f64;
        let expected = if count(&all) == 0.0 { 0.0 } else { count(&all) / count(&any) };
        prop_assert_eq!(mask_iou(&runs[0], &runs[1], false).unwrap(), expected);
    }

    #[test]
    fn label_maps_survive_annotations(mask in masks(), as_runs in any::<bool>()) {
        let labels = Array2::from_shape_fn(mask.dim(), |(y, x)| {
            if mask[[y, x]] { 1 + (y / 4 * 3 + x / 3) as u32 } else { 0 }
        });
        let annotations = labels_to_annotations(&labels.view(), 1, 1, 10, as_runs).unwrap();
        let (height, width) = labels.dim();
        let map = annotations_to_labels(&annotations, height, width, &ToLabels::default()).unwrap();
        let (expected, _) = crate::measure::labels::relabel_sequential(&labels.view());
        prop_assert_eq!(map.labels, expected);
    }

    #[test]
    fn any_text_is_runs_or_an_error(text in "[ -~]{0,40}") {
        if let Ok(runs) = Rle::from_text(30, 30, &text) {
            prop_assert_eq!(runs.counts().iter().sum::<u32>(), 900);
        }
    }

    #[test]
    fn any_outline_is_a_mask_or_an_error(xy in proptest::collection::vec(-40.0..70.0, 0..20)) {
        if let Ok(mask) = polygon_mask(&xy, 20, 30) {
            prop_assert_eq!(mask.decode().dim(), (20, 30));
        }
    }
}

#[test]
fn faulty_runs_are_named() {
    let error = |text| Rle::from_text(3, 3, text).unwrap_err().to_string();
    assert_eq!(
        Rle::new(3, 3, vec![4, 4]).unwrap_err().to_string(),
        "the sum of the runs is 8, expected 9, the pixels of a mask of 3 x 3"
    );
    assert!(error("4").starts_with("the sum of the runs is 4"));
    assert!(error("P").starts_with("the compressed runs' end is within a number"));
    assert!(error("4 ").starts_with("the compressed runs' character is  "));
    assert!(error("\u{e9}").starts_with("the compressed runs' character"));
    assert!(error("N").starts_with("a run length is -2"));
    assert!(error("oooooooo0").starts_with("the compressed runs' character is o"));
    assert!(Rle::new(1 << 20, 1 << 20, vec![]).is_err());
    let (small, large) = (
        Rle::new(1, 1, vec![1]).unwrap(),
        Rle::new(1, 2, vec![2]).unwrap(),
    );
    assert!(mask_iou(&small, &large, false).is_err());
    assert!(Rle::union(&[small, large]).is_err());
    assert!(Rle::union(&[]).is_err());
}

#[test]
fn faulty_outlines_are_named() {
    let error = |xy: &[f64]| polygon_mask(xy, 9, 9).unwrap_err().to_string();
    for xy in [&[0.0, 0.0, 3.0][..], &[0.0; 4], &[0.0; 7]] {
        assert!(error(xy).ends_with("expected an even number of at least 6"));
    }
    for bad in [f64::NAN, f64::INFINITY, 1e9] {
        assert!(error(&[0.0, 0.0, bad, 0.0, 3.0, 3.0]).starts_with("the coordinate is"));
    }
    assert!(polygons_mask(&[], 9, 9).is_err());
    let square = [0.0, 0.0, 3.0, 0.0, 3.0, 3.0, 0.0, 3.0];
    assert_eq!(polygon_mask(&square, 0, 9).unwrap().area(), 0);
    assert_eq!(polygon_mask(&square, 2, 2).unwrap().area(), 4);
}

#[test]
fn rings_become_runs_and_squares_outlines() {
    let ring = Array2::from_shape_fn((5, 5), |(y, x)| u32::from((y, x) != (2, 2)) * 7);
    let annotations = labels_to_annotations(&ring.view(), 3, 4, 1, false).unwrap();
    assert!(matches!(
        annotations[0].segmentation,
        Segmentation::Text(..)
    ));
    let square = Array2::from_shape_fn((5, 6), |(y, x)| u32::from(y > 1 && x > 2));
    let annotations = labels_to_annotations(&square.view(), 3, 4, 1, false).unwrap();
    let outline = vec![3.0, 2.0, 6.0, 2.0, 6.0, 5.0, 3.0, 5.0];
    assert_eq!(
        annotations[0].segmentation,
        Segmentation::Polygons(vec![outline])
    );
    assert_eq!(annotations[0].bbox, Some(BoundingBox([3.0, 2.0, 3.0, 3.0])));
    assert_eq!(annotations[0].area, Some(9.0));
}

#[test]
fn references_are_checked() {
    let image = |id| ImageInfo {
        id,
        file_name: String::new(),
        height: 4,
        width: 4,
    };
    let annotation = |id, image_id, category_id| Annotation {
        id,
        image_id,
        category_id,
        segmentation: Segmentation::Polygons(vec![]),
        area: None,
        bbox: None,
        iscrowd: false,
    };
    let category = Category {
        id: 90,
        name: "cell".to_owned(),
        supercategory: None,
    };
    let with = |annotations: Vec<Annotation>| Dataset {
        images: vec![image(1), image(2)],
        annotations,
        categories: vec![category.clone()],
    };
    let error = |annotations| with(annotations).check().unwrap_err().to_string();
    assert_eq!(
        error(vec![annotation(7, 99, 90)]),
        "annotation 7 refers to image 99, which is not in `images`"
    );
    assert_eq!(
        error(vec![annotation(7, 1, 3)]),
        "annotation 7 refers to category 3, which is not in `categories`"
    );
    let twice = vec![annotation(7, 1, 90), annotation(7, 2, 90)];
    assert_eq!(error(twice), "two annotations have id 7");
    let good = with(vec![annotation(7, 1, 90)]);
    good.check().unwrap();
    assert_eq!(good.classes().into_iter().collect::<Vec<_>>(), [(90, 0)]);
    assert_eq!(
        annotations_to_labels(&good.annotations, 4, 4, &ToLabels::default())
            .unwrap_err()
            .to_string(),
        "annotation 7: the list of outlines is empty, expected at least one element"
    );
}
