//! What an entry says of its options in a config, beyond what their schema says.

use serde_json::Value;

/// The options of an entry as a config gives them, and what they go with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The options, every default filled in.
    pub options: &'a Value,
    /// Where the config has the entry, as messages write it: `loss[0].dice`.
    pub place: &'a str,
    /// Classes of the target, background included; `None` for images.
    pub classes: Option<usize>,
    /// Pixels of a training patch along Y and X, or along Z, Y and X.
    pub patch_size: &'a [usize],
}

/// One thing that is wrong with the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// The option.
    pub option: String,
    /// The fact, as in "`optimizer.sgd.nesterov` is true, but `momentum` is 0".
    pub problem: String,
    /// What may stand there instead.
    pub allowed: String,
}

impl Given<'_> {
    /// An option by its full key, as messages write it.
    pub fn key(&self, option: &str) -> String {
        format!("{}.{option}", self.place)
    }

    /// An option that holds one number for each class, or with `include_background: false` for each
    /// but the background; if it is given, there are as many, and not all are 0.
    pub fn numbers_per_class(&self, option: &str) -> Option<OptionFault> {
        let classes = self.classes?;
        let numbers = self.options.get(option).and_then(Value::as_array)?;
        let is_without = self.options.get("include_background") == Some(&Value::Bool(false));
        let (count, counted) = if is_without {
            (classes - 1, "classes without the background")
        } else {
            (classes, "classes")
        };
        let key = self.key(option);
        let (problem, allowed) = if numbers.len() != count {
            (
                format!(
                    "`{key}` has {} weights for {count} {counted}",
                    numbers.len()
                ),
                format!("{count} weights, one for each class in their order"),
            )
        } else if numbers.iter().all(|number| number.as_f64() == Some(0.0)) {
            (format!("`{key}` are all 0"), "a weight above 0".to_owned())
        } else {
            return None;
        };
        Some(OptionFault {
            option: option.to_owned(),
            problem,
            allowed,
        })
    }
}

/// A check of an entry's options.
pub(super) struct Check(pub(super) Box<FindFault>);

type FindFault = dyn Fn(&Given<'_>) -> Option<OptionFault> + Send + Sync;

impl std::fmt::Debug for Check {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Check")
    }
}
