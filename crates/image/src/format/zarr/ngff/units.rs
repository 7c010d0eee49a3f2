//! Units of length and time by their UDUNITS-2 names.

use crate::image::micrometres_per;

/// How many micrometres a unit of length has.
pub(super) fn micrometres(unit: &str) -> Option<f64> {
    micrometres_per(unit).or(match unit {
        "angstrom" => Some(1e-4),
        "femtometer" => Some(1e-9),
        "picometer" => Some(1e-6),
        "decimeter" => Some(1e5),
        "kilometer" => Some(1e9),
        "foot" => Some(304_800.0),
        "yard" => Some(914_400.0),
        _ => None,
    })
}

/// How many seconds a unit of time has.
pub(super) fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "second" | "s" => 1.0,
        "millisecond" | "ms" => 1e-3,
        "microsecond" | "us" | "µs" => 1e-6,
        "nanosecond" | "ns" => 1e-9,
        "picosecond" => 1e-12,
        "minute" | "min" => 60.0,
        "hour" | "h" => 3600.0,
        "day" | "d" => 86_400.0,
        _ => return None,
    })
}
