//! Fills in defaults and makes paths absolute.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::schema::alternatives;
use super::{Document, KeyPath, Origin, Schema};

/// The document's tree with every default written out, in the schema's order of keys.
///
/// A path in the file is relative to `folder`, one given by `--set` to the working directory.
/// The document must have passed its check.
pub(super) fn complete(document: &Document, schema: &Schema, folder: &Path) -> Value {
    let completer = Completer {
        document,
        schema,
        folder,
    };
    completer.visit(&KeyPath::root(), document.value(), schema.as_json())
}

struct Completer<'a> {
    document: &'a Document,
    schema: &'a Schema,
    folder: &'a Path,
}

impl Completer<'_> {
    fn visit(&self, path: &KeyPath, value: &Value, node: &Value) -> Value {
        let node = self.schema.resolve(node);
        if let Some((_, entries)) = self.schema.named(node) {
            return self.visit_named(path, value, entries);
        }
        if let Some(parts) = alternatives(node) {
            return match parts.iter().find(|part| self.fits(value, part)) {
                Some(part) => self.visit(path, value, part),
                None => value.clone(),
            };
        }
        match value {
            Value::Object(map) => self.visit_mapping(path, map, node),
            Value::Array(items) => self.visit_list(path, items, node),
            Value::String(text) if node.get("format").is_some_and(|format| format == "path") => {
                Value::String(self.absolute(path, text))
            }
            other => other.clone(),
        }
    }

    /// Enough to tell the alternatives of a checked document apart: the type, and for a mapping
    /// that the alternative knows all keys and requires none that is absent.
    fn fits(&self, value: &Value, part: &Value) -> bool {
        let part = self.schema.resolve(part);
        if self.schema.is_named(part) {
            return value.is_string() || value.is_object();
        }
        match value {
            Value::Object(map) => {
                let knows = |key: &String| part.pointer("/properties").and_then(|all| all.get(key));
                let required = part.get("required").and_then(Value::as_array);
                map.keys().all(|key| knows(key).is_some())
                    && required.is_none_or(|keys| {
                        keys.iter()
                            .filter_map(Value::as_str)
                            .all(|key| map.contains_key(key))
                    })
            }
            Value::Array(_) => part.get("items").is_some() || part.get("prefixItems").is_some(),
            _ => part.get("properties").is_none() && part.get("items").is_none(),
        }
    }

    fn visit_named(&self, path: &KeyPath, value: &Value, entries: &Map<String, Value>) -> Value {
        let (name, options) = match value {
            Value::String(name) => (name, &Value::Null),
            Value::Object(map) => match map.iter().next() {
                Some((name, options)) => (name, options),
                None => return value.clone(),
            },
            other => return other.clone(),
        };
        let empty = Value::Object(Map::new());
        let options = if options.is_null() { &empty } else { options };
        let filled = match entries.get(name) {
            Some(schema) => self.visit(&path.key(name), options, schema),
            None => options.clone(),
        };
        Value::Object(Map::from_iter([(name.clone(), filled)]))
    }

    fn visit_mapping(&self, path: &KeyPath, map: &Map<String, Value>, node: &Value) -> Value {
        let mut filled = Map::new();
        let properties = node.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            if let Some(value) = map.get(key).or_else(|| property.get("default")) {
                filled.insert(key.clone(), self.visit(&path.key(key), value, property));
            }
        }
        for (key, value) in map {
            if !filled.contains_key(key) {
                filled.insert(key.clone(), value.clone());
            }
        }
        Value::Object(filled)
    }

    fn visit_list(&self, path: &KeyPath, items: &[Value], node: &Value) -> Value {
        let visit = |(index, item)| {
            let own = node
                .get("prefixItems")
                .and_then(|schemas| schemas.get(index));
            match own.or_else(|| node.get("items")) {
                Some(schema) => self.visit(&path.index(index), item, schema),
                None => item.clone(),
            }
        };
        Value::Array(items.iter().enumerate().map(visit).collect())
    }

    fn absolute(&self, path: &KeyPath, text: &str) -> String {
        let written = match self.document.origin(path) {
            Origin::File { .. } => self.folder.join(text),
            Origin::Override { .. } => PathBuf::from(text),
        };
        // Fails only without a working directory; then reading the file will say so.
        let absolute = std::path::absolute(&written).unwrap_or(written);
        absolute.to_string_lossy().into_owned()
    }
}
