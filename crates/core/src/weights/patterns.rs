//! Patterns that name tensors of a network, as in `freeze: ["encoder.*"]`.

use std::collections::BTreeSet;

use coverslip_nets::{AnyNetwork, weights};
use wildmatch::WildMatch;

use crate::{base::words::list, names::nearest};

/// How many names a message lists.
pub(crate) const LISTED: usize = 12;

/// A pattern that no tensor of the network has a name for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tensor of the network is named `{pattern}`")]
pub struct Unmatched {
    /// Which of the patterns, from 0.
    pub index: usize,
    pattern: String,
    near: Option<String>,
    beginnings: Vec<String>,
}

impl Unmatched {
    /// What there is instead.
    pub fn remedy(&self) -> String {
        let near = self.near.as_ref().map(|near| format!("`{near}`, or "));
        format!(
            "{}names that begin with {}; `*` stands for any text",
            near.unwrap_or_default(),
            list(&self.beginnings, LISTED)
        )
    }
}

/// The first of the patterns that no tensor of the network has a name for.
pub(crate) fn unmatched(freeze: &[String], network: &AnyNetwork) -> Option<Unmatched> {
    let names = names(network);
    let is_unmatched = |pattern: &WildMatch| !names.iter().any(|name| pattern.matches(name));
    let index = patterns(freeze).iter().position(is_unmatched)?;
    let pattern = freeze[index].clone();
    let mut candidates = names.clone();
    let mut beginnings = Vec::new();
    for name in &names {
        for (dot, _) in name.match_indices(['.', '/']) {
            candidates.insert(format!("{}*", &name[..=dot]));
        }
        let first = name.split_inclusive(['.', '/']).next().unwrap_or(name);
        if !beginnings.iter().any(|beginning| beginning == first) {
            beginnings.push(first.to_owned());
        }
    }
    let near = nearest(&pattern, candidates.iter().map(String::as_str)).map(str::to_owned);
    Some(Unmatched {
        index,
        pattern,
        near,
        beginnings,
    })
}

pub(crate) fn patterns(freeze: &[String]) -> Vec<WildMatch> {
    freeze
        .iter()
        .map(|pattern| WildMatch::new(pattern))
        .collect()
}

pub(crate) fn matches(frozen: &[WildMatch], name: &str) -> bool {
    frozen.iter().any(|pattern| pattern.matches(name))
}

/// The names that files may have a network's tensors under.
pub(crate) fn names(network: &AnyNetwork) -> BTreeSet<String> {
    let tensors = weights::tensors(network).into_iter();
    tensors.flat_map(|tensor| tensor.names).collect()
}
