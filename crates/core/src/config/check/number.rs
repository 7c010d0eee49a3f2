//! Ranges of numbers.

use serde_json::{Number, Value};

/// Whether the number lies within the node's bounds and fits the Rust type that it becomes.
pub(super) fn is_in_range(number: &Number, node: &Value) -> bool {
    let Some(value) = number.as_f64() else {
        return true;
    };
    let bound = |name: &str| node.get(name).and_then(Value::as_f64);
    bound("minimum").is_none_or(|low| value >= low)
        && bound("maximum").is_none_or(|high| value <= high)
        && bound("exclusiveMinimum").is_none_or(|low| value > low)
        && bound("exclusiveMaximum").is_none_or(|high| value < high)
        && fits_format(number, node)
}

fn fits_format(number: &Number, node: &Value) -> bool {
    match node.get("format").and_then(Value::as_str) {
        Some("uint32") => number
            .as_u64()
            .is_some_and(|value| u32::try_from(value).is_ok()),
        Some("uint" | "uint64") => number.as_u64().is_some(),
        Some("int32") => number
            .as_i64()
            .is_some_and(|value| i32::try_from(value).is_ok()),
        Some("int" | "int64") => number.as_i64().is_some(),
        _ => true,
    }
}
