//! Learning rates at whole epochs.

use coverslip::registry::Registry;
use coverslip::{
    learning::{
        averaging::Swa,
        schedule::{Anneal, Moment},
    },
    names::Named,
};
use serde_json::{Value, json};

use super::{RuleCase, compare, numbers_in, rate_of};

pub fn check(case: &RuleCase) -> Result<String, String> {
    let rate = case.config["lr0"].as_f64().unwrap_or(0.1);
    for (name, hyper) in case.params()? {
        let expected = &case.tensor(name)?.values;
        let found = if name.starts_with("swalr") {
            annealed(name, hyper, rate, expected.len())?
        } else {
            scheduled(case, name, hyper, rate)?
        };
        compare(name, &found, expected)?;
    }
    Ok(format!("{} schedules", case.params()?.len()))
}

fn scheduled(case: &RuleCase, name: &str, hyper: &Value, rate: f64) -> Result<Vec<f64>, String> {
    let count = case.tensor(name)?.values.len();
    let (ours, options) = mapping(name, hyper, rate)?;
    let epochs = hyper["total_steps"].as_u64();
    let epochs = epochs.map_or(count, |steps| steps as usize);
    let named = Named {
        name: ours.to_owned(),
        options,
    };
    let registry = Registry::builtin().map_err(|error| error.to_string())?;
    let entry = registry.schedules.get(&named.name);
    let entry = entry.map_err(|error| error.to_string())?;
    let schedule = (entry.build)(&named).map_err(|error| error.to_string())?;
    let mut scores = match schedule.monitors() {
        Some(_) => case.tensor("metric")?.values.clone(),
        None => vec![0.0; count],
    };
    if name.contains("max") {
        scores = scores.iter().map(|score| -score).collect();
    }
    let factor = |epoch: usize| {
        let moment = Moment {
            position: epoch as f64,
            epochs,
            steps_per_epoch: 1,
            warmup_epochs: 0,
            scores: &scores[..epoch],
        };
        rate * schedule.pace(&moment).factor
    };
    Ok((0..count).map(factor).collect())
}

/// The name of our schedule, and its options.
fn mapping(name: &str, hyper: &Value, rate: f64) -> Result<(&'static str, Value), String> {
    Ok(match name {
        "step" => {
            let options = json!({"every_epochs": hyper[0], "factor": hyper[1]});
            ("step", options)
        }
        "multistep" => {
            let options = json!({"milestones": hyper[0], "factor": hyper[1]});
            ("multistep", options)
        }
        "exponential" => ("exponential", json!({"factor": hyper})),
        "linear_warmup" => {
            let options = json!({"start": hyper[0], "end": hyper[1], "epochs": hyper[2]});
            ("linear", options)
        }
        "polynomial" => {
            let options = json!({"epochs": hyper[0], "power": hyper[1]});
            ("polynomial", options)
        }
        "cosine" => ("cosine", cosine(hyper, rate)?),
        "cosine_restarts" => ("cosine_restarts", restarts(hyper, rate)?),
        "onecycle" => ("one_cycle", one_cycle(hyper, rate)?),
        name if name.starts_with("plateau") => ("plateau", plateau(name, hyper, rate)?),
        _ => described(name, hyper)?,
    })
}

/// A schedule that the case describes in words.
fn described(name: &str, hyper: &Value) -> Result<(&'static str, Value), String> {
    let numbers = hyper.as_str().map(numbers_in).unwrap_or_default();
    Ok(match (name, numbers.as_slice()) {
        ("cyclegan_linear", [.., constant, divisor]) => (
            "linear_decay",
            json!({"constant_epochs": *constant as usize, "decay_epochs": *divisor as usize - 1}),
        ),
        ("nnunet_poly", [.., epochs, power]) => {
            let options = json!({"epochs": *epochs as usize, "power": power});
            ("polynomial", options)
        }
        ("warmup_cosine", [start, _, warm, epochs]) => (
            "cosine",
            json!({
                "warmup_start": start,
                "warmup_epochs": *warm as usize,
                "epochs": *epochs as usize,
            }),
        ),
        _ => return Err(format!("unknown schedule {name}: {hyper}")),
    })
}

fn cosine(hyper: &Value, rate: f64) -> Result<Value, String> {
    let minimum = rate_of(hyper.get("eta_min").unwrap_or(&json!(0.0)), rate)? / rate;
    Ok(json!({"epochs": hyper["T_max"], "minimum": minimum}))
}

fn restarts(hyper: &Value, rate: f64) -> Result<Value, String> {
    let minimum = rate_of(hyper.get("eta_min").unwrap_or(&json!(0.0)), rate)? / rate;
    let growth = hyper.get("T_mult").cloned().unwrap_or(json!(1));
    Ok(json!({"first_epochs": hyper["T_0"], "growth": growth, "minimum": minimum}))
}

fn one_cycle(hyper: &Value, rate: f64) -> Result<Value, String> {
    let mut options = json!({"peak": rate_of(&hyper["max_lr"], rate)? / rate});
    for (theirs, ours) in [
        ("pct_start", "rise"),
        ("div_factor", "initial_divisor"),
        ("final_div_factor", "final_divisor"),
        ("three_phase", "three_phases"),
        ("cycle_momentum", "cycle_momentum"),
    ] {
        if let Some(value) = hyper.get(theirs) {
            options[ours] = value.clone();
        }
    }
    let anneal = hyper.get("anneal").or_else(|| hyper.get("anneal_strategy"));
    if anneal.and_then(Value::as_str) == Some("linear") {
        options["anneal"] = json!("linear");
    }
    Ok(options)
}

fn plateau(name: &str, hyper: &Value, rate: f64) -> Result<Value, String> {
    // PyTorch leaves out drops by less than this.
    let mut options = json!({"smallest_drop": 1e-8 / rate});
    if name.contains("max") {
        options["mode"] = json!("max");
    }
    for (key, value) in hyper.as_object().into_iter().flatten() {
        match (key.as_str(), value.as_str()) {
            ("factor" | "patience" | "threshold" | "cooldown", _) => {
                options[key] = value.clone();
            }
            ("min_lr", _) => options["minimum"] = json!(rate_of(value, rate)? / rate),
            ("eps", _) => options["smallest_drop"] = json!(rate_of(value, rate)? / rate),
            ("mode", Some("min" | "max")) => options["mode"] = value.clone(),
            ("mode" | "threshold_mode", Some("rel")) => {
                options["threshold_mode"] = json!("relative");
            }
            ("mode" | "threshold_mode", Some("abs")) => {
                options["threshold_mode"] = json!("absolute");
            }
            _ => return Err(format!("{name}: unknown {key} {value}")),
        }
    }
    Ok(options)
}

/// The rates of stochastic weight averaging.
fn annealed(name: &str, hyper: &Value, rate: f64, count: usize) -> Result<Vec<f64>, String> {
    let swa = Swa {
        rate: rate_of(&hyper[0], rate)? / rate,
        anneal_epochs: hyper[1].as_u64().unwrap_or_default() as usize,
        anneal: if name.contains("linear") {
            Anneal::Linear
        } else {
            Anneal::Cosine
        },
        ..Swa::default()
    };
    Ok((0..count)
        .map(|epoch| rate * swa.factor(1.0, epoch as f64))
        .collect())
}
