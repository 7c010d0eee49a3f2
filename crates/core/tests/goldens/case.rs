//! The files of one case.

use std::{collections::BTreeMap, path::Path};

use burn::tensor::TensorData;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::recipe;

/// A case: a network's hyper-parameters, weights, inputs, and what the reference made of them.
pub struct Case {
    pub config: Value,
    pub weights: BTreeMap<String, TensorData>,
    pub tensors: BTreeMap<String, TensorData>,
}

impl Case {
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(folder.join("config.json"))
            .map_err(|error| format!("config.json: {error}"))?;
        let config: Value =
            serde_json::from_str(&text).map_err(|error| format!("config.json: {error}"))?;
        let seed = config["seed"].as_u64().unwrap_or_default();
        let mut tensors = read_tensors(&folder.join("io.safetensors"))?;
        if let Some(recipes) = config["tensor_recipe"].as_object() {
            for entry in recipes.values() {
                let (name, data) = recipe::tensor(entry, seed)?;
                tensors.insert(name, data);
            }
        }
        let weights = match config["weights_recipe"]["tensors"].as_array() {
            Some(entries) => {
                let seed = config["weights_recipe"]["seed"].as_u64().unwrap_or(seed);
                let tensors = entries.iter().map(|entry| recipe::tensor(entry, seed));
                tensors.collect::<Result<_, _>>()?
            }
            None => read_tensors(&folder.join("weights.safetensors"))?,
        };
        Ok(Self {
            config,
            weights,
            tensors,
        })
    }

    /// The reference's class, or the case's name where the reference has none.
    pub fn kind(&self) -> &str {
        let name = |key: &str| self.config[key].as_str();
        name("class_")
            .or_else(|| name("network"))
            .unwrap_or_default()
    }

    /// A hyper-parameter; null where the case does not have it.
    pub fn hyper(&self, key: &str) -> &Value {
        &self.config["hyper"][key]
    }

    /// Whether images lie `[N, Y, X, C]`.
    pub fn is_keras(&self) -> bool {
        self.config["framework"]
            .as_str()
            .is_some_and(|text| text.contains("Keras"))
    }

    /// Image axes of the main input: 2 or 3.
    pub fn dimensions(&self) -> usize {
        let shapes = self.config["input_shapes"].as_object();
        let first = shapes.and_then(|shapes| shapes.get("input").or(shapes.values().next()));
        let rank = first.and_then(Value::as_array).map_or(4, Vec::len);
        if rank == 5 { 3 } else { 2 }
    }

    pub fn tensor(&self, name: &str) -> Result<&TensorData, String> {
        let missing = || format!("the case lacks the tensor {name}");
        self.tensors.get(name).ok_or_else(missing)
    }

    /// How far the reference's own 32-bit result is from its 64-bit one.
    pub fn conditioning(&self, name: &str) -> f64 {
        self.conditioning_if_known(name).unwrap_or_default()
    }

    /// Whether the reference's result is more than rounding.
    pub fn has_conditioning(&self, name: &str) -> bool {
        self.conditioning_if_known(name).is_some()
    }

    fn conditioning_if_known(&self, name: &str) -> Option<f64> {
        let figures = &self.config["f32_vs_f64_relative"];
        let own = figures[name].as_f64();
        // Several outputs share a figure.
        let shared = name
            .split('/')
            .next()
            .and_then(|first| figures[first].as_f64());
        own.or(shared).or(figures.as_f64())
    }
}

fn read_tensors(path: &Path) -> Result<BTreeMap<String, TensorData>, String> {
    let fault = |error: String| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| fault(error.to_string()))?;
    // Counters have no shape; other whole numbers are class numbers.
    let tensors = file
        .tensors()
        .into_iter()
        .filter(|(_, view)| !view.shape().is_empty());
    let tensors = tensors.map(|(name, view)| {
        let bytes = view.data();
        let values: Vec<f32> = if view.dtype() == Dtype::I64 {
            let numbers = bytes.as_chunks().0.iter();
            numbers
                .map(|bytes| i64::from_le_bytes(*bytes) as f32)
                .collect()
        } else {
            let numbers = bytes.as_chunks().0.iter();
            numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        (name, TensorData::new(values, view.shape().to_vec()))
    });
    Ok(tensors.collect())
}
