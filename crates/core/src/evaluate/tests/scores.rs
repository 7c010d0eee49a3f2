//! Scores worked out by hand.

use coverslip_algorithms::measure::coco::{
    Annotation, Category, Dataset, Detection, ImageInfo, Segmentation, write_annotations,
    write_detections,
};
use ndarray::{Array3, arr3, s};

use super::*;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn classes_are_weighted_and_background_left_out() {
    let folders = Folders::new();
    folders.add("a", arr2(&[[0_u8, 1, 1, 2]]), arr2(&[[0_u8, 1, 2, 2]]));
    folders.add("b", arr2(&[[0_u8, 0, 0, 0]]), arr2(&[[0_u8, 0, 0, 1]]));
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Semantic))
        .unwrap();
    near(score(&found, 0, "f1_weighted"), 0.75);
    near(score(&found, 0, "f1_macro_no_background"), 2.0 / 3.0);
    near(score(&found, 0, "f1_micro_no_background"), 2.0 / 3.0);
    near(score(&found, 0, "edge_dice"), 1.0);
    near(score(&found, 1, "edge_dice"), 0.0);
    near(pooled(&found, "edge_dice_pooled"), 6.0 / 7.0);
    let table = found.confusion.as_ref().unwrap();
    assert_eq!(table.counts, arr2(&[[4, 0, 0], [1, 1, 0], [0, 1, 1]]));
    let out = folders.target.parent().unwrap().join("out");
    found.write(&out).unwrap();
    let text = std::fs::read_to_string(out.join("confusion.csv")).unwrap();
    assert_eq!(
        text,
        "truth\\prediction,background,class_1,class_2\nbackground,4,0,0\nclass_1,1,1,0\nclass_2,0,1,1\n"
    );
    let picture = std::fs::read_to_string(out.join("confusion.svg")).unwrap();
    assert_eq!(picture.matches("<rect").count(), 9);
}

/// One object of three pixels of which two were found.
fn two_of_three(found: &Evaluation) {
    near(score(found, 0, "ap65"), 1.0);
    near(score(found, 0, "ap70"), 0.0);
    near(score(found, 0, "ap95"), 0.0);
    near(score(found, 0, "ap_dsb"), 0.4);
    near(score(found, 0, "sbd"), 0.8);
    for name in ["aji", "aji_plus", "seg"] {
        near(score(found, 0, name), 2.0 / 3.0);
    }
    near(score(found, 0, "adapted_rand_error"), 0.5);
    let splits = 1.5_f64.log2() / 3.0 + 3.0_f64.log2() / 6.0;
    let merges = 2.0 / 6.0 + (4.0_f64 / 3.0).log2() / 2.0;
    near(score(found, 0, "voi_splits"), splits);
    near(score(found, 0, "voi_merges"), merges);
    near(score(found, 0, "voi"), splits + merges);
    near(score(found, 0, "count_difference"), 0.0);
    near(pooled(found, "ap_dsb_pooled"), 0.4);
    near(pooled(found, "coco_ap"), 0.4);
    near(pooled(found, "coco_ap50"), 1.0);
    near(pooled(found, "coco_ap75"), 0.0);
    near(pooled(found, "coco_ap_small"), 0.4);
    assert!(pooled(found, "coco_ap_large").is_nan());
    near(pooled(found, "afnr"), 0.6);
}

#[test]
fn objects_of_planes_and_stacks_have_all_scores() {
    let folders = Folders::new();
    let (prediction, target) = ([[1_u8, 1, 0, 0, 0, 0]], [[5_u8, 5, 5, 0, 0, 0]]);
    folders.add("a", arr2(&prediction), arr2(&target));
    let options = EvaluateOptions::new(TargetKind::Instance);
    two_of_three(&folders.evaluate(&options).unwrap());
    let stacks = Folders::new();
    let write = |folder: &PathBuf, stack: Array3<u8>| {
        let image = Image::new(stack, "zyx".parse().unwrap()).unwrap();
        write_image(folder.join("a.tif"), &image).unwrap();
    };
    write(&stacks.prediction, arr3(&[[[1, 0]], [[1, 0]], [[0, 0]]]));
    write(&stacks.target, arr3(&[[[5, 0]], [[5, 0]], [[5, 0]]]));
    two_of_three(&stacks.evaluate(&options).unwrap());
}

#[test]
fn the_simplified_score_and_livecells_limits_are_named() {
    let folders = Folders::new();
    let mut map = Array2::<u8>::zeros((20, 20));
    map.slice_mut(s![8..12, 8..12]).fill(3);
    map.slice_mut(s![0..2, 0..2]).fill(4);
    folders.add("a", map.clone(), map);
    let mut options = EvaluateOptions::new(TargetKind::Instance);
    options.simplified = true;
    options.detection = DetectionRules::Livecell;
    let found = folders.evaluate(&options).unwrap();
    near(score(&found, 0, "simplified_iou"), 16.0 / (16.0 + 1e-6));
    near(score(&found, 0, "simplified_objects"), 1.0);
    assert!(found.notes.iter().any(|note| note.contains("2000")));
    near(pooled(&found, "afnr"), 0.0);
}

#[test]
fn flat_images_have_the_similarity_of_their_means() {
    let folders = Folders::new();
    folders.add(
        "a",
        Array2::from_elem((12, 12), 50_u8),
        Array2::from_elem((12, 12), 100_u8),
    );
    folders.add("b", Array2::<u8>::ones((8, 8)), Array2::ones((8, 8)));
    let found = folders
        .evaluate(&EvaluateOptions::new(TargetKind::Image))
        .unwrap();
    let c1 = 2.55_f64 * 2.55;
    let expected = (10_000.0 + c1) / (12_500.0 + c1);
    near(score(&found, 0, "ssim"), expected);
    near(score(&found, 0, "ssim_wang"), expected);
    near(score(&found, 0, "mse"), 2500.0);
    assert!(score(&found, 1, "ssim_wang").is_nan());
}

#[test]
fn tables_of_features_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (real, generated) = (
        folder.path().join("real.csv"),
        folder.path().join("fake.npy"),
    );
    std::fs::write(&real, "area,mean\n0,0\n1,2\n2,1\n").unwrap();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for value in [3.0_f64, 4.0, 4.0, 6.0, 5.0, 5.0] {
        bytes.extend(value.to_le_bytes());
    }
    std::fs::write(&generated, bytes).unwrap();
    let found = evaluate_features(&generated, &real).unwrap();
    near(found.frechet, 25.0);
    assert_eq!(found.samples, [3, 3]);
    for bad in ["a,b\n1,x\n", "1,2\n1\n", "", "1,2\n"] {
        std::fs::write(&real, bad).unwrap();
        assert!(evaluate_features(&generated, &real).is_err(), "{bad}");
    }
    for damaged in [
        &b"\x93NUMPY"[..],
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x02\x00",
    ] {
        std::fs::write(&generated, damaged).unwrap();
        assert!(evaluate_features(&generated, &real).is_err());
    }
}

#[test]
fn predictions_are_compared_image_by_image() {
    let (first, second) = (Folders::new(), Folders::new());
    let target = arr2(&[[0_u8, 0, 0, 1]]);
    for (name, shown) in [("a", [0_u8, 0, 0, 1]), ("b", [0, 0, 1, 1])] {
        first.add(name, arr2(&[shown]), target.clone());
        second.add(name, arr2(&[[0_u8, 1, 0, 0]]), target.clone());
    }
    let options = EvaluateOptions::new(TargetKind::Semantic);
    let [first, second] = [&first, &second].map(|one| one.evaluate(&options).unwrap());
    let of = |column: &str, found: Vec<Difference>| {
        let found = found.into_iter().find(|one| one.column == column);
        found.unwrap().summary
    };
    let dice = of("dice", compare(&first, &second));
    near(dice.mean, 5.0 / 6.0);
    near(dice.low, 2.0 / 3.0);
    near(dice.high, 1.0);
    assert_eq!(of("dice", compare(&first, &first)).mean, 0.0);
}

#[test]
fn coco_files_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let [results, truths] = ["results.json", "annotations.json"].map(|it| folder.path().join(it));
    let (name, supercategory) = ("cell".to_owned(), None);
    // A column-wise run of four pixels, of which three are found.
    let runs = |length: u32| Segmentation::Runs([4, 4], vec![4, length, 12 - length]);
    let dataset = Dataset {
        images: vec![ImageInfo {
            id: 7,
            file_name: "a.tif".to_owned(),
            height: 4,
            width: 4,
        }],
        annotations: vec![Annotation {
            id: 1,
            image_id: 7,
            category_id: 2,
            segmentation: runs(4),
            area: Some(4.0),
            bbox: None,
            iscrowd: false,
        }],
        categories: vec![Category {
            id: 2,
            name,
            supercategory,
        }],
    };
    write_annotations(&truths, &dataset).unwrap();
    let found = Detection {
        image_id: 7,
        category_id: 2,
        segmentation: runs(3),
        score: 0.9,
    };
    write_detections(&results, &[found]).unwrap();
    let scores = evaluate_detection_files(&results, &truths, DetectionRules::Coco).unwrap();
    // 3/4 passes 0.50 to 0.75: six of ten thresholds.
    near(scores[0].1, 0.6);
    assert_eq!(scores[7].0, "afnr");
    near(scores[7].1, 0.4);
    let swapped = evaluate_detection_files(&truths, &results, DetectionRules::Coco);
    assert!(swapped.unwrap_err().hint().is_some());
}
