//! Writes a tree of values as YAML.

use std::fmt::Write;

use serde_json::Value;

use super::document::is_plain_text;

/// Widest list that still goes on one line.
const LINE_WIDTH: usize = 88;

/// The value as a YAML text that reads back as the same value.
///
/// Mappings keep their order; lists of plain values are written on one line. Numbers always have
/// a point before an exponent, because readers of YAML 1.1 take `1e-5` for a text.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(&mut text, map, 0),
        Value::Array(items) if !items.is_empty() => list(&mut text, items, 0),
        scalar => {
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
    text
}

fn mapping(text: &mut String, map: &serde_json::Map<String, Value>, indent: usize) {
    for (position, (key, value)) in map.iter().enumerate() {
        // The first key of a mapping in a list follows its dash.
        if position > 0 || text.is_empty() || text.ends_with('\n') {
            text.push_str(&" ".repeat(indent));
        }
        text.push_str(&quote(key));
        text.push(':');
        entry(text, value, indent + 2);
    }
}

fn list(text: &mut String, items: &[Value], indent: usize) {
    for item in items {
        text.push_str(&" ".repeat(indent));
        text.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                text.push(' ');
                mapping(text, map, indent + 2);
            }
            other => entry(text, other, indent + 2),
        }
    }
}

/// What follows `key:` or `-`.
fn entry(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            mapping(text, map, indent);
        }
        Value::Array(items) if !fits_line(items) => {
            text.push('\n');
            list(text, items, indent);
        }
        other => {
            text.push(' ');
            text.push_str(&inline(other));
            text.push('\n');
        }
    }
}

fn fits_line(items: &[Value]) -> bool {
    let is_flat = |item: &Value| match item {
        Value::Object(map) => map.is_empty(),
        Value::Array(inner) => inner
            .iter()
            .all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    };
    items.iter().all(is_flat)
        && items
            .iter()
            .map(|item| inline(item).chars().count() + 2)
            .sum::<usize>()
            <= LINE_WIDTH
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => with_point(&number.to_string()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", quote(key), inline(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

fn with_point(number: &str) -> String {
    match number.split_once('e') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0e{exponent}"),
        _ => number.to_owned(),
    }
}

/// The text as it is where that reads back as a text, else in double quotes.
fn quote(text: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || "_./+-".contains(character);
    let starts_well =
        text.starts_with(|first: char| first.is_alphanumeric() || "_/".contains(first));
    let is_simple = text
        .chars()
        .all(|character| is_word(character) || character == ' ');
    if starts_well && is_simple && !text.ends_with(' ') && is_plain_text(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if is_invisible(character) => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\U{:08x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Characters that YAML forbids, folds, or that no one would see.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::Document;

    #[test]
    fn layout_is_readable() {
        let value = json!({
            "seed": 0,
            "data": {"size": [256, 256], "names": ["yes", "a b", "1"], "empty": [], "none": null},
            "loss": ["mse", {"dice": {"weight": 1e-5, "nested": [[1, 2], [3]]}}],
        });
        insta::assert_snapshot!(to_yaml(&value), @r#"
        seed: 0
        data:
          size: [256, 256]
          names: ["yes", a b, "1"]
          empty: []
          none: null
        loss:
          - mse
          - dice:
              weight: 0.00001
              nested: [[1, 2], [3]]
        "#);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |number| number.is_finite())
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[-~#:a-z0-9 .\\[\\]{}\"'\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[-~#:a-z0-9 .\"\n]{1,6}|\\PC{1,4}", inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_back_as_the_same_value(value in values()) {
            let yaml = to_yaml(&value);
            let document = Document::parse("emitted.yaml", &yaml);
            prop_assert_eq!(document.as_ref().map(Document::value), Ok(&value), "{}", yaml);
        }
    }
}
