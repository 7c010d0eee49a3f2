//! The JSON Schema of a config: the settings with the registry's entries filled in.

mod describe;

pub(crate) use describe::constants;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::KeyPath;
use super::key_path::Segment;
use super::settings::Settings;
use crate::{
    framework::Needs,
    names::{Description, Kind, ordered},
    registry::Registry,
};

/// Marks a field of the settings as a named node; its value is the kind.
const NAMED_FIELD: &str = "x-registry";
/// Marks the definition of a kind's named node.
const NAMED_DEFINITION: &str = "x-named";

/// The JSON Schema (draft 2020-12) of a config.
///
/// Besides the standard's keywords, text that names a file or folder carries `format: path`, and a
/// node that names a registry entry refers to a definition marked `x-named`.
#[derive(Clone, Debug)]
pub struct Schema {
    root: Value,
}

impl Schema {
    /// The schema of the settings with the entries of `registry`.
    pub fn new(registry: &Registry) -> Self {
        let mut root = ordered(&SchemaGenerator::default().into_root_schema_for::<Settings>());
        let mut definitions = Map::new();
        for kind in Kind::ALL {
            let entries = registry.descriptions(kind);
            let named = named_definition(kind, &entries, &mut definitions);
            definitions.insert(kind.word().to_owned(), named);
        }
        if let Some(map) = root.get_mut("$defs").and_then(Value::as_object_mut) {
            definitions.append(map);
        }
        if let Some(map) = root.as_object_mut() {
            map.insert("$defs".to_owned(), Value::Object(definitions));
        }
        link_named_fields(&mut root);
        Self { root }
    }

    /// The same for configs of a framework that needs targets or a loss, which others may leave out.
    pub(crate) fn requiring(mut self, needs: Needs) -> Self {
        let mut require = |node: &str, key: &str| {
            let node = self.root.pointer_mut(node).and_then(Value::as_object_mut);
            let required = node.map(|node| node.entry("required").or_insert_with(|| json!([])));
            if let Some(Value::Array(required)) = required {
                required.push(json!(key));
            }
        };
        if needs.targets {
            require("/$defs/ImagePairs", "target");
        }
        if needs.loss {
            require("", "loss");
            let loss = self.root.pointer_mut("/properties/loss");
            if let Some(loss) = loss.and_then(Value::as_object_mut) {
                loss.insert("minItems".to_owned(), json!(1));
            }
        }
        self
    }

    /// The schema as JSON, for editors.
    pub fn as_json(&self) -> &Value {
        &self.root
    }

    /// Follows `$ref` until a schema stands there; a reference to nowhere is the schema `true`.
    pub(crate) fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        let mut node = node;
        while let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            node = target.unwrap_or(&Value::Bool(true));
        }
        node
    }

    /// The schema of the value at `path`; `None` where nothing is declared.
    pub(crate) fn at(&self, path: &KeyPath) -> Option<&Value> {
        let mut node = &self.root;
        for segment in path.segments() {
            node = self.step(node, segment)?;
        }
        Some(node)
    }

    fn step<'a>(&'a self, node: &'a Value, segment: &Segment) -> Option<&'a Value> {
        let node = self.resolve(node);
        let direct = match segment {
            Segment::Key(key) => node
                .get("properties")
                .and_then(|properties| properties.get(key))
                .or_else(|| {
                    node.get("additionalProperties")
                        .filter(|schema| schema.is_object())
                }),
            Segment::Index(index) => node
                .get("prefixItems")
                .and_then(|items| items.get(*index))
                .or_else(|| node.get("items")),
        };
        direct.or_else(|| {
            alternatives(node)?
                .iter()
                .find_map(|alternative| self.step(alternative, segment))
        })
    }

    /// Whether the node is a name with options.
    pub(crate) fn is_named(&self, node: &Value) -> bool {
        self.resolve(node).get(NAMED_DEFINITION).is_some()
    }

    /// The kind of a named node and the schemas of its options by name.
    pub(crate) fn named<'a>(&'a self, node: &'a Value) -> Option<(Kind, &'a Map<String, Value>)> {
        let node = self.resolve(node);
        let kind = Kind::from_word(node.get(NAMED_DEFINITION)?.as_str()?)?;
        let options = node.get("anyOf")?.get(1)?.get("properties")?.as_object()?;
        Some((kind, options))
    }

    /// Whether a text (or nothing) is all that may stand there, and any text may.
    pub(crate) fn accepts_only_text(&self, node: &Value) -> bool {
        let types = types(self.resolve(node));
        !types.is_empty() && types.iter().all(|name| matches!(*name, "string" | "null"))
    }
}

/// The type names that the schema lists.
pub(crate) fn types(node: &Value) -> Vec<&str> {
    match node.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The alternatives of `anyOf` or `oneOf`.
pub(crate) fn alternatives(node: &Value) -> Option<&Vec<Value>> {
    node.get("anyOf").or_else(|| node.get("oneOf"))?.as_array()
}

/// `name` or `{name: {options}}` for the entries of a kind.
fn named_definition(
    kind: Kind,
    entries: &[&Description],
    definitions: &mut Map<String, Value>,
) -> Value {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let mut options = Map::new();
    for entry in entries {
        let mut schema = entry.schema.clone();
        if let Some(Value::Object(own)) = schema
            .as_object_mut()
            .and_then(|map| map.shift_remove("$defs"))
        {
            definitions.extend(own);
        }
        options.insert(entry.name.clone(), schema);
    }
    json!({
        NAMED_DEFINITION: kind.word(),
        "description": format!("The name of {}, or its name with options.", kind.with_article()),
        "anyOf": [
            {"type": "string", "enum": names},
            {
                "type": "object",
                "properties": options,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    })
}

/// Replaces the schema of each field marked as a named node by a reference to its definition.
fn link_named_fields(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(link_named_fields),
        Value::Object(map) => {
            if let Some(Value::String(kind)) = map.shift_remove(NAMED_FIELD) {
                link(map, &kind);
            }
            map.values_mut().for_each(link_named_fields);
        }
        _ => {}
    }
}

fn link(map: &mut Map<String, Value>, kind: &str) {
    let reference = json!({"$ref": format!("#/$defs/{kind}")});
    let node = Value::Object(map.clone());
    let types = types(&node);
    if types.contains(&"array") {
        map.insert("items".to_owned(), reference);
    } else if types.contains(&"null") {
        map.shift_remove("type");
        map.insert("anyOf".to_owned(), json!([reference, {"type": "null"}]));
    } else {
        map.shift_remove("type");
        map.insert("$ref".to_owned(), Value::String(format!("#/$defs/{kind}")));
    }
}
