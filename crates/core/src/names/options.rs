//! The options of an entry: their schema, and which of them was probably meant.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Number, Value};

use super::{nearest, ordered};

/// Lists the names that an option had formerly, in its schema.
const FORMER_NAMES: &str = "x-formerly";

/// The option of `O` that was probably meant by one of `options` that it does not have.
pub(super) fn meant_of<O: JsonSchema>(options: &Value) -> Option<String> {
    let schema = options_schema::<O>();
    let known = schema.get("properties")?.as_object()?;
    let mut given = options.as_object()?.keys();
    let unknown = given.find(|key| !known.contains_key(*key))?;
    option_meant(known, unknown).map(str::to_owned)
}

/// Gives options that are written under a former name their present one.
pub(super) fn rename_formers(options: &mut Map<String, Value>, properties: &Map<String, Value>) {
    for (name, property) in properties {
        let formers = property.get(FORMER_NAMES).and_then(Value::as_array);
        for former in formers.into_iter().flatten().filter_map(Value::as_str) {
            if !options.contains_key(name)
                && let Some(value) = options.remove(former)
            {
                options.insert(name.clone(), value);
            }
        }
    }
}

/// The property that was probably meant by a key: the one that had this name formerly, as its
/// `x-formerly` says, or the one with the most similar name.
pub(crate) fn option_meant<'a>(properties: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let had_name = |property: &Value| {
        let names = property.get(FORMER_NAMES).and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|name| name == key))
    };
    let names = || properties.keys().map(String::as_str);
    let renamed = properties.iter().find(|(_, property)| had_name(property));
    renamed
        .map(|(name, _)| name.as_str())
        .or_else(|| nearest(key, names()))
}

/// The first sentence of a text in one line; an abbreviation such as `e.g.` does not end it.
pub(super) fn first_sentence(text: &str) -> String {
    let paragraph: Vec<&str> = (text.lines().map(str::trim))
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let ends = paragraph.match_indices(". ").map(|(place, _)| place + 1);
    let is_end = |&end: &usize| {
        let before = &paragraph[..end];
        !["e.g.", "i.e.", "et al."]
            .iter()
            .any(|short| before.ends_with(short))
    };
    match ends.into_iter().find(is_end) {
        Some(end) => paragraph[..end].to_owned(),
        None => paragraph,
    }
}

/// Schemas are inlined, so that those of two crates cannot clash by a type's name.
pub(super) fn options_schema<O: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = ordered(&SchemaGenerator::new(settings).into_root_schema_for::<O>());
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("title");
    }
    shorten_float_defaults(&mut schema);
    schema
}

/// A default of type `f32` arrives as `0.10000000149011612`; people wrote `0.1`.
fn shorten_float_defaults(node: &mut Value) {
    let is_float = ["", "/items"].iter().any(|place| {
        node.pointer(place).and_then(|node| node.get("format")) == Some(&Value::from("float"))
    });
    if is_float && let Some(default) = node.get_mut("default") {
        shorten(default);
    }
    match node {
        Value::Object(map) => map.values_mut().for_each(shorten_float_defaults),
        Value::Array(items) => items.iter_mut().for_each(shorten_float_defaults),
        _ => {}
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Number(number) => {
            let short = number
                .as_f64()
                .and_then(|wide| (wide as f32).to_string().parse().ok());
            if let Some(short) = short.and_then(Number::from_f64) {
                *number = short;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence() {
        for (text, summary) in [
            ("Blurs. Then more.", "Blurs."),
            (
                "Blurs what\nis sharp, e.g. edges. More.",
                "Blurs what is sharp, e.g. edges.",
            ),
            ("Blurs 2.5 times\n\nMore.", "Blurs 2.5 times"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), summary);
        }
    }

    #[test]
    fn a_former_name_comes_before_a_similar_one() {
        let properties = json!({"pixel": {}, "min_size": {"x-formerly": ["pixels"]}});
        let properties = properties.as_object().unwrap();
        assert_eq!(option_meant(properties, "pixels"), Some("min_size"));
        assert_eq!(option_meant(properties, "pixell"), Some("pixel"));
        assert_eq!(option_meant(properties, "colour"), None);
    }
}
