//! Units of OME-XML.

use crate::image::micrometres_per;

/// Micrometres; the default unit is one.
pub(super) fn micrometres(value: f64, unit: Option<&str>) -> Option<f64> {
    Some(value * unit.map_or(Some(1.0), micrometres_per)?)
}

/// Nanometres, the default unit of wavelengths.
pub(super) fn nanometres(value: f64, unit: Option<&str>) -> Option<f64> {
    Some(value * unit.map_or(Some(1.0), |unit| Some(micrometres_per(unit)? * 1e3))?)
}

/// Seconds, the default unit of times.
pub(super) fn seconds(value: f64, unit: Option<&str>) -> Option<f64> {
    let factor = match unit.unwrap_or("s").trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Some(value * factor)
}
