//! Checks of options against each other.

use serde_json::Value;

use crate::names::{Given, OptionFault};

/// Nesterov's momentum needs a momentum, and no dampening.
pub(super) fn nesterov(given: &Given<'_>) -> Option<OptionFault> {
    let option = "nesterov";
    let number = |key: &str| {
        let value = given.options.get(key).and_then(Value::as_f64);
        value.unwrap_or(0.0)
    };
    let (momentum, dampening) = (number("momentum"), number("dampening"));
    let is_asked_for = given.options.get(option) == Some(&Value::Bool(true));
    if !is_asked_for || (momentum > 0.0 && dampening == 0.0) {
        return None;
    }
    Some(OptionFault {
        option: option.to_owned(),
        problem: format!(
            "`{}` is true, but `momentum` is {momentum} and `dampening` {dampening}",
            given.key(option)
        ),
        allowed: "a momentum above 0 and a dampening of 0, or false".to_owned(),
    })
}

/// A step has no image of markers, which an operation takes in the place of seeds.
pub(super) fn seeds(given: &Given<'_>) -> Option<OptionFault> {
    let option = "seeds";
    if given.options.get(option) != Some(&Value::Null) {
        return None;
    }
    Some(OptionFault {
        option: option.to_owned(),
        problem: format!("`{}` has no value", given.key(option)),
        allowed: "a number; only an operation takes markers".to_owned(),
    })
}
