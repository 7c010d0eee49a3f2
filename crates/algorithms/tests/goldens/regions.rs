//! Watershed, peaks and measures of regions.

use coverslip_algorithms::measure::region::{Region, region_properties};
use coverslip_algorithms::segmentation::peaks::PeakLocalMax;
use coverslip_algorithms::segmentation::watershed::Watershed;
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Element, Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "watershed" => watershed,
        "peak_local_max" => peaks,
        "region_properties" => properties,
        _ => return None,
    })
}

fn watershed(case: &Case) -> Result<Outcome, Failure> {
    let watershed = Watershed {
        connectivity: case.param_or("connectivity", 1)?,
        line: case.param_or("watershed_line", false)?,
    };
    let markers = case.input("markers")?.array::<u32>();
    let mask = case.optional("mask").map(Tensor::array::<bool>);
    let mask = mask.as_ref().map(|mask| mask.view());
    let labels = with_stored_type!(case.input("image")?, |image| {
        watershed.apply(&image.view(), &markers.view(), mask.as_ref())
    })?;
    Ok(Outcome::default().with("labels", labels))
}

fn peaks(case: &Case) -> Result<Outcome, Failure> {
    let exclude_border = match case.param_or("exclude_border", Value::Bool(true))? {
        Value::Bool(true) => None,
        other => Some(other.as_u64().unwrap_or(0) as usize),
    };
    let peaks = PeakLocalMax {
        min_distance: case.param_or("min_distance", 1)?,
        threshold: case.param_or("threshold_abs", None)?,
        relative_threshold: case.param_or("threshold_rel", None)?,
        exclude_border,
        count: case.param_or("num_peaks", None)?,
    };
    let input = case.input("x")?;
    let found = with_stored_type!(input, |x| peaks.apply(&x.view()))?;
    let rank = input.shape.len();
    let mut tensor = Tensor::vector(&found.concat());
    tensor.shape = vec![found.len(), rank];
    Ok(Outcome::default().with(if rank == 2 { "peaks_yx" } else { "peaks_zyx" }, tensor))
}

fn properties(case: &Case) -> Result<Outcome, Failure> {
    let regions = region_properties(&case.image::<u32>("labels")?.view());
    let column =
        |value: fn(&Region) -> f64| Tensor::vector(&regions.iter().map(value).collect::<Vec<_>>());
    let centroids: Vec<f64> = regions.iter().flat_map(|region| region.centroid).collect();
    let boxes: Vec<usize> = regions
        .iter()
        .flat_map(|region| region.bounding_box)
        .collect();
    let euler: Vec<i64> = regions.iter().map(|region| region.euler).collect();
    let labels: Vec<u32> = regions.iter().map(|region| region.label).collect();
    Ok(Outcome::default()
        .with("label", Tensor::vector(&labels))
        .with("bbox", table(&boxes, 4))
        .with("centroid_yx", table(&centroids, 2))
        .with("euler", Tensor::vector(&euler))
        .with("area", column(|region| region.area as f64))
        .with("eccentricity", column(|region| region.eccentricity))
        .with(
            "equivalent_diameter",
            column(|region| region.equivalent_diameter),
        )
        .with("extent", column(|region| region.extent))
        .with("major", column(|region| region.major_axis))
        .with("minor", column(|region| region.minor_axis))
        .with("perimeter", column(|region| region.perimeter)))
}

fn table<T: Element>(values: &[T], columns: usize) -> Tensor {
    let mut tensor = Tensor::vector(values);
    tensor.shape = vec![values.len() / columns, columns];
    tensor
}
