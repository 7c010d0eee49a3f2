//! Comparison within a case's tolerance.

use serde_json::Value;

use crate::tensor::Tensor;

/// Compares by one of: `"exact"`; `atol`/`rtol` (|a - b| <= atol + rtol |b|); `max_mismatch_frac`
/// (share of elements beyond atol/rtol); `max_abs` (largest difference); `iou_min` (masks).
pub(crate) fn compare(found: &Tensor, expected: &Tensor, tolerance: &Value) -> Result<(), String> {
    if found.shape != expected.shape {
        return Err(format!(
            "has shape {:?}, expected {:?}",
            found.shape, expected.shape
        ));
    }
    if tolerance.as_str() == Some("exact") {
        return exact(found, expected);
    }
    let number = |key: &str| tolerance.get(key).and_then(Value::as_f64);
    if let Some(least) = number("iou_min") {
        return overlap(found, expected, least);
    }
    let known = ["atol", "rtol", "max_abs", "max_mismatch_frac"];
    if !known.iter().any(|key| number(key).is_some()) {
        return Err(format!("has an unknown tolerance {tolerance}"));
    }
    let absolute = number("max_abs").or(number("atol")).unwrap_or(0.0);
    let relative = number("rtol").unwrap_or(0.0);
    let allowed = number("max_mismatch_frac").unwrap_or(0.0) * expected.values.len() as f64;
    let near = |a: f64, b: f64| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= absolute + relative * b.abs()
    };
    let pairs = || found.values.iter().zip(&expected.values);
    let mismatches = pairs().filter(|&(&a, &b)| !near(a, b)).count();
    if mismatches as f64 <= allowed {
        return Ok(());
    }
    let first = pairs().position(|(&a, &b)| !near(a, b)).unwrap_or(0);
    let (a, b) = (found.values[first], expected.values[first]);
    Err(format!(
        "differs at {mismatches} elements, first at {first}: {a} instead of {b}"
    ))
}

fn exact(found: &Tensor, expected: &Tensor) -> Result<(), String> {
    if found.is_float != expected.is_float {
        return Err("has another kind of element".to_owned());
    }
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    let mut pairs = found.values.iter().zip(&expected.values);
    match pairs.position(|(&a, &b)| !same(a, b)) {
        None => Ok(()),
        Some(first) => {
            let (a, b) = (found.values[first], expected.values[first]);
            Err(format!("differs at element {first}: {a} instead of {b}"))
        }
    }
}

fn overlap(found: &Tensor, expected: &Tensor, least: f64) -> Result<(), String> {
    let pairs = found
        .values
        .iter()
        .zip(&expected.values)
        .map(|(&a, &b)| (a != 0.0, b != 0.0));
    let (both, any) = pairs.fold((0, 0), |(both, any), (a, b)| {
        (both + u64::from(a && b), any + u64::from(a || b))
    });
    let iou = if any == 0 {
        1.0
    } else {
        both as f64 / any as f64
    };
    if iou >= least {
        Ok(())
    } else {
        Err(format!("overlaps by {iou}, expected {least}"))
    }
}

/// Compares every element with one value, non-finite ones by their name.
pub(crate) fn compare_all(found: &Tensor, value: &Value) -> Result<(), String> {
    let expected = match value {
        Value::String(name) => name.parse::<f64>().map_err(|error| error.to_string())?,
        other => other.as_f64().ok_or("is expected to be no number")?,
    };
    let wrong = found
        .values
        .iter()
        .find(|&&element| element != expected && !(element.is_nan() && expected.is_nan()));
    wrong.map_or(Ok(()), |wrong| {
        Err(format!("has {wrong} instead of {expected}"))
    })
}
