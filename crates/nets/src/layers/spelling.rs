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

/// A name, or a map of the name and the settings that differ from its usual ones.
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
                formatter.write_str("a name, or a map with `name` and settings")
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

/// A setting that its layer does not have, or cannot have with this value.
#[derive(Debug, thiserror::Error)]
#[error("setting `{key}` of `{name}`: {problem}")]
pub struct SettingError {
    key: &'static str,
    name: String,
    problem: String,
}

impl SettingError {
    /// Refuses a setting of a layer.
    pub fn new(key: &'static str, name: impl fmt::Debug, problem: impl Into<String>) -> Self {
        // Names are spelled as serde does: in snake case.
        let mut spelled = String::new();
        for letter in format!("{name:?}").chars() {
            if letter.is_ascii_uppercase() && !spelled.is_empty() {
                spelled.push('_');
            }
            spelled.push(letter.to_ascii_lowercase());
        }
        Self {
            key,
            name: spelled,
            problem: problem.into(),
        }
    }

    /// Refuses a number that is not from `least` to `most`.
    pub fn check_range(
        key: &'static str,
        name: impl fmt::Debug,
        value: Option<f64>,
        least: f64,
        most: f64,
    ) -> Result<(), Self> {
        match value {
            Some(value) if !(least..=most).contains(&value) => {
                let problem = format!("{value} is not from {least} to {most}");
                Err(Self::new(key, name, problem))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a setting that only `owner` has.
    pub fn check_owner(
        key: &'static str,
        name: impl fmt::Debug,
        is_given: bool,
        is_owner: bool,
        owner: &str,
    ) -> Result<(), Self> {
        if is_given && !is_owner {
            let problem = format!("only {owner} has it; leave it out");
            return Err(Self::new(key, name, problem));
        }
        Ok(())
    }
}
