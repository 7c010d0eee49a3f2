//! A name with options.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{RegistryError, options::meant_of};

/// The name of a registry entry with options for it.
///
/// Written `name` (default options), or `{name: {option: value, ...}}`. A field of this type says
/// which kind of entry it names by `#[schemars(extend("x-registry" = "network"))]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The entry's name.
    pub name: String,
    /// Options as a JSON object; those left out take their defaults.
    pub options: Value,
}

impl Named {
    /// The entry `name` with default options.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: Value::Object(Map::new()),
        }
    }

    /// The same, with options of `defaults` where it names none.
    pub(crate) fn with_defaults(&self, defaults: &Value) -> Self {
        let mut options = defaults.clone();
        match (&mut options, &self.options) {
            (Value::Object(all), Value::Object(named)) => all.extend(named.clone()),
            (_, Value::Null) => {}
            (_, named) => options = named.clone(),
        }
        Self {
            name: self.name.clone(),
            options,
        }
    }

    /// The options as the entry's type.
    ///
    /// # Errors
    /// [`RegistryError::Options`] when the options do not fit the type.
    pub fn read<O: JsonSchema + DeserializeOwned>(&self) -> Result<O, RegistryError> {
        serde_json::from_value(self.options.clone()).map_err(|source| RegistryError::Options {
            name: self.name.clone(),
            meant: meant_of::<O>(&self.options),
            source,
        })
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.options {
            Value::Null => serializer.serialize_str(&self.name),
            Value::Object(options) if options.is_empty() => serializer.serialize_str(&self.name),
            options => serializer.collect_map([(&self.name, options)]),
        }
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = match Value::deserialize(deserializer)? {
            Value::String(name) => return Ok(Self::new(&name)),
            Value::Object(map) => map,
            other => return Err(D::Error::custom(format!("expected a name, found {other}"))),
        };
        let mut pairs = map.into_iter();
        match (pairs.next(), pairs.next()) {
            (Some((name, Value::Null)), None) => Ok(Self::new(&name)),
            (Some((name, options)), None) => Ok(Self { name, options }),
            _ => Err(D::Error::custom("expected one name with its options")),
        }
    }
}

impl JsonSchema for Named {
    fn schema_name() -> Cow<'static, str> {
        "Named".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "object"]})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_read_and_written() {
        for (written, name, options, rewritten) in [
            (json!("unet"), "unet", json!({}), json!("unet")),
            (json!({"unet": {}}), "unet", json!({}), json!("unet")),
            (json!({"unet": null}), "unet", json!({}), json!("unet")),
            (
                json!({"unet": {"base": 8}}),
                "unet",
                json!({"base": 8}),
                json!({"unet": {"base": 8}}),
            ),
        ] {
            let named: Named = serde_json::from_value(written).unwrap();
            assert_eq!(
                named,
                Named {
                    name: name.to_owned(),
                    options
                }
            );
            assert_eq!(serde_json::to_value(&named).unwrap(), rewritten);
        }
    }

    #[test]
    fn two_names_or_none_are_refused() {
        for written in [json!({}), json!({"a": {}, "b": {}}), json!(3)] {
            assert!(serde_json::from_value::<Named>(written).is_err());
        }
    }
}
