//! Centres of instances, and instances of spatial embeddings, exactly.

use coverslip_algorithms::segmentation::embedseg::{
    CenterMode, ClusterOptions, CoordinateGrid, center_image, cluster, cluster_with_truth,
};
use ndarray::{ArrayD, IxDyn};
use serde_json::Value;

use super::{super::numbers::Numbers, RuleCase};

fn array<T>(stored: &Numbers, convert: fn(f64) -> T) -> Result<ArrayD<T>, String> {
    let values = stored.values.iter().map(|&value| convert(value)).collect();
    ArrayD::from_shape_vec(IxDyn(&stored.shape), values).map_err(|error| error.to_string())
}

fn labels(stored: &Numbers) -> Result<ArrayD<u32>, String> {
    array(stored, |value| value as u32)
}

fn compare<T: Copy + Into<f64>>(
    what: &str,
    found: &ArrayD<T>,
    expected: &Numbers,
) -> Result<(), String> {
    let pairs = found.iter().zip(&expected.values);
    let differing = pairs.filter(|&(&a, &b)| a.into() != b).count();
    if found.shape() == expected.shape && differing == 0 {
        return Ok(());
    }
    Err(format!("{what} differs at {differing} pixels"))
}

pub fn check_centers(case: &RuleCase) -> Result<String, String> {
    let instances = labels(case.tensor("instances")?)?;
    let keys = ["anisotropy", "anisotropy_factor"];
    let given = |key: &str| {
        case.config[key]
            .as_f64()
            .or(case.config["params"][key].as_f64())
    };
    let anisotropy = keys.into_iter().find_map(given).unwrap_or(1.0);
    let mut count = 0;
    for name in case.names() {
        let Some(mode) = name.strip_prefix("center/") else {
            continue;
        };
        let mode = match mode {
            "centroid" => CenterMode::Centroid,
            "approximate-medoid" => CenterMode::ApproximateMedoid,
            "medoid" => CenterMode::Medoid,
            _ => return Err(format!("unknown mode {mode}")),
        };
        let found = center_image(&instances.view(), mode, anisotropy);
        let found = found.map_err(|error| error.to_string())?;
        compare(name, &found.mapv(u8::from), case.tensor(name)?)?;
        count += 1;
    }
    Ok(format!("{count} modes"))
}

pub fn check_cluster(case: &RuleCase) -> Result<String, String> {
    let prediction = array(case.tensor("prediction")?, |value| value as f32)?;
    let params = &case.config["params"];
    let found = cluster(&prediction.view(), grid(params), &options(params))
        .map_err(|error| error.to_string())?;
    compare("the map", &found, case.tensor("instance_map")?)?;
    let Ok(expected) = case.tensor("instance_map_with_gt") else {
        return Ok("1 map".to_owned());
    };
    let truth = labels(case.tensor("instances")?)?;
    let found = cluster_with_truth(&prediction.view(), &truth.view(), grid(params));
    compare(
        "the map with truth",
        &found.map_err(|error| error.to_string())?,
        expected,
    )?;
    Ok("2 maps".to_owned())
}

/// The case's grid; what it does not name is the reference's default.
fn grid(params: &Value) -> CoordinateGrid {
    let axes = ["z", "y", "x"];
    CoordinateGrid {
        size: axes.map(|axis| params[format!("grid_{axis}")].as_u64().unwrap_or(128) as usize),
        extent: axes.map(|axis| params[format!("pixel_{axis}")].as_f64().unwrap_or(1.0)),
    }
}

/// Our options; what a case does not name is the reference's default.
fn options(params: &Value) -> ClusterOptions {
    let number = |key: &str, default: f64| params[key].as_f64().unwrap_or(default);
    let count = |key: &str, default: usize| number(key, default as f64) as usize;
    let standard = ClusterOptions::default();
    ClusterOptions {
        foreground_threshold: number("fg_thresh", 0.5) as f32,
        seed_threshold: number("seed_thresh", 0.5) as f32,
        min_mask_sum: count("min_mask_sum", standard.min_mask_sum),
        min_unclustered_sum: count("min_unclustered_sum", standard.min_unclustered_sum),
        min_object_size: count("min_object_size", standard.min_object_size),
    }
}
