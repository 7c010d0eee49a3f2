//! Which tensors of a file of weights are meant, and what their names begin with.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Contents, WeightsFileError};

/// Keys that training programs keep the state dict of their network under.
const KEYS: [&str; 6] = [
    "state_dict",
    "model_state_dict",
    "network_weights",
    "model",
    "net",
    "network",
];
/// What wrappers put before the names: `DataParallel`, Lightning modules, `torch.compile`.
const PREFIXES: [&str; 4] = ["module.", "net.", "model.", "_orig_mod."];

/// Which tensors of a file are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// The entry that holds the state dict, keys with dots between; found when absent.
    pub key: Option<String>,
    /// What the names begin with that the network's do not; found when absent. Tensors without it
    /// are set aside.
    pub strip: Option<String>,
}

impl Choice {
    /// A wrapper's prefix that some of the names have.
    pub(crate) fn likely_prefix(names: &[String]) -> Option<String> {
        let begins = |name: &String| PREFIXES.iter().find(|prefix| name.starts_with(**prefix));
        names
            .iter()
            .find_map(begins)
            .map(|&prefix| prefix.to_owned())
    }
}

/// The tensors that a choice came to.
pub(super) struct Chosen {
    /// Name in the network to name in the file.
    pub(super) names: BTreeMap<String, String>,
    pub(super) choice: Choice,
    pub(super) set_aside: Vec<String>,
}

/// Finds the tensors of the network whose tensors have the names `expected`.
pub(super) fn choose(
    path: &Path,
    contents: &Contents,
    choice: &Choice,
    expected: &dyn Fn(&str) -> bool,
) -> Result<Chosen, WeightsFileError> {
    let key = match &choice.key {
        Some(key) => Some(key.clone()),
        None => found_key(path, contents)?,
    };
    let inside = key.as_ref().map_or(String::new(), |key| format!("{key}."));
    let names = without(&inside, contents.tensors.keys().map(|full| (full, full)));
    if names.is_empty() {
        let found = contents.others.iter().chain(&contents.groups);
        return Err(WeightsFileError::NoTensors {
            path: path.to_owned(),
            key: choice.key.clone(),
            found: found.cloned().collect(),
        });
    }
    let strip = match &choice.strip {
        Some(prefix) => prefix.clone(),
        None => found_prefix(&names, expected),
    };
    let chosen = without(&strip, &names);
    if chosen.is_empty() {
        return Err(WeightsFileError::Prefix {
            path: path.to_owned(),
            prefix: strip,
            names: names.into_keys().collect(),
        });
    }
    let used: BTreeSet<&String> = chosen.values().collect();
    let set_aside = contents.tensors.keys().filter(|full| !used.contains(full));
    Ok(Chosen {
        set_aside: set_aside.cloned().collect(),
        names: chosen,
        choice: Choice {
            key,
            strip: Some(strip).filter(|prefix| !prefix.is_empty()),
        },
    })
}

/// Those of the names that begin with `prefix`, without it, and their names in the file.
fn without<'a>(
    prefix: &str,
    names: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<String, String> {
    let stripped = names
        .into_iter()
        .filter_map(|(name, full)| Some((name.strip_prefix(prefix)?.to_owned(), full.clone())));
    stripped.collect()
}

/// The entry with the state dict; `None` when the whole file is one.
fn found_key(path: &Path, contents: &Contents) -> Result<Option<String>, WeightsFileError> {
    let known = KEYS.iter().filter(|key| {
        let is_there = |group: &String| group == *key;
        contents.groups.iter().any(is_there)
    });
    let known: Vec<String> = known.map(|&key| key.to_owned()).collect();
    match (known.as_slice(), contents.groups.as_slice()) {
        ([key], _) | ([], [key]) => Ok(Some(key.clone())),
        ([], _) => Ok(None),
        (keys, _) => Err(WeightsFileError::Ambiguous {
            path: path.to_owned(),
            keys: keys.to_vec(),
        }),
    }
}

/// What all names begin with, taken off as often as that gives the network more of its tensors.
fn found_prefix(names: &BTreeMap<String, String>, expected: &dyn Fn(&str) -> bool) -> String {
    let hits = |prefix: &str| {
        let stripped = names.keys().filter_map(|name| name.strip_prefix(prefix));
        stripped.filter(|name| expected(name)).count()
    };
    let (mut prefix, mut best) = (String::new(), (hits(""), String::new()));
    while let Some(next) = PREFIXES.iter().find(|next| {
        let longer = format!("{prefix}{next}");
        names.keys().all(|name| name.starts_with(&longer))
    }) {
        prefix += next;
        let count = hits(&prefix);
        if count > best.0 {
            best = (count, prefix.clone());
        }
    }
    best.1
}
