//! Centres of instances, and instances of spatial embeddings.

use coverslip_algorithms::segmentation::embedseg::{
    CenterMode, ClusterOptions, CoordinateGrid, cluster, instance_centers,
};
use ndarray::{Array2, Ix3, Ix4};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "embedseg_centers" => centers,
        "embedseg_cluster" => clusters,
        _ => return None,
    })
}

fn centers(case: &Case) -> Result<Outcome, Failure> {
    let labels = case.input("labels")?.array::<u32>();
    let anisotropy = case.param_or("anisotropy", 1.0)?;
    let mut outcome = Outcome::default();
    for (name, mode) in [
        ("centroid", CenterMode::Centroid),
        ("approximate_medoid", CenterMode::ApproximateMedoid),
        ("medoid", CenterMode::Medoid),
    ] {
        if case.wants(name) {
            let found = instance_centers(&labels.view(), mode, anisotropy)?;
            let table = Array2::from_shape_fn((found.len(), labels.ndim()), |(row, axis)| {
                found[row].position[axis] as i64
            });
            outcome = outcome.with(name, table);
        }
    }
    Ok(outcome)
}

fn clusters(case: &Case) -> Result<Outcome, Failure> {
    let prediction = case.input("pred")?.array::<f32>();
    let axes = prediction.ndim() - 1;
    let (size, extent): (Vec<usize>, Vec<f64>) = (case.param("grid")?, case.param("pixel")?);
    let mut grid = CoordinateGrid {
        size: [1; 3],
        extent: [1.0; 3],
    };
    grid.size[3 - axes..].copy_from_slice(&size);
    grid.extent[3 - axes..].copy_from_slice(&extent);
    let options = ClusterOptions {
        foreground_threshold: case.param_or("fg_thresh", 0.5)?,
        seed_threshold: case.param("seed_thresh")?,
        min_mask_sum: case.param("min_mask_sum")?,
        min_unclustered_sum: case.param("min_unclustered_sum")?,
        min_object_size: case.param("min_object_size")?,
    };
    let shape = |_| Failure::Case("a prediction of another rank".to_owned());
    let labels: Tensor = if axes == 2 {
        let prediction = prediction.into_dimensionality::<Ix3>().map_err(shape)?;
        cluster(&prediction.view(), grid, &options)?.into()
    } else {
        let prediction = prediction.into_dimensionality::<Ix4>().map_err(shape)?;
        cluster(&prediction.view(), grid, &options)?.into()
    };
    Ok(Outcome::default().with("labels", labels))
}
