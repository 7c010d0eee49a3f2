//! What a plain word of YAML stands for.

use serde_json::{Number, Value};

/// Resolves an unquoted scalar by the core schema of YAML 1.2.
///
/// # Errors
/// A number that no JSON number can hold: infinity, not-a-number, or larger than a `f64`.
pub(super) fn resolve(text: &str) -> Result<Value, NotFinite> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(NotFinite),
        _ => {}
    }
    if matches!(
        text.trim_start_matches(['+', '-']),
        ".inf" | ".Inf" | ".INF"
    ) {
        return Err(NotFinite);
    }
    match whole(text) {
        Some(number) => Ok(Value::Number(number)),
        None => fraction(text).unwrap_or_else(|| Ok(Value::String(text.to_owned()))),
    }
}

/// The scalar is a number without a finite value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotFinite;

/// Whether an unquoted word reads as a text, under the older rules of YAML 1.1 too, where `yes` and
/// `off` are booleans.
pub(crate) fn is_plain_text(text: &str) -> bool {
    let is_old_boolean = matches!(
        text.to_lowercase().as_str(),
        "yes" | "no" | "on" | "off" | "y" | "n"
    );
    !is_old_boolean && resolve(text).is_ok_and(|value| value.is_string())
}

fn whole(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    text.parse::<u64>()
        .map(Number::from)
        .or_else(|_not_unsigned| text.parse::<i64>().map(Number::from))
        .ok()
}

/// `None` when the text is no number; without a digit, Rust's `inf` and `nan` are texts.
fn fraction(text: &str) -> Option<Result<Value, NotFinite>> {
    if !text.contains(|character: char| character.is_ascii_digit()) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    Some(Number::from_f64(number).map(Value::Number).ok_or(NotFinite))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_what_they_look_like() {
        for (text, value) in [
            ("1e-3", json!(0.001)),
            ("1.0e-3", json!(0.001)),
            (".5", json!(0.5)),
            ("-2", json!(-2)),
            ("+3", json!(3)),
            ("0x10", json!(16)),
            ("18446744073709551615", json!(u64::MAX)),
            ("yes", json!("yes")),
            ("no", json!("no")),
            ("1_000", json!("1_000")),
            ("inf", json!("inf")),
            ("12 px", json!("12 px")),
            ("True", json!(true)),
            ("~", json!(null)),
        ] {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn numbers_without_a_finite_value_are_refused() {
        for text in [".inf", "-.inf", ".nan", "1e999"] {
            assert_eq!(resolve(text), Err(NotFinite), "{text}");
        }
    }
}
