//! One golden case: its inputs, parameters and expectations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coverslip_image::AlgorithmError;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::compare::compare;
use crate::tensor::Tensor;

/// What an algorithm gave.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) outputs: BTreeMap<&'static str, Tensor>,
    pub(crate) warned: bool,
}

/// Why an algorithm gave nothing.
pub(crate) enum Failure {
    /// A typed error of the library.
    Typed(AlgorithmError),
    /// The case itself is not as expected.
    Case(String),
}

impl From<AlgorithmError> for Failure {
    fn from(error: AlgorithmError) -> Self {
        Self::Typed(error)
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Case(reason)
    }
}

pub(crate) type Run = fn(&Case) -> Result<Outcome, Failure>;

impl Outcome {
    pub(crate) fn with(mut self, name: &'static str, tensor: impl Into<Tensor>) -> Self {
        self.outputs.insert(name, tensor.into());
        self
    }
}

pub(crate) struct Case {
    pub(crate) algorithm: String,
    folder: PathBuf,
    params: Value,
    tolerance: Value,
    expect: Value,
    inputs: BTreeMap<String, Tensor>,
    outputs: BTreeMap<String, Tensor>,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut json: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let (mut inputs, mut outputs) = (BTreeMap::new(), BTreeMap::new());
        let tensors = path.with_extension("safetensors");
        if tensors.exists() {
            let bytes = std::fs::read(tensors).map_err(|error| error.to_string())?;
            let stored = SafeTensors::deserialize(&bytes).map_err(|error| error.to_string())?;
            for (name, view) in stored.tensors() {
                if let Some(name) = name.strip_prefix("in.") {
                    inputs.insert(name.to_owned(), Tensor::read(&view)?);
                } else if let Some(name) = name.strip_prefix("out.") {
                    outputs.insert(name.to_owned(), Tensor::read(&view)?);
                }
            }
        }
        let algorithm = json["algorithm"].as_str().unwrap_or_default().to_owned();
        let [params, tolerance, expect] =
            ["params", "tolerance", "expect"].map(|key| json[key].take());
        Ok(Self {
            algorithm,
            folder: path.parent().unwrap_or(path).to_owned(),
            params,
            tolerance,
            expect,
            inputs,
            outputs,
        })
    }

    pub(crate) fn input(&self, name: &str) -> Result<&Tensor, Failure> {
        self.inputs
            .get(name)
            .ok_or_else(|| Failure::Case(format!("no input `{name}`")))
    }

    /// An input that some cases lack.
    pub(crate) fn optional(&self, name: &str) -> Option<&Tensor> {
        self.inputs.get(name)
    }

    /// The folder of the case, which files it names are in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The shape of a stored output.
    pub(crate) fn shape_of(&self, name: &str) -> Vec<usize> {
        self.outputs
            .get(name)
            .map(|output| output.shape.clone())
            .unwrap_or_default()
    }

    /// Whether the case stores an output.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.outputs.contains_key(name)
    }

    pub(crate) fn param<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let value = self.params.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| Failure::Case(format!("`{name}`: {error}")))
    }

    /// A parameter, or the default of a case that does not name it.
    pub(crate) fn param_or<T: DeserializeOwned>(
        &self,
        name: &str,
        default: T,
    ) -> Result<T, Failure> {
        match self.params.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(_) => self.param(name),
        }
    }

    /// Whether the outcome is what the case expects.
    pub(crate) fn judge(&self, outcome: Result<Outcome, Failure>) -> Result<(), String> {
        let expects_error = self.expect.get("error").is_some();
        let outcome = match outcome {
            Err(Failure::Typed(_)) if expects_error => return Ok(()),
            Err(Failure::Typed(error)) => return Err(format!("error: {error}")),
            Err(Failure::Case(reason)) => return Err(reason),
            Ok(_) if expects_error => return Err("succeeded, expected an error".to_owned()),
            Ok(outcome) => outcome,
        };
        if self.expect.get("warning").is_some() && !outcome.warned {
            return Err("gave no warning, expected one".to_owned());
        }
        for (name, expected) in &self.outputs {
            let tolerance = self.tolerance.get(name).unwrap_or(&Value::Null);
            if tolerance.as_str() == Some("informative") {
                continue;
            }
            let found = outcome.outputs.get(name.as_str());
            let found = found.ok_or_else(|| format!("`{name}` was not computed"))?;
            compare(found, expected, tolerance).map_err(|why| format!("`{name}` {why}"))?;
        }
        Ok(())
    }
}
