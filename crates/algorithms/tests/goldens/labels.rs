//! Components and label cleaning.

use coverslip_algorithms::measure::components::{
    ComponentOrder, component_sizes, connected_components, connected_components_within,
    largest_components,
};
use coverslip_algorithms::measure::labels::{
    SizeMode, clear_border, fill_holes, fill_label_holes, fill_small_holes, relabel_sequential,
    remove_isolated_pixels, remove_small_labels, remove_small_objects,
};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "connected_components_2d" | "connected_components_3d" => components,
        "connected_components_delta" => components_within,
        "largest_k" => largest,
        "remove_small_objects" => small_objects,
        "prune_labels" => prune,
        "relabel_sequential" => relabel,
        "fill_holes" => holes,
        "clear_border" => border,
        _ => return None,
    })
}

const CONNECTIVITIES: [(&str, usize); 5] = [
    ("conn4", 1),
    ("conn8", 2),
    ("conn6", 1),
    ("conn18", 2),
    ("conn26", 3),
];

fn components_within(case: &Case) -> Result<Outcome, Failure> {
    let (input, delta) = (case.input("x")?, case.param("delta")?);
    let mut outcome = Outcome::default();
    for (name, connectivity) in CONNECTIVITIES {
        if case.wants(name) {
            let found = with_stored_type!(input, |x| {
                connected_components_within(&x.view(), connectivity, delta)
            })?;
            outcome = outcome.with(name, found.labels);
        }
    }
    Ok(outcome)
}

fn components(case: &Case) -> Result<Outcome, Failure> {
    let values = case.input("x")?.array::<f64>();
    let mut outcome = Outcome::default();
    for (name, connectivity) in CONNECTIVITIES {
        if case.wants(name) {
            let found = connected_components(&values.view(), connectivity)?;
            let total: usize = component_sizes(&found).iter().sum();
            if total != values.iter().filter(|&&value| value != 0.0).count() {
                return Err(Failure::Case("component sizes do not add up".to_owned()));
            }
            outcome = outcome.with(name, found.labels);
        }
    }
    Ok(outcome)
}

fn largest(case: &Case) -> Result<Outcome, Failure> {
    let values = case.input("x")?.array::<f64>();
    let connectivity = match case.param::<usize>("connectivity")? {
        4 | 6 => 1,
        8 | 18 => 2,
        _ => 3,
    };
    let keep = case.param("k")?;
    let found = largest_components(&values.view(), connectivity, keep, ComponentOrder::Cc3d)?;
    let sizes: Vec<i64> = found.sizes.iter().map(|&size| size as i64).collect();
    let kept = found.components.labels.mapv(|label| label > 0);
    Ok(Outcome::default()
        .with("labels_cc3d", found.components.labels)
        .with("kept_mask", kept)
        .with("sizes_desc", Tensor::vector(&sizes)))
}

fn small_objects(case: &Case) -> Result<Outcome, Failure> {
    let mask = case.input("x")?.array::<bool>();
    let per_slice =
        case.param_or("mode", String::new())? == "slice" || case.param_or("per_slice", false)?;
    let mode = if per_slice {
        SizeMode::Slice
    } else {
        SizeMode::Volume
    };
    let (min_size, connectivity) = (case.param("min_size")?, case.param("connectivity")?);
    let kept = remove_small_objects(&mask.view(), min_size, connectivity, mode)?;
    Ok(Outcome::default().with("y", kept))
}

fn prune(case: &Case) -> Result<Outcome, Failure> {
    let labels = case.input("labels")?.array::<u32>();
    let mut pruned = labels.clone();
    remove_small_labels(&mut pruned, case.param("min_size")?);
    let opened = remove_isolated_pixels(&labels.view());
    Ok(Outcome::default()
        .with("pruned", relabel_sequential(&pruned.view()).0)
        .with("opened", relabel_sequential(&opened.view()).0))
}

fn relabel(case: &Case) -> Result<Outcome, Failure> {
    let (y, inverse) = relabel_sequential(&case.input("labels")?.array::<u32>().view());
    Ok(Outcome::default()
        .with("y", y)
        .with("inverse", Tensor::vector(&inverse)))
}

fn holes(case: &Case) -> Result<Outcome, Failure> {
    if case.param_or("per_label", false)? {
        let labels = case.input("labels")?.array::<u32>();
        return Ok(Outcome::default().with("filled", fill_label_holes(&labels.view())?));
    }
    let mask = case.input("x")?.array::<bool>();
    let connectivity = case.param("background_connectivity")?;
    let outcome = Outcome::default().with("filled", fill_holes(&mask.view(), connectivity)?);
    if !case.wants("small_holes_filled") {
        return Ok(outcome);
    }
    let area = case.param("hole_area_less_than")?;
    Ok(outcome.with(
        "small_holes_filled",
        fill_small_holes(&mask.view(), area, connectivity)?,
    ))
}

fn border(case: &Case) -> Result<Outcome, Failure> {
    let labels = case.input("labels")?.array::<u32>();
    let cleared = clear_border(&labels.view(), case.param("buffer_size")?);
    Ok(Outcome::default().with("y", cleared))
}
