//! Optimisers, clipping and averages of weights, step by step.

use burn::{
    module::Param,
    tensor::{Device, Tensor},
};
use coverslip::registry::Registry;
use coverslip::{
    learning::{
        averaging::{Ema, Swa, WeightAverage},
        optimizer::{ClipGradient, Optimizer, SgdOptions},
        schedule::Pace,
    },
    names::Named,
};
use serde_json::{Map, Value};

use super::{RuleCase, compare};

type Weights = Param<Tensor<1>>;

fn weights(values: &[f32]) -> Weights {
    let device = Device::flex().autodiff();
    Param::from_tensor(Tensor::from_floats(values, &device))
}

fn values(weights: &Weights) -> Vec<f64> {
    let data = weights.val().into_data();
    data.iter::<f32>().map(f64::from).collect()
}

/// A step with a given gradient.
fn step(optimizer: &mut Optimizer, weights: Weights, gradient: &[f64]) -> Weights {
    let gradient: Vec<f32> = gradient.iter().map(|&value| value as f32).collect();
    let factors = Tensor::<1>::from_floats(gradient.as_slice(), &weights.val().device());
    let gradients = (weights.val() * factors).sum().backward();
    optimizer.step(weights, gradients, Pace::default())
}

pub fn check(case: &RuleCase) -> Result<String, String> {
    let registry = Registry::builtin().map_err(|error| error.to_string())?;
    let start = case.tensor("w0")?.floats();
    let gradients = case.tensor("grads")?;
    for (name, hyper) in case.params()? {
        let named = named(name, hyper)?;
        let build = registry.optimizers.get(&named.name);
        let build = &build.map_err(|error| error.to_string())?.build;
        let rule = build(&named).map_err(|error| error.to_string())?;
        let mut optimizer = Optimizer::new(rule, None);
        let mut present = weights(&start);
        let mut course = Vec::new();
        for gradient in gradients.rows() {
            present = step(&mut optimizer, present, gradient);
            course.extend(values(&present));
        }
        compare(name, &course, &case.tensor(&format!("w/{name}"))?.values)?;
    }
    let clipped: Vec<&str> = case
        .names()
        .filter(|name| name.starts_with("clipped_"))
        .collect();
    for name in &clipped {
        check_clipping(case, name)?;
    }
    let (rules, limits) = (case.params()?.len(), clipped.len());
    Ok(format!("{rules} optimisers, {limits} limits"))
}

/// Our name and options of what PyTorch calls by its own.
fn named(name: &str, hyper: &Value) -> Result<Named, String> {
    let kinds = ["adamw", "adam", "amsgrad", "sgd", "rmsprop"];
    let kind = kinds.iter().find(|kind| name.starts_with(**kind));
    let kind = match *kind.ok_or_else(|| format!("unknown optimiser {name}"))? {
        "amsgrad" => "adam",
        kind => kind,
    };
    let mut options = Map::new();
    for (key, value) in hyper.as_object().into_iter().flatten() {
        let key = match key.as_str() {
            "lr" => "learning_rate",
            "eps" => "epsilon",
            own => own,
        };
        options.insert(key.to_owned(), value.clone());
    }
    Ok(Named {
        name: kind.to_owned(),
        options: Value::Object(options),
    })
}

/// Steps of size 1 from zero move by the clipped gradient.
fn check_clipping(case: &RuleCase, name: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<f64>().map_err(|error| error.to_string());
    let clip = if let Some(most) = name.strip_prefix("clipped_norm") {
        ClipGradient::Norm(number(most)?)
    } else if let Some(most) = name.strip_prefix("clipped_value") {
        ClipGradient::Value(number(most)?)
    } else {
        return Err(format!("unknown limit {name}"));
    };
    let expected = case.tensor(name)?;
    let mut found = Vec::new();
    for gradient in case.tensor("grads")?.rows() {
        let plain = SgdOptions {
            learning_rate: 1.0,
            ..SgdOptions::default()
        };
        let mut optimizer = Optimizer::new(Box::new(plain), Some(clip));
        let moved = step(
            &mut optimizer,
            weights(&vec![0.0; gradient.len()]),
            gradient,
        );
        found.extend(values(&moved).iter().map(|value| -value));
    }
    compare(name, &found, &expected.values)
}

pub fn check_averages(case: &RuleCase) -> Result<String, String> {
    let ema = Ema {
        decay: case.config["decay"].as_f64().unwrap_or(0.999),
        ..Ema::default()
    };
    let course = case.tensor("params")?;
    let check = |name: &str, share: &dyn Fn(usize) -> f64| {
        let mut average = WeightAverage::default();
        let mut found = Vec::new();
        for (updates, row) in course.rows().enumerate() {
            let row: Vec<f32> = row.iter().map(|&value| value as f32).collect();
            let module = weights(&row);
            average.update("network", &module, share(updates));
            // What comes back is kept in the average's place, so the exchange is undone.
            let averaged = average.exchange("network", module);
            found.extend(values(&averaged));
            average.exchange("network", averaged);
        }
        compare(name, &found, &case.tensor(name)?.values)
    };
    check("ema", &|updates| ema.share(updates))?;
    check("swa", &|updates| Swa::default().share(updates))?;
    Ok(format!("{} updates", course.shape[0]))
}
