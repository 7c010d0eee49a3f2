//! Outlines, run lengths, annotations and scores of detections.

use std::collections::BTreeSet;

use coverslip_algorithms::measure::coco::{
    Annotation, BoundingBox, Category, Dataset, Detection, OverlapRule, Rle, ToLabels,
    annotations_to_labels, binary_mask, box_iou, mask_iou, polygon_mask, polygons_mask,
};
use coverslip_algorithms::metrics::detection::{DetectionOptions, RECALLS, evaluate_detections};
use coverslip_algorithms::metrics::distribution::{frechet_distance, kernel_distance};
use ndarray::{Array2, Axis, Ix2, s};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "coco_polygon_to_mask" => polygon_to_mask,
        "coco_rle" => rle,
        "coco_iou" => iou,
        "coco_to_labels" => to_labels,
        "metric_coco_ap" => average_precision,
        "metric_frechet" => frechet,
        _ => return None,
    })
}

fn polygon_to_mask(case: &Case) -> Result<Outcome, Failure> {
    let (height, width) = (case.param("height")?, case.param("width")?);
    let outlines: Vec<Vec<f64>> = case.param("polygons_xy")?;
    let mut each = Vec::new();
    for outline in &outlines {
        let mask = polygon_mask(outline, height, width)?.decode();
        each.extend(mask.iter().map(|&inside| u8::from(inside)));
    }
    let mut stacked = Tensor::vector(&each);
    stacked.shape = vec![outlines.len(), height, width];
    let union = polygons_mask(&outlines, height, width)?;
    Ok(Outcome::default()
        .with("each", stacked)
        .with("union", union.decode()))
}

fn rle(case: &Case) -> Result<Outcome, Failure> {
    let mask = mask_of(case, "mask")?;
    let runs = Rle::encode(&mask.view())?;
    let text: String = case.param("compressed")?;
    if runs.to_text() != text {
        return Err(Failure::Case(format!("compressed is {}", runs.to_text())));
    }
    if Rle::from_text(mask.nrows(), mask.ncols(), &text)?.decode() != mask {
        return Err(Failure::Case("the text does not give the mask".to_owned()));
    }
    let counts: Vec<i64> = runs.counts().iter().map(|&count| count.into()).collect();
    Ok(Outcome::default()
        .with("counts", Tensor::vector(&counts))
        .with("area", Tensor::scalar(runs.area()))
        .with("bbox_xywh", Tensor::vector(&runs.bounding_box().0)))
}

fn mask_of(case: &Case, name: &str) -> Result<Array2<bool>, Failure> {
    let mask = case.input(name)?.array::<bool>();
    let mask = mask.into_dimensionality::<Ix2>();
    Ok(mask.map_err(|error| error.to_string())?)
}

fn iou(case: &Case) -> Result<Outcome, Failure> {
    let crowd = case.input("crowd")?.array::<bool>();
    let crowd: Vec<bool> = crowd.iter().copied().collect();
    if case.param_or("kind", String::new())? == "bbox" {
        let boxes = |name: &str| -> Result<Vec<BoundingBox>, Failure> {
            let table = case.input(name)?;
            let rows = table.values.chunks_exact(4);
            Ok(rows
                .map(|row| BoundingBox([row[0], row[1], row[2], row[3]]))
                .collect())
        };
        let (found, truth) = (boxes("dt_xywh")?, boxes("gt_xywh")?);
        let table = Array2::from_shape_fn((found.len(), truth.len()), |(i, j)| {
            box_iou(found[i], truth[j], crowd[j])
        });
        return Ok(Outcome::default().with("iou_dt_gt", table));
    }
    let masks = |name: &str| -> Result<Vec<Rle>, Failure> {
        let stack = case.input(name)?.array::<bool>();
        let masks = stack.axis_iter(Axis(0)).map(|mask| {
            let mask = mask.into_dimensionality::<Ix2>();
            Ok(Rle::encode(&mask.map_err(|error| error.to_string())?)?)
        });
        masks.collect()
    };
    let (found, truth) = (masks("dt")?, masks("gt")?);
    let mut table = Array2::zeros((found.len(), truth.len()));
    for ((i, j), value) in table.indexed_iter_mut() {
        *value = mask_iou(&found[i], &truth[j], crowd[j])?;
    }
    let mut outcome = Outcome::default().with("iou_dt_gt", table);
    if case.wants("merge_union") {
        outcome = outcome
            .with("merge_union", Rle::union(&truth)?.decode())
            .with("merge_intersection", Rle::intersection(&truth)?.decode());
    }
    Ok(outcome)
}

fn to_labels(case: &Case) -> Result<Outcome, Failure> {
    let (height, width) = (case.param("height")?, case.param("width")?);
    let annotations: Vec<Annotation> = case.param("annotations")?;
    let of = |overlap| annotations_to_labels(&annotations, height, width, &ToLabels { overlap });
    let last = of(OverlapRule::LastWins)?;
    Ok(Outcome::default()
        .with("labels_last_wins", last.labels)
        .with("overlap_count", last.overlap_count)
        .with("labels_first_wins", of(OverlapRule::FirstWins)?.labels)
        .with("labels_small_on_top", of(OverlapRule::SmallOnTop)?.labels)
        .with(
            "binary_all",
            binary_mask(&annotations, height, width, true)?,
        )
        .with(
            "binary_no_crowd",
            binary_mask(&annotations, height, width, false)?,
        ))
}

fn average_precision(case: &Case) -> Result<Outcome, Failure> {
    let annotations: Vec<Annotation> = case.param("annotations")?;
    let detections: Vec<Detection> = case.param("detections")?;
    let ids: BTreeSet<u64> = (annotations.iter().map(|truth| truth.category_id))
        .chain(detections.iter().map(|found| found.category_id))
        .collect();
    let category = |id| Category {
        id,
        name: String::new(),
        supercategory: None,
    };
    let dataset = Dataset {
        images: case.param("images")?,
        annotations,
        categories: ids.into_iter().map(category).collect(),
    };
    let preset = match case.param_or("variant", "coco".to_owned())?.as_str() {
        "coco" => DetectionOptions::default(),
        "livecell" => DetectionOptions::livecell(),
        other => return Err(Failure::Case(format!("unknown variant `{other}`"))),
    };
    let options = DetectionOptions {
        max_detections: case.param_or("maxDets", preset.max_detections.clone())?,
        area_ranges: case.param_or("areaRng", preset.area_ranges.clone())?,
        use_categories: case.param_or("useCats", preset.use_categories)?,
        ..preset
    };
    let scores = evaluate_detections(&dataset, &detections, &options)?;
    let stats = [
        scores.average_precision(0),
        scores.average_precision_at(0, 0.5),
        scores.average_precision_at(0, 0.75),
        scores.average_precision(1),
        scores.average_precision(2),
        scores.average_precision(3),
        scores.average_recall(0),
        scores.average_recall(1),
        scores.average_recall(2),
        scores.average_recall(3),
    ];
    let stats = stats.map(|score| score.unwrap_or(-1.0));
    let last = options.max_detections.len() - 1;
    let curve = scores.precision.slice(s![.., .., 0, 0, last]).to_owned();
    assert_eq!(curve.ncols(), RECALLS);
    let recall = scores.recall.slice(s![.., 0, 0, last]).to_owned();
    let missed = scores.average_false_negative_ratio();
    Ok(Outcome::default()
        .with("stats", Tensor::vector(&stats))
        .with("precision_curve", curve)
        .with("recall_per_iou", recall)
        .with("afnr", Tensor::scalar(missed.unwrap_or(f64::NAN))))
}

fn frechet(case: &Case) -> Result<Outcome, Failure> {
    let features = |name: &str| -> Result<Array2<f64>, Failure> {
        let table = case
            .input(name)?
            .array::<f64>()
            .into_dimensionality::<Ix2>();
        Ok(table.map_err(|error| error.to_string())?)
    };
    let (x, y) = (features("x")?, features("y")?);
    Ok(Outcome::default()
        .with(
            "frechet",
            Tensor::scalar(frechet_distance(&x.view(), &y.view())?),
        )
        .with(
            "kid",
            Tensor::scalar(kernel_distance(&x.view(), &y.view())?),
        ))
}
