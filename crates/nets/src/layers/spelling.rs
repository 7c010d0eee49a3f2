//! How a layer is written in a configuration.

use std::{fmt, marker::PhantomData};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        Error, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};

/// A name, or a map from the name to the settings that differ from its usual ones.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Spelling<N, S> {
    /// With its usual settings.
    Name(N),
    /// With its own.
    Settings(S),
}

impl<'de, N: Deserialize<'de>, S: Deserialize<'de>> Deserialize<'de> for Spelling<N, S> {
    /// Unlike serde's untagged enums it says which name or setting is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<N, S>(PhantomData<(N, S)>);
        impl<'de, N: Deserialize<'de>, S: Deserialize<'de>> Visitor<'de> for Either<N, S> {
            type Value = Spelling<N, S>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name, or a map from a name to its settings")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                N::deserialize(StrDeserializer::new(name)).map(Spelling::Name)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                S::deserialize(MapAccessDeserializer::new(map)).map(Spelling::Settings)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// A setting that its layer cannot have.
#[derive(Debug, thiserror::Error)]
#[error("setting `{key}`: {value} is not from {least} to {most}")]
pub struct SettingError {
    key: &'static str,
    value: f64,
    least: f64,
    most: f64,
}

impl SettingError {
    /// Refuses a number that is not from `least` to `most`.
    pub fn check_range(
        key: &'static str,
        value: Option<f64>,
        [least, most]: [f64; 2],
    ) -> Result<(), Self> {
        match value {
            Some(value) if !(least..=most).contains(&value) => Err(Self {
                key,
                value,
                least,
                most,
            }),
            _ => Ok(()),
        }
    }
}
