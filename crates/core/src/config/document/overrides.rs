//! Single settings given on the command line.

use serde_json::{Map, Value};

use super::{Document, Fault, KeyPath, Origin, Place};
use crate::config::{Schema, key_path::Segment};

/// One `KEY=VALUE`, as in `training.epochs=3` or `loss[0].dice.weight=2`.
///
/// The value is YAML (`{fnet: {depth: 3}}` works); where only text may stand, as for a folder, it
/// is taken as it is. Mappings on the way are made when missing. A named node of another name is
/// replaced: `network.fnet.depth=3` turns `network: {unet: ...}` into `network: {fnet: {depth: 3}}`.
#[derive(Clone, Debug)]
pub struct Override {
    path: KeyPath,
    origin: Origin,
    text: String,
}

impl Override {
    /// Reads `KEY=VALUE`.
    ///
    /// # Errors
    /// A fault when `=` is missing or the key is malformed.
    pub fn parse(argument: &str) -> Result<Self, Box<Fault>> {
        let (key, text) = argument.split_once('=').unwrap_or((argument, ""));
        let set = if key.is_empty() { argument } else { key };
        let origin = Origin::Override {
            set: set.to_owned(),
        };
        let fault = |problem: String| {
            Box::new(
                Fault::new(origin.clone(), &KeyPath::root(), problem)
                    .allowed("KEY=VALUE, as in training.epochs=3 or loss[0].dice.weight=2"),
            )
        };
        if !argument.contains('=') {
            return Err(fault(format!("`{argument}` has no `=`")));
        }
        let path = key
            .parse()
            .map_err(|error| fault(format!("`{key}` is not a key: {error}")))?;
        Ok(Self {
            path,
            origin,
            text: text.to_owned(),
        })
    }
}

impl Document {
    /// Puts the value of an override in its place in the tree.
    ///
    /// # Errors
    /// A fault when the value is not YAML, or when the key walks into a list by name, into a
    /// mapping by number, or past the end of a list. The tree is unchanged then.
    pub fn apply(&mut self, change: &Override, schema: &Schema) -> Result<(), Box<Fault>> {
        let new = read_value(change, schema)?;
        let mut edit = Edit {
            schema,
            origin: &change.origin,
            made: Vec::new(),
            replaced: Vec::new(),
        };
        let mut value = self.value.clone();
        edit.put(&mut value, &KeyPath::root(), change.path.segments(), new)?;
        let Edit { made, replaced, .. } = edit;
        for gone in &replaced {
            self.places.retain(|path, _| !path.starts_with(gone));
        }
        for path in made {
            let origin = change.origin.clone();
            self.places.insert(
                path,
                Place {
                    key: Some(origin.clone()),
                    value: origin,
                },
            );
        }
        self.value = value;
        Ok(())
    }
}

fn read_value(change: &Override, schema: &Schema) -> Result<Value, Box<Fault>> {
    if let Some(node) = schema.at(&change.path)
        && schema.accepts_only_text(node)
    {
        let is_quoted = change.text.starts_with(['"', '\'']);
        let is_null = change.text.is_empty() || change.text == "null" || change.text == "~";
        if !is_quoted && !is_null {
            return Ok(Value::String(change.text.clone()));
        }
    }
    if change.text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let wrong = |fault: &Fault| {
        let problem = format!("in its value, {}", fault.problem);
        Box::new(Fault {
            allowed: fault.allowed.clone(),
            ..change.fault(problem)
        })
    };
    let document = Document::parse("--set", &change.text).map_err(|fault| wrong(&fault))?;
    match document.faults.first() {
        Some(fault) => Err(wrong(fault)),
        None => Ok(document.value),
    }
}

impl Override {
    fn fault(&self, problem: String) -> Fault {
        Fault::new(self.origin.clone(), &self.path, problem)
    }
}

/// The walk down the tree, remembering what it makes and what it removes.
struct Edit<'a> {
    schema: &'a Schema,
    origin: &'a Origin,
    made: Vec<KeyPath>,
    replaced: Vec<KeyPath>,
}

impl Edit<'_> {
    fn put(
        &mut self,
        value: &mut Value,
        path: &KeyPath,
        rest: &[Segment],
        new: Value,
    ) -> Result<(), Box<Fault>> {
        let Some((segment, rest)) = rest.split_first() else {
            self.replaced.push(path.clone());
            self.made.push(path.clone());
            *value = new;
            return Ok(());
        };
        let child = path.child(segment.clone());
        let slot = match segment {
            Segment::Key(key) => self.enter_mapping(value, path, key)?,
            Segment::Index(index) => self.enter_list(value, path, *index)?,
        };
        if slot.is_null() {
            self.made.push(child.clone());
        }
        self.put(slot, &child, rest, new)
    }

    fn enter_mapping<'v>(
        &mut self,
        value: &'v mut Value,
        path: &KeyPath,
        key: &str,
    ) -> Result<&'v mut Value, Box<Fault>> {
        let is_named = self
            .schema
            .at(path)
            .is_some_and(|node| self.schema.is_named(node));
        if value.is_array() {
            let problem = format!("`{path}` is a list");
            let allowed = format!("one item of it by number, as in `{path}[0]`");
            return Err(self.fault(path, problem, allowed));
        }
        let holds_other_name =
            is_named && value.as_object().is_some_and(|map| !map.contains_key(key));
        if !value.is_object() || holds_other_name {
            // A name alone stands for the name with default options, so nothing is lost.
            self.replaced.push(path.clone());
            self.made.push(path.clone());
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(map) => Ok(map.entry(key).or_insert(Value::Null)),
            _ => Err(self.fault(
                path,
                format!("`{path}` has no keys"),
                "a mapping".to_owned(),
            )),
        }
    }

    fn enter_list<'v>(
        &mut self,
        value: &'v mut Value,
        path: &KeyPath,
        index: usize,
    ) -> Result<&'v mut Value, Box<Fault>> {
        if value.is_object() {
            let problem = format!("`{path}` is a mapping, not a list");
            return Err(self.fault(path, problem, format!("a key of it, as in `{path}.KEY`")));
        }
        if !value.is_array() {
            self.replaced.push(path.clone());
            self.made.push(path.clone());
            *value = Value::Array(Vec::new());
        }
        let length = value.as_array().map_or(0, Vec::len);
        match value {
            Value::Array(items) if index <= length => {
                if index == length {
                    items.push(Value::Null);
                }
                Ok(&mut items[index])
            }
            _ => {
                let problem = format!("`{path}` has {length} items, numbered from 0");
                Err(self.fault(path, problem, format!("`{path}[{length}]` to add one")))
            }
        }
    }

    fn fault(&self, path: &KeyPath, problem: String, allowed: String) -> Box<Fault> {
        Box::new(Fault::new(self.origin.clone(), path, problem).allowed(allowed))
    }
}
