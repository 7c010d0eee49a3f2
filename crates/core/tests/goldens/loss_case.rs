//! The files of a case of a loss: inputs, value and gradients.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};
use serde_json::Value;

use super::numbers::{self, Numbers};

/// Tolerance of a value, relative to the value or to 1, of which similarities are taken.
const VALUE: f64 = 1e-5;
/// Tolerance of a gradient, relative to its largest entry.
const GRADIENT: f64 = 1e-4;

/// A loss's options, inputs, and what the reference made of them.
pub struct LossCase {
    pub name: String,
    pub config: Value,
    numbers: BTreeMap<String, Numbers>,
    /// The inputs that were asked for, by name.
    leaves: RefCell<BTreeMap<String, Tensor<5>>>,
    precision: FloatDType,
}

/// A value that a case specifies.
pub struct Found {
    /// The tensor that holds the expected value.
    pub value: &'static str,
    /// What the names of its gradients begin with.
    pub gradients: &'static str,
    pub loss: Tensor<1>,
}

impl Found {
    /// The main value of a case.
    pub fn main(loss: Tensor<1>) -> Vec<Self> {
        vec![Self {
            value: "value",
            gradients: "grad/",
            loss,
        }]
    }
}

impl LossCase {
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(folder.join("config.json"))
            .map_err(|error| format!("config.json: {error}"))?;
        let config: Value =
            serde_json::from_str(&text).map_err(|error| format!("config.json: {error}"))?;
        Ok(Self {
            name: config["loss"].as_str().unwrap_or_default().to_owned(),
            config,
            numbers: numbers::read(&folder.join("golden.safetensors"))?,
            leaves: RefCell::default(),
            precision: FloatDType::F32,
        })
    }

    /// The same, computed in double precision.
    pub fn wide(self) -> Self {
        Self {
            precision: FloatDType::F64,
            ..self
        }
    }

    pub fn numbers(&self, name: &str) -> Result<&Numbers, String> {
        let missing = || format!("the case lacks the tensor {name}");
        self.numbers.get(name).ok_or_else(missing)
    }

    pub fn has(&self, name: &str) -> bool {
        self.numbers.contains_key(name)
    }

    /// An option of the case, or its default.
    pub fn option(&self, name: &str, default: f64) -> f64 {
        let params = self.config["params"][name].as_f64();
        self.config[name].as_f64().or(params).unwrap_or(default)
    }

    /// One number for each class.
    pub fn vector(&self, name: &str) -> Result<Vec<f32>, String> {
        let numbers = self.numbers(name)?;
        Ok(numbers.floats())
    }

    /// A constant `[N, C, Z, Y, X]`; axes that the file leaves out have one entry.
    pub fn constant(&self, name: &str) -> Result<Tensor<5>, String> {
        Ok(Tensor::from_inner(self.inner(name)?))
    }

    /// An input whose gradient the case may specify.
    pub fn leaf(&self, name: &str) -> Result<Tensor<5>, String> {
        if let Some(leaf) = self.leaves.borrow().get(name) {
            return Ok(leaf.clone());
        }
        let leaf = Tensor::from_inner(self.inner(name)?).require_grad();
        self.leaves
            .borrow_mut()
            .insert(name.to_owned(), leaf.clone());
        Ok(leaf)
    }

    fn inner(&self, name: &str) -> Result<Tensor<5>, String> {
        let numbers = self.numbers(name)?;
        let shape = match numbers.shape[..] {
            [n] => [n, 1, 1, 1, 1],
            [n, c] => [n, c, 1, 1, 1],
            [n, y, x] => [n, 1, 1, y, x],
            [n, c, y, x] => [n, c, 1, y, x],
            [n, c, z, y, x] => [n, c, z, y, x],
            _ => return Err(format!("{name} has the shape {:?}", numbers.shape)),
        };
        let data = TensorData::new(numbers.values.clone(), shape);
        let wide = Tensor::<5>::from_data(data, (&Device::flex(), burn::tensor::DType::F64));
        Ok(wide.cast(self.precision))
    }

    /// Compares all values and gradients; says in a line what was compared.
    pub fn compare(&self, found: Vec<Found>) -> Result<String, String> {
        let (mut worst, mut count) = (0.0f64, 0);
        for Found {
            value,
            gradients: prefix,
            loss,
        } in found
        {
            let expected = self.numbers(value)?.values[0];
            let gradients = loss.backward();
            let number = loss.into_data().iter::<f64>().next().unwrap_or(f64::NAN);
            let tolerance = VALUE * (1.0 / expected.abs()).max(1.0);
            worst = worst.max(close(value, &[number], &[expected], tolerance)?);
            count += 1;
            for (name, expected) in &self.numbers {
                let Some(input) = name.strip_prefix(prefix) else {
                    continue;
                };
                let found = self.gradient(input, &gradients)?;
                worst = worst.max(close(name, &found, &expected.values, GRADIENT)?);
                count += 1;
            }
        }
        Ok(format!(
            "{count} tensors, worst at {worst:.2} of its tolerance"
        ))
    }

    /// The gradient by an input; zero where the loss does not depend on it.
    fn gradient(&self, input: &str, gradients: &Gradients) -> Result<Vec<f64>, String> {
        let leaves = self.leaves.borrow();
        let unused = || format!("nothing was computed of the input {input}");
        let leaf = leaves.get(input).ok_or_else(unused)?;
        Ok(match leaf.grad(gradients) {
            Some(gradient) => gradient.into_data().iter::<f64>().collect(),
            None => vec![0.0; leaf.shape().num_elements()],
        })
    }
}

/// The largest difference as a share of the tolerance.
fn close(name: &str, found: &[f64], expected: &[f64], tolerance: f64) -> Result<f64, String> {
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(format!("{name} has {found} values, {expected} expected"));
    }
    let largest = expected
        .iter()
        .fold(0.0f64, |most, value| most.max(value.abs()));
    let pairs = found.iter().zip(expected);
    let difference = pairs.fold(0.0f64, |most, (found, expected)| {
        let difference = (found - expected).abs();
        if difference.is_nan() {
            f64::INFINITY
        } else {
            most.max(difference)
        }
    });
    if difference > tolerance * largest {
        let share = difference / largest;
        return Err(format!(
            "{name} differs by {share:.2e} of its largest value, {tolerance:.0e} allowed"
        ));
    }
    Ok(if largest > 0.0 {
        difference / largest / tolerance
    } else {
        0.0
    })
}
