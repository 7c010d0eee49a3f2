//! One golden case: its inputs, parameters and expectations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::measure::coco::CocoError;
use ndarray::{Array2, Ix2};
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::canonical::{compare_contours, is_canonical};
use crate::compare::{compare, compare_all};
use crate::tensor::{Element, Tensor};

/// What an algorithm gave.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) outputs: BTreeMap<String, Tensor>,
    pub(crate) warned: bool,
}

/// Why an algorithm gave nothing.
pub(crate) enum Failure {
    /// A typed error of the library.
    Typed(Box<dyn std::error::Error>),
    /// The case itself is not as expected.
    Case(String),
}

impl From<AlgorithmError> for Failure {
    fn from(error: AlgorithmError) -> Self {
        Self::Typed(error.into())
    }
}

impl From<CocoError> for Failure {
    fn from(error: CocoError) -> Self {
        Self::Typed(error.into())
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Case(reason)
    }
}

pub(crate) type Run = fn(&Case) -> Result<Outcome, Failure>;

impl Outcome {
    pub(crate) fn with(mut self, name: impl Into<String>, tensor: impl Into<Tensor>) -> Self {
        self.outputs.insert(name.into(), tensor.into());
        self
    }
}

pub(crate) struct Case {
    pub(crate) algorithm: String,
    /// The folder that the case is in.
    pub(crate) folder: PathBuf,
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
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
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

    /// An input of two axes.
    pub(crate) fn image<T: Element>(&self, name: &str) -> Result<Array2<T>, Failure> {
        let array = self.input(name)?.array();
        let image = array.into_dimensionality::<Ix2>();
        image.map_err(|error| Failure::Case(format!("`{name}`: {error}")))
    }

    /// An input that some cases lack.
    pub(crate) fn optional(&self, name: &str) -> Option<&Tensor> {
        self.inputs.get(name)
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

    /// Whether a stored output is of truth values.
    pub(crate) fn is_bool(&self, name: &str) -> bool {
        let output = self.outputs.get(name);
        output.is_some_and(|output| output.dtype == Some(safetensors::Dtype::BOOL))
    }

    pub(crate) fn param<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let value = self.params.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| Failure::Case(format!("`{name}`: {error}")))
    }

    /// Something that the case expects and stores no array for.
    pub(crate) fn expected<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        serde_json::from_value(self.expect[name].clone())
            .map_err(|error| Failure::Case(format!("`{name}`: {error}")))
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
            let result = if is_canonical(tolerance) {
                compare_contours(name, &outcome.outputs, &self.outputs)
            } else {
                compare(found, expected, tolerance)
            };
            result.map_err(|why| format!("`{name}` {why}"))?;
        }
        if let Some(value) = self.expect.get("all") {
            let mut found = outcome.outputs.iter();
            found.try_for_each(|(name, found)| {
                compare_all(found, value).map_err(|why| format!("`{name}` {why}"))
            })?;
        }
        Ok(())
    }
}
