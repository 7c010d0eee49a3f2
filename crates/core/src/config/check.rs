//! Checks a tree of values against the schema and reports every fault.

mod number;
mod suggest;

use serde_json::{Map, Value};

use super::schema::{alternatives, constants, types};
use super::{Document, Fault, KeyPath, Schema};
use crate::names::{Kind, nearest, option_meant};

/// Every fault of the document: those of its text, then those of its values in their order.
pub(super) fn check(document: &Document, schema: &Schema) -> Vec<Fault> {
    let mut checker = Checker {
        document,
        schema,
        faults: document.faults().to_vec(),
    };
    checker.visit(&KeyPath::root(), document.value(), schema.as_json());
    checker.faults
}

struct Checker<'a> {
    document: &'a Document,
    schema: &'a Schema,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn visit(&mut self, path: &KeyPath, value: &Value, node: &Value) {
        let node = self.schema.resolve(node);
        if self.schema.is_named(node) {
            self.visit_named(path, value, node);
        } else if let Some(words) = constants(node) {
            self.visit_choice(path, value, node, &words);
        } else if let Some(parts) = alternatives(node) {
            self.visit_alternatives(path, value, node, parts);
        } else if !has_type(value, &types(node)) {
            self.wrong(path, value, node);
        } else {
            self.visit_content(path, value, node);
        }
    }

    fn visit_content(&mut self, path: &KeyPath, value: &Value, node: &Value) {
        match value {
            Value::Object(map) => self.visit_mapping(path, map, node),
            Value::Array(items) => self.visit_list(path, items, value, node),
            Value::Number(number) if !number::is_in_range(number, node) => {
                self.wrong(path, value, node);
            }
            Value::String(text) if text.is_empty() && is_path(node) => {
                let problem = format!("`{path}` is an empty path");
                self.push(path, problem, Some(self.schema.describe(node)), None);
            }
            _ => {}
        }
    }

    fn visit_mapping(&mut self, path: &KeyPath, map: &Map<String, Value>, node: &Value) {
        let empty = Map::new();
        let properties = node
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        for (key, value) in map {
            let child = path.key(key);
            match (properties.get(key), node.get("additionalProperties")) {
                (Some(property), _) => self.visit(&child, value, property),
                (None, Some(Value::Bool(false))) => self.unknown_key(path, key, properties),
                (None, Some(other)) => self.visit(&child, value, other),
                (None, None) => {}
            }
        }
        let required = node
            .get("required")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for key in required.iter().filter_map(Value::as_str) {
            if !map.contains_key(key) {
                self.missing(path, key, properties.get(key));
            }
        }
    }

    fn visit_list(&mut self, path: &KeyPath, items: &[Value], value: &Value, node: &Value) {
        let bound = |name: &str| {
            node.get(name)
                .and_then(Value::as_u64)
                .map(|count| count as usize)
        };
        let is_short = bound("minItems").is_some_and(|least| items.len() < least);
        let is_long = bound("maxItems").is_some_and(|most| items.len() > most);
        if is_short || is_long {
            self.wrong(path, value, node);
            return;
        }
        for (index, item) in items.iter().enumerate() {
            let own = node
                .get("prefixItems")
                .and_then(|schemas| schemas.get(index));
            if let Some(schema) = own.or_else(|| node.get("items")) {
                self.visit(&path.index(index), item, schema);
            }
        }
    }

    fn visit_choice(&mut self, path: &KeyPath, value: &Value, node: &Value, words: &[String]) {
        let is_among = value
            .as_str()
            .is_some_and(|text| words.iter().any(|word| word == text));
        if is_among || has_null(value, node) {
            return;
        }
        let meant = value
            .as_str()
            .and_then(|text| nearest(text, words.iter().map(String::as_str)))
            .map(str::to_owned);
        let problem = is(path, value);
        self.push(path, problem, Some(words.join(", ")), meant);
    }

    /// Reports the faults of the alternative that the value comes closest to.
    fn visit_alternatives(&mut self, path: &KeyPath, value: &Value, node: &Value, parts: &[Value]) {
        let mut best: Option<Vec<Fault>> = None;
        for part in parts.iter().filter(|part| self.may_be(value, part)) {
            let mut attempt = Checker {
                document: self.document,
                schema: self.schema,
                faults: Vec::new(),
            };
            attempt.visit(path, value, part);
            if best
                .as_ref()
                .is_none_or(|best| attempt.faults.len() < best.len())
            {
                best = Some(attempt.faults);
            }
        }
        match best {
            Some(faults) => self.faults.extend(faults),
            None => self.wrong(path, value, node),
        }
    }

    /// Whether the value has the right type for the alternative.
    fn may_be(&self, value: &Value, part: &Value) -> bool {
        let part = self.schema.resolve(part);
        if self.schema.is_named(part) {
            return value.is_string() || value.is_object();
        }
        if constants(part).is_some() {
            return value.is_string();
        }
        has_type(value, &types(part))
    }

    fn visit_named(&mut self, path: &KeyPath, value: &Value, node: &Value) {
        let Some((kind, entries)) = self.schema.named(node) else {
            return;
        };
        match value {
            Value::String(name) if entries.contains_key(name) => {}
            Value::String(name) => self.unknown_name(path, path, kind, name, entries),
            Value::Object(map) if map.len() == 1 => {
                for (name, options) in map {
                    let child = path.key(name);
                    match entries.get(name) {
                        Some(_) if options.is_null() => {}
                        Some(schema) => self.visit(&child, options, schema),
                        None => self.unknown_name(path, &child, kind, name, entries),
                    }
                }
            }
            Value::Object(map) => {
                let keys: Vec<&str> = map.keys().map(String::as_str).collect();
                let problem = match keys.as_slice() {
                    [] => format!("`{path}` names no {kind}"),
                    keys => format!("`{path}` has {} keys ({})", keys.len(), keys.join(", ")),
                };
                let allowed = format!(
                    "one {kind} by name, its options indented below the name: {}",
                    list(entries)
                );
                self.push(path, problem, Some(allowed), None);
            }
            _ => self.wrong(path, value, node),
        }
    }

    fn unknown_name(
        &mut self,
        path: &KeyPath,
        place: &KeyPath,
        kind: Kind,
        name: &str,
        entries: &Map<String, Value>,
    ) {
        let meant = nearest(name, entries.keys().map(String::as_str)).map(str::to_owned);
        let fault = Fault::new(
            self.document.key_origin(place),
            path,
            format!("unknown {kind} `{name}`"),
        );
        self.faults
            .push(fault.allowed(list(entries)).did_you_mean(meant));
    }

    fn unknown_key(&mut self, path: &KeyPath, key: &str, properties: &Map<String, Value>) {
        let child = path.key(key);
        let meant = option_meant(properties, key)
            .map(str::to_owned)
            .or_else(|| suggest::section_of(self.schema, key));
        let problem = if path.segments().is_empty() {
            format!("unknown key `{key}`")
        } else {
            format!("unknown key `{key}` in `{path}`")
        };
        let allowed = if properties.is_empty() {
            "no options".to_owned()
        } else {
            list(properties)
        };
        let fault = Fault::new(self.document.key_origin(&child), &child, problem);
        self.faults.push(fault.allowed(allowed).did_you_mean(meant));
    }

    fn missing(&mut self, path: &KeyPath, key: &str, property: Option<&Value>) {
        let child = path.key(key);
        let fault = Fault::new(
            self.document.key_origin(path),
            &child,
            format!("`{child}` is missing"),
        );
        self.faults.push(match property {
            Some(property) => fault.allowed(self.schema.describe(property)),
            None => fault,
        });
    }

    /// The value has the wrong type, or lies outside of its range.
    fn wrong(&mut self, path: &KeyPath, value: &Value, node: &Value) {
        let meant = suggest::rewritten(self.schema, value, node);
        let problem = is(path, value);
        self.push(path, problem, Some(self.schema.describe(node)), meant);
    }

    fn push(
        &mut self,
        path: &KeyPath,
        problem: String,
        allowed: Option<String>,
        did_you_mean: Option<String>,
    ) {
        let fault = Fault::new(self.document.origin(path), path, problem);
        self.faults.push(Fault {
            allowed,
            did_you_mean,
            ..fault
        });
    }
}

fn has_type(value: &Value, types: &[&str]) -> bool {
    types.is_empty()
        || types.iter().any(|name| match *name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => true,
        })
}

/// Whether the value is an allowed `null` in a list of choices.
fn has_null(value: &Value, node: &Value) -> bool {
    value.is_null()
        && node
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|all| all.contains(value))
}

fn is_path(node: &Value) -> bool {
    node.get("format").is_some_and(|format| format == "path")
}

fn list(keys: &Map<String, Value>) -> String {
    keys.keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The fact, as in "`training.epochs` is the text `many`".
fn is(path: &KeyPath, value: &Value) -> String {
    let subject = if path.segments().is_empty() {
        "the config".to_owned()
    } else {
        format!("`{path}`")
    };
    match value {
        Value::Null => format!("{subject} has no value"),
        Value::String(text) => format!("{subject} is the text `{text}`"),
        Value::Array(items) if items.len() == 1 => format!("{subject} is a list of 1 item"),
        Value::Array(items) => format!("{subject} is a list of {} items", items.len()),
        Value::Object(_) => format!("{subject} is a mapping"),
        Value::Bool(_) | Value::Number(_) => format!("{subject} is {value}"),
    }
}
