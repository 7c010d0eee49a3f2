//! Schemas in words, for "allowed: ...".

use serde_json::Value;

use super::{Schema, alternatives, types};

impl Schema {
    /// What may stand at the node, as in "a whole number from 1 to 8".
    pub(crate) fn describe(&self, node: &Value) -> String {
        let node = self.resolve(node);
        if let Some(words) = constants(node) {
            return words.join(", ");
        }
        if let Some((kind, options)) = self.named(node) {
            let names: Vec<&str> = options.keys().map(String::as_str).collect();
            return format!(
                "{} by name ({}), with or without options",
                kind.with_article(),
                names.join(", ")
            );
        }
        if let Some(parts) = alternatives(node) {
            let words: Vec<String> = parts
                .iter()
                .filter(|part| types(self.resolve(part)) != ["null"])
                .map(|part| self.describe(part))
                .collect();
            return words.join(", or ");
        }
        let words: Vec<String> = types(node)
            .into_iter()
            .filter(|name| *name != "null")
            .map(|name| self.describe_type(name, node))
            .collect();
        if words.is_empty() {
            "any value".to_owned()
        } else {
            words.join(" or ")
        }
    }

    fn describe_type(&self, name: &str, node: &Value) -> String {
        match name {
            "boolean" => "true or false".to_owned(),
            "integer" => format!("a whole number{}", describe_range(node)),
            "number" => format!("a number{}", describe_range(node)),
            "string" if node.get("format").is_some_and(|format| format == "path") => {
                "a path".to_owned()
            }
            "string" => "text".to_owned(),
            "array" => self.describe_list(node),
            _ => self.describe_mapping(node),
        }
    }

    fn describe_list(&self, node: &Value) -> String {
        let bound = |name: &str| node.get(name).and_then(Value::as_u64);
        let count = match (bound("minItems"), bound("maxItems")) {
            (Some(least), Some(most)) if least == most => format!("{least} items"),
            (Some(least), Some(most)) => format!("{least} to {most} items"),
            (Some(1), None) => "one item or more".to_owned(),
            (Some(least), None) if least > 0 => format!("{least} items or more"),
            (None, Some(most)) => format!("at most {most} items"),
            _ => "any number of items".to_owned(),
        };
        match node.get("items") {
            Some(items) if items.is_object() => {
                format!("a list of {count}, each {}", self.describe(items))
            }
            _ => format!("a list of {count}"),
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "one of a family of descriptions of a node"
    )]
    fn describe_mapping(&self, node: &Value) -> String {
        let keys: Vec<&str> = node
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        if keys.is_empty() {
            "a mapping".to_owned()
        } else {
            format!("a mapping with the keys {}", keys.join(", "))
        }
    }
}

/// The words of a choice, if the node is one.
pub(crate) fn constants(node: &Value) -> Option<Vec<String>> {
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        return Some(values.iter().map(show_constant).collect());
    }
    if let Some(value) = node.get("const") {
        return Some(vec![show_constant(value)]);
    }
    let parts = alternatives(node)?;
    let words: Option<Vec<Vec<String>>> = parts.iter().map(constants).collect();
    words.map(|words| words.concat())
}

fn show_constant(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// ` from 1 to 8`, ` of at least 1`, ` above 0`, or nothing.
fn describe_range(node: &Value) -> String {
    let number = |name: &str| {
        node.get(name)
            .filter(|bound| bound.is_number())
            .map(show_number)
    };
    let (low, high) = (number("minimum"), number("maximum"));
    let (above, below) = (number("exclusiveMinimum"), number("exclusiveMaximum"));
    match (low, high, above, below) {
        (Some(low), Some(high), ..) => format!(" from {low} to {high}"),
        (Some(low), None, None, Some(below)) => format!(" from {low} to below {below}"),
        (Some(low), ..) => format!(" of at least {low}"),
        (None, Some(high), Some(above), _) => format!(" above {above} and at most {high}"),
        (None, Some(high), ..) => format!(" of at most {high}"),
        (None, None, Some(above), Some(below)) => format!(" between {above} and {below}"),
        (None, None, Some(above), None) => format!(" above {above}"),
        (None, None, None, Some(below)) => format!(" below {below}"),
        (None, None, None, None) => String::new(),
    }
}

/// Bounds of numbers come as `0.0`; people write `0`.
fn show_number(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(|| value.to_string(), |number| number.to_string())
}
