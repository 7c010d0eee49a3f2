//! Canny's edges.

use coverslip_algorithms::filters::edge::{Canny, CannyInteger};
use ndarray::Ix2;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::with_stored_type;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "canny_cv" => integer,
        "canny_skimage" => float,
        _ => return None,
    })
}

fn integer(case: &Case) -> Result<Outcome, Failure> {
    let canny = CannyInteger {
        low: case.param("low")?,
        high: case.param("high")?,
        aperture: case.param_or("aperture", 3)?,
        l2: case.param_or("l2", false)?,
    };
    Ok(Outcome::default().with("y", canny.apply(&case.image("x")?.view())?))
}

fn float(case: &Case) -> Result<Outcome, Failure> {
    let canny = Canny {
        sigma: case.param_or("sigma", 1.0)?,
        low: case.param_or("low_threshold", None)?,
        high: case.param_or("high_threshold", None)?,
        quantiles: case.param_or("use_quantiles", false)?,
    };
    let edges = with_stored_type!(case.input("x")?, |x| {
        let image = x
            .into_dimensionality::<Ix2>()
            .map_err(|error| error.to_string())?;
        canny.apply(&image.view())
    })?;
    Ok(Outcome::default().with("y", edges))
}
