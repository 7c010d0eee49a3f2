//! Skeletons and distances.

use coverslip_algorithms::filters::distance::{Distance, Metric};
use coverslip_algorithms::filters::thinning::{Thinning, ThinningMethod, medial_axis};
use ndarray::ArrayD;
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "thin_zhang_suen" => zhang_suen,
        "thin_guo_hall" => guo_hall,
        "skeletonize_skimage" => both,
        "medial_axis" => axis,
        "distance_transform" => distance,
        _ => return None,
    })
}

fn thin(case: &Case, method: ThinningMethod) -> Result<Tensor, Failure> {
    let mask = case.image::<bool>("x")?;
    Ok(Thinning { method }.apply(&mask.view())?.into())
}

fn zhang_suen(case: &Case) -> Result<Outcome, Failure> {
    Ok(Outcome::default().with("y", thin(case, ThinningMethod::ZhangSuen)?))
}

fn guo_hall(case: &Case) -> Result<Outcome, Failure> {
    Ok(Outcome::default().with("y", thin(case, ThinningMethod::GuoHall)?))
}

/// Rules of another library, stored beside ours for information.
fn both(case: &Case) -> Result<Outcome, Failure> {
    Ok(Outcome::default()
        .with("skeletonize_zhang", thin(case, ThinningMethod::ZhangSuen)?)
        .with("thin", thin(case, ThinningMethod::GuoHall)?))
}

fn axis(case: &Case) -> Result<Outcome, Failure> {
    let found = medial_axis(&case.image::<bool>("x")?.view())?;
    Ok(Outcome::default()
        .with("y", found.skeleton)
        .with("distance", found.distance))
}

fn distance(case: &Case) -> Result<Outcome, Failure> {
    let mask = case.input("x")?.array::<bool>();
    let spacing = match case.param_or("sampling", Value::from(1.0))? {
        Value::Array(list) => list.iter().filter_map(Value::as_f64).collect(),
        other => vec![other.as_f64().unwrap_or(f64::NAN)],
    };
    let measure = |metric, spacing| -> Result<ArrayD<f64>, Failure> {
        Ok(Distance { metric, spacing }.apply(&mask.view())?)
    };
    let mut outcome = Outcome::default().with("edt", measure(Metric::Euclidean, spacing)?);
    for (name, metric) in [
        ("chessboard", Metric::Chessboard),
        ("taxicab", Metric::Taxicab),
    ] {
        if case.wants(name) {
            let mut steps = Tensor::from(measure(metric, vec![1.0])?);
            steps.is_float = false;
            outcome = outcome.with(name, steps);
        }
    }
    Ok(outcome)
}
