//! What was probably meant.

use serde_json::Value;

use crate::config::{Schema, schema::types};

/// The value written as the node wants it, where the slip is a common one.
pub(super) fn rewritten(schema: &Schema, value: &Value, node: &Value) -> Option<String> {
    let node = schema.resolve(node);
    let types = types(node);
    let wants = |name: &str| types.contains(&name);
    match value {
        Value::String(text) if wants("boolean") => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("true".to_owned()),
            "no" | "off" | "n" => Some("false".to_owned()),
            _ => None,
        },
        Value::String(text) if wants("number") => {
            let number: f64 = text.replacen(',', ".", 1).parse().ok()?;
            number.is_finite().then(|| number.to_string())
        }
        Value::Number(number) if wants("integer") => {
            let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
            (number.abs() < 1e15 && !value.is_i64() && !value.is_u64())
                .then(|| format!("{number:.0}"))
        }
        Value::Number(_) | Value::Bool(_) if wants("string") => Some(format!("\"{value}\"")),
        Value::String(text) if wants("array") => Some(format!("[{text}]")),
        _ => None,
    }
}

/// The full key of the one setting called `key` in another section.
pub(super) fn section_of(schema: &Schema, key: &str) -> Option<String> {
    let sections = schema.as_json().get("properties")?.as_object()?;
    let mut found = None;
    for (section, node) in sections {
        let inside = schema
            .resolve(node)
            .get("properties")
            .and_then(|keys| keys.get(key));
        if inside.is_some() {
            if found.is_some() {
                return None;
            }
            found = Some(format!("{section}.{key}"));
        }
    }
    found
}
