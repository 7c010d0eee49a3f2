//! Entries of one kind.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::{
    Kind, Named, TargetKind,
    check::{Check, Given, OptionFault},
    nearest,
    options::{first_sentence, options_schema, rename_formers},
};
use crate::base::error::Fault;

/// What an entry says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The name that a config writes.
    pub name: String,
    /// The first sentence of the option type's documentation.
    pub summary: String,
    /// The JSON Schema of its options.
    pub schema: Value,
    /// The target kinds it works with; empty means all.
    pub targets: Vec<TargetKind>,
}

impl Description {
    /// The entry's name and options as a file of an earlier version wrote them, with the names that its
    /// options have today (`x-formerly` in their schema).
    pub(crate) fn renamed(&self, named: &Named) -> Named {
        let mut named = named.clone();
        let properties = self.schema.get("properties").and_then(Value::as_object);
        if let (Some(options), Some(properties)) = (named.options.as_object_mut(), properties) {
            rename_formers(options, properties);
        }
        named
    }
}

/// A description with what builds the thing.
#[derive(Debug)]
pub struct Entry<T> {
    /// What the entry says about itself.
    pub description: Description,
    /// What builds the thing from a node of options; its type is the kind's.
    pub build: T,
    checks: Vec<Check>,
}

impl<T> Entry<T> {
    /// Adds an option that whoever uses the entry reads, beside those of its own type.
    pub fn with_option(&mut self, name: &str, schema: Value) -> &mut Self {
        if let Some(map) = self.description.schema.as_object_mut() {
            let properties = map
                .entry("properties")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(properties) = properties.as_object_mut() {
                properties.insert(name.to_owned(), schema);
            }
        }
        self
    }

    /// Adds a check of the options that their schema cannot make, such as of one against another or
    /// against the classes; a config with what it finds is at fault. Several are made in their order.
    pub fn with_check(
        &mut self,
        check: impl Fn(&Given<'_>) -> Option<OptionFault> + Send + Sync + 'static,
    ) -> &mut Self {
        self.checks.push(Check(Box::new(check)));
        self
    }

    /// Says that options left out have these values in the place of their type's defaults.
    pub(crate) fn with_defaults(&mut self, defaults: &Value) -> &mut Self {
        for (name, default) in defaults.as_object().into_iter().flatten() {
            let place = format!("/properties/{name}");
            if let Some(Value::Object(option)) = self.description.schema.pointer_mut(&place) {
                option.insert("default".to_owned(), default.clone());
            }
        }
        self
    }

    /// Limits the entry to some kinds of target; a config that combines it with another is at
    /// fault.
    pub fn only_for(&mut self, targets: &[TargetKind]) -> &mut Self {
        self.description.targets = targets.to_vec();
        self
    }
}

/// Why the registry refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// An entry of that name exists already.
    #[error("the {kind} `{name}` exists already")]
    Duplicate {
        /// What is registered.
        kind: Kind,
        /// The name that is taken.
        name: String,
    },
    /// No entry has that name.
    #[error("unknown {kind} `{name}`")]
    Unknown {
        /// What was looked for.
        kind: Kind,
        /// The name that was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The options of an entry do not fit its type.
    #[error("the options of `{name}` do not fit: {source}")]
    Options {
        /// The entry.
        name: String,
        /// The option that was probably meant by one that there is not.
        meant: Option<String>,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl Fault for RegistryError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown {
                nearest: Some(name),
                known,
                ..
            } => Some(format!(
                "did you mean `{name}`? allowed: {}",
                known.join(", ")
            )),
            Self::Unknown { known, .. } => Some(format!("allowed: {}", known.join(", "))),
            Self::Duplicate { .. } => Some("give the new entry another name".to_owned()),
            Self::Options { meant, .. } => {
                let name = meant.as_ref()?;
                Some(format!("did you mean `{name}`?"))
            }
        }
    }
}

/// The entries of one kind, in the order of registration.
#[derive(Debug)]
pub struct Entries<T> {
    kind: Kind,
    entries: Vec<Entry<T>>,
}

impl<T> Entries<T> {
    /// No entries yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            entries: Vec::new(),
        }
    }

    /// Adds the entry `name` whose options are an `O`.
    ///
    /// The documentation of `O` becomes what users read: its first sentence is the summary, and each
    /// field's is the help of that option. Options should be serde structs with
    /// `deny_unknown_fields` and `default`, so that a name alone is enough.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`] when the name is taken.
    pub fn register<O: JsonSchema>(
        &mut self,
        name: &str,
        build: T,
    ) -> Result<&mut Entry<T>, RegistryError> {
        if self.find(name).is_some() {
            return Err(RegistryError::Duplicate {
                kind: self.kind,
                name: name.to_owned(),
            });
        }
        let schema = options_schema::<O>();
        let documentation = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let summary = first_sentence(documentation);
        let description = Description {
            name: name.to_owned(),
            summary,
            schema,
            targets: Vec::new(),
        };
        self.entries.push(Entry {
            description,
            build,
            checks: Vec::new(),
        });
        let last = self.entries.len() - 1;
        Ok(&mut self.entries[last])
    }

    /// The entry `name`.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] with the names there are, and the most similar one.
    pub fn get(&self, name: &str) -> Result<&Entry<T>, RegistryError> {
        self.find(name).ok_or_else(|| RegistryError::Unknown {
            kind: self.kind,
            name: name.to_owned(),
            nearest: nearest(name, self.names()).map(str::to_owned),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// What the entry `name` finds wrong with options; nothing where there is no such entry.
    pub(crate) fn check(&self, name: &str, given: &Given<'_>) -> Vec<OptionFault> {
        let checks = self.find(name).map_or(&[][..], |entry| &entry.checks);
        checks.iter().filter_map(|check| (check.0)(given)).collect()
    }

    /// The names in the order of registration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .map(|entry| entry.description.name.as_str())
    }

    /// What the entries say about themselves, in the order of registration.
    pub fn descriptions(&self) -> Vec<&Description> {
        self.entries
            .iter()
            .map(|entry| &entry.description)
            .collect()
    }

    fn find(&self, name: &str) -> Option<&Entry<T>> {
        self.entries
            .iter()
            .find(|entry| entry.description.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    /// Blurs the patch.
    ///
    /// More about it.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Blur {
        /// Width.
        sigma: f32,
        /// Ends.
        range: [f32; 2],
    }

    impl Default for Blur {
        fn default() -> Self {
            Self {
                sigma: 0.1,
                range: [0.0, 0.7],
            }
        }
    }

    fn entries() -> Entries<u8> {
        let mut entries = Entries::new(Kind::Augmentation);
        entries
            .register::<Blur>("blur", 7)
            .unwrap()
            .only_for(&[TargetKind::Image]);
        entries
    }

    #[test]
    fn an_entry_describes_itself_by_its_options() {
        let entries = entries();
        let entry = entries.get("blur").unwrap();
        assert_eq!(entry.build, 7);
        assert_eq!(entry.description.summary, "Blurs the patch.");
        assert_eq!(entry.description.targets, [TargetKind::Image]);
        assert_eq!(
            entry.description.schema["properties"]["sigma"]["default"],
            json!(0.1)
        );
        assert_eq!(
            entry.description.schema["properties"]["range"]["default"],
            json!([0.0, 0.7])
        );
    }

    #[test]
    fn unknown_and_duplicate_names_are_refused() {
        let mut entries = entries();
        let error = entries.get("blurr").unwrap_err();
        assert_eq!(error.to_string(), "unknown augmentation `blurr`");
        assert_eq!(error.hint().unwrap(), "did you mean `blur`? allowed: blur");
        let error = entries.register::<Blur>("blur", 1).unwrap_err();
        assert_eq!(error.to_string(), "the augmentation `blur` exists already");
    }
}
