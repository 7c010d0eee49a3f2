//! Distances of tables of features: one row a sample, one column a feature.

use std::path::Path;

use coverslip_algorithms::metrics::distribution::{FeatureDistances, feature_distances};
use ndarray::Array2;

use super::EvaluateError;

/// Compares the features of generated images (`prediction`) with those of real ones (`target`),
/// each a CSV table, with or without a heading, or an `.npy` array of two axes.
///
/// # Errors
/// [`EvaluateError::Features`] naming the file.
pub fn evaluate_features(
    prediction: &Path,
    target: &Path,
) -> Result<FeatureDistances, EvaluateError> {
    let (generated, real) = (read(prediction)?, read(target)?);
    feature_distances(&real.view(), &generated.view()).map_err(|source| EvaluateError::Score {
        prediction: prediction.to_owned(),
        source: Box::new(source),
    })
}

fn read(path: &Path) -> Result<Array2<f64>, EvaluateError> {
    let named = |problem: String| EvaluateError::Features {
        path: path.to_owned(),
        problem,
    };
    let bytes = std::fs::read(path).map_err(|error| named(error.to_string()))?;
    if bytes.starts_with(NPY) {
        npy(&bytes).map_err(named)
    } else {
        table(&bytes).map_err(named)
    }
}

fn table(bytes: &[u8]) -> Result<Array2<f64>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let (mut values, mut rows, mut width) = (Vec::new(), 0, 0);
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        let numbers: Result<Vec<f64>, _> = record.iter().map(str::parse).collect();
        match numbers {
            Ok(numbers) => {
                values.extend(numbers);
                rows += 1;
            }
            Err(_) if line == 0 => {}
            Err(_) => {
                return Err(format!(
                    "has something that is no number in line {}",
                    line + 1
                ));
            }
        }
        width = record.len();
    }
    Array2::from_shape_vec((rows, width), values).map_err(|error| error.to_string())
}

/// How NumPy's files begin.
const NPY: &[u8] = b"\x93NUMPY";

/// Reads an array of `f4` or `f8` in little-endian order (NEP 1).
fn npy(bytes: &[u8]) -> Result<Array2<f64>, String> {
    let damaged = || "is a damaged npy file".to_owned();
    let wide = *bytes.get(6).ok_or_else(damaged)? > 1;
    let length = bytes
        .get(8..if wide { 12 } else { 10 })
        .ok_or_else(damaged)?;
    let length = length
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum * 256 + usize::from(byte));
    let start = if wide { 12 } else { 10 };
    let header = bytes.get(start..start + length).ok_or_else(damaged)?;
    let header = String::from_utf8_lossy(header);
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start());
    let shape = after("'shape':").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let shape: Vec<usize> = (shape.ok_or_else(damaged)?.0.split(','))
        .filter(|part| !part.trim().is_empty())
        .map(|part| part.trim().parse().map_err(|_| damaged()))
        .collect::<Result<_, _>>()?;
    let [rows, columns] = shape[..] else {
        return Err(format!(
            "has {} axes, expected samples and features",
            shape.len()
        ));
    };
    let data = &bytes[start + length..];
    let descr = after("'descr':").ok_or_else(damaged)?;
    let values: Vec<f64> = if descr.starts_with("'<f8'") {
        let number = |chunk: &[u8]| chunk.try_into().map_or(f64::NAN, f64::from_le_bytes);
        data.chunks_exact(8).map(number).collect()
    } else if descr.starts_with("'<f4'") {
        let number = |chunk: &[u8]| chunk.try_into().map_or(f32::NAN, f32::from_le_bytes);
        data.chunks_exact(4).map(number).map(f64::from).collect()
    } else {
        return Err("has another type than float32 or float64".to_owned());
    };
    let columns_first = after("'fortran_order':").is_some_and(|rest| rest.starts_with("True"));
    if columns_first {
        let array = Array2::from_shape_vec((columns, rows), values).map_err(|_| damaged())?;
        Ok(array.reversed_axes())
    } else {
        Array2::from_shape_vec((rows, columns), values).map_err(|_| damaged())
    }
}
