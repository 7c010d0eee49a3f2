//! Rules of training and of instances: optimisers, schedules, averages, pools, centres, clusters.
//!
//! A case is a `config.json` whose key `loss` names it, and a `golden.safetensors`.

#[path = "rules/embedseg.rs"]
mod embedseg;
#[path = "rules/optimizers.rs"]
mod optimizers;
#[path = "rules/pool.rs"]
mod pool;
#[path = "rules/schedules.rs"]
mod schedules;

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::numbers::{self, Numbers};

/// How far a value may be from the reference's, relative to the largest.
const TOLERANCE: f64 = 1e-5;

/// Gives a line about what was compared.
type Check = fn(&RuleCase) -> Result<String, String>;

/// What checks the cases of a name; their ends say what is special about them.
const CHECKS: [(&str, Check); 6] = [
    ("optimizers", optimizers::check),
    ("lr_schedules", schedules::check),
    ("weight_averaging", optimizers::check_averages),
    ("image_pool", pool::check),
    ("embedseg_centers", embedseg::check_centers),
    ("embedseg_cluster", embedseg::check_cluster),
];

/// Checks the case in a folder; `None` when it is about something else.
pub fn check(folder: &Path) -> Option<Result<String, String>> {
    let config = config(folder)?;
    let check = check_of(&config)?;
    Some(RuleCase::read(folder, config).and_then(|case| check(&case)))
}

fn config(folder: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(folder.join("config.json")).ok()?;
    serde_json::from_str(&text).ok()
}

fn check_of(config: &Value) -> Option<Check> {
    let name = config["loss"].as_str()?;
    let found = CHECKS.iter().find(|(family, _)| name.starts_with(family));
    found.map(|(_, check)| *check)
}

/// The files of one case.
pub struct RuleCase {
    pub config: Value,
    tensors: BTreeMap<String, Numbers>,
}

impl RuleCase {
    fn read(folder: &Path, config: Value) -> Result<Self, String> {
        let tensors = numbers::read(&folder.join("golden.safetensors"))?;
        Ok(Self { config, tensors })
    }

    pub fn tensor(&self, name: &str) -> Result<&Numbers, String> {
        let missing = || format!("the case lacks the tensor {name}");
        self.tensors.get(name).ok_or_else(missing)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The hyper-parameters by the names of what they belong to.
    pub fn params(&self) -> Result<&serde_json::Map<String, Value>, String> {
        let params = self.config["params"].as_object();
        params.ok_or_else(|| "the case has no params".to_owned())
    }
}

/// Compares with the tolerance; `what` is for the message.
pub fn compare(what: &str, found: &[f64], expected: &[f64]) -> Result<(), String> {
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(format!("{what} has {found} values instead of {expected}"));
    }
    let largest = expected
        .iter()
        .fold(0.0f64, |most, value| most.max(value.abs()));
    let pairs = || found.iter().zip(expected);
    let far = |&(a, b): &(&f64, &f64)| (a - b).abs() > TOLERANCE * largest || a.is_nan();
    match pairs().position(|pair| far(&pair)) {
        None => Ok(()),
        Some(at) => Err(format!(
            "{what} is {} instead of {} at {at}",
            found[at], expected[at]
        )),
    }
}

/// A number, or a product or quotient of numbers in which `lr0` stands for `rate`.
pub fn rate_of(value: &Value, rate: f64) -> Result<f64, String> {
    if let Some(number) = value.as_f64() {
        return Ok(number);
    }
    let text = value.as_str().unwrap_or_default();
    let factor = |text: &str| match text.trim() {
        "lr0" => Ok(rate),
        number => number
            .parse::<f64>()
            .map_err(|_| format!("{value} is no rate")),
    };
    if let Some((left, right)) = text.split_once('*') {
        return Ok(factor(left)? * factor(right)?);
    }
    match text.split_once('/') {
        Some((left, right)) => Ok(factor(left)? / factor(right)?),
        None => factor(text),
    }
}

/// The numbers in a text.
pub fn numbers_in(text: &str) -> Vec<f64> {
    let parts = text.split(|sign: char| !sign.is_ascii_digit() && sign != '.');
    parts.filter_map(|part| part.parse().ok()).collect()
}
