//! Annotation files: real ones, damaged ones, and our own.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail where their test does"
)]

use std::path::{Path, PathBuf};

use coverslip_algorithms::measure::coco::{
    CocoError, Dataset, Detection, Segmentation, ToLabels, annotations_to_labels,
    labels_to_annotations, read_annotations, read_detections, write_annotations, write_detections,
};
use coverslip_algorithms::measure::labels::relabel_sequential;
use coverslip_image::{Pixels, read_image};
use ndarray::{Array2, Ix2};

fn data(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/data/coco").join(name)
}

fn stored_labels(name: &str) -> Array2<u32> {
    let image = read_image(data(name)).unwrap();
    let Pixels::U16(values) = image.pixels() else {
        panic!("not a 16-bit image");
    };
    let squeezed = values.view().into_shape_with_order((512, 512)).unwrap();
    squeezed
        .into_dimensionality::<Ix2>()
        .unwrap()
        .mapv(u32::from)
}

fn labels_of(dataset: &Dataset, image: u64) -> Array2<u32> {
    let annotations: Vec<_> = dataset.of_image(image).cloned().collect();
    let map = annotations_to_labels(&annotations, 512, 512, &ToLabels::default());
    relabel_sequential(&map.unwrap().labels.view()).0
}

#[test]
fn annotations_are_the_label_maps_they_were_made_of() {
    let runs = read_annotations(&data("annotations_rle.json")).unwrap();
    let outlines = read_annotations(&data("annotations.json")).unwrap();
    for (image, name) in [(1, "set01.png"), (2, "set02.png")] {
        let (expected, _) = relabel_sequential(&stored_labels(name).view());
        assert_eq!(labels_of(&runs, image), expected, "{name}");
        let drawn = labels_of(&outlines, image);
        let differing = drawn.iter().zip(&expected).filter(|(a, b)| a != b).count();
        assert!(differing < 5000, "{name}: {differing}");
        for object in runs.of_image(image) {
            let mask = object.mask(512, 512).unwrap();
            assert_eq!(Some(mask.area() as f64), object.area);
            assert_eq!(Some(mask.bounding_box()), object.bbox);
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("annotations.json");
    let labels = stored_labels("set01.png");
    let mut dataset = read_annotations(&data("annotations.json")).unwrap();
    dataset.annotations = labels_to_annotations(&labels.view(), 1, 1, 1, false).unwrap();
    write_annotations(&path, &dataset).unwrap();
    let again = read_annotations(&path).unwrap();
    assert_eq!(again, dataset);
    let (expected, _) = relabel_sequential(&labels.view());
    assert_eq!(labels_of(&again, 1), expected);

    let found: Vec<Detection> = (again.annotations.iter())
        .map(|object| Detection {
            image_id: 1,
            category_id: 1,
            segmentation: Segmentation::from(&object.mask(512, 512).unwrap()),
            score: 0.25,
        })
        .collect();
    write_detections(&path, &found).unwrap();
    assert_eq!(read_detections(&path).unwrap(), found);
}

#[test]
fn annotations_may_be_an_object_of_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let text = r#"{"extra": [1, {"a": 2}], "annotations": {
        "4": {"id": 4, "image_id": 1, "category_id": 1, "iscrowd": true,
              "segmentation": {"counts": [1, 2, 1], "size": [2, 2]}, "other": null},
        "5": {"id": 5, "image_id": 1, "category_id": 1, "segmentation": {"size": [2, 2], "counts": "112"}}},
        "images": [{"id": 1, "height": 2, "width": 2}], "categories": [{"id": 1, "name": "cell"}]}"#;
    std::fs::write(&path, text).unwrap();
    let dataset = read_annotations(&path).unwrap();
    assert_eq!(dataset.annotations.len(), 2);
    assert!(dataset.annotations[0].iscrowd);
    assert_eq!(dataset.annotations[1].mask(2, 2).unwrap().area(), 1);
    let other_size = dataset.annotations[1].mask(3, 2).unwrap_err();
    assert!(
        other_size
            .to_string()
            .starts_with("annotation 5: the mask has shape [2, 2]")
    );
}

#[test]
fn damaged_files_are_refused() {
    let error = |name: &str| read_annotations(&data(name)).unwrap_err();
    let text = error("malformed/coco_bad_polygon.json").to_string();
    assert!(text.contains("number 2 of the list"), "{text}");
    let text = error("malformed/coco_cut.json").to_string();
    assert!(text.contains("number 1 of the list: EOF"), "{text}");
    assert_eq!(
        error("malformed/coco_dangling_image.json").to_string(),
        "annotation 1 refers to image 99, which is not in `images`"
    );
    assert!(matches!(error("absent.json"), CocoError::File { .. }));
    let no_list = read_detections(&data("malformed/coco_cut.json"));
    assert!(matches!(no_list, Err(CocoError::Malformed { .. })));
}
