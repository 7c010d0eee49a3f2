//! COCO annotations and detections: reading, label maps, writing.
#![no_main]

use coverslip_algorithms::measure::coco::{ToLabels, annotations_to_labels, binary_mask, read_annotations, read_detections};

/// Larger label maps would only take time.
const LONGEST: usize = 1 << 11;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let path = harness::file("annotations.json", data);
    let _ = read_detections(&path);
    let Ok(dataset) = read_annotations(&path) else {
        return;
    };
    for image in &dataset.images {
        let (height, width) = (image.height, image.width);
        if height.max(width) > LONGEST {
            continue;
        }
        let annotations: Vec<_> = dataset.of_image(image.id).cloned().collect();
        let _ = annotations_to_labels(&annotations, height, width, &ToLabels::default());
        let _ = binary_mask(&annotations, height, width, true);
    }
});
