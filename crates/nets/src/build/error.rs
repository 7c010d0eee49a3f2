//! Why a network cannot be built.

/// A configuration no network can be built from.
#[derive(Debug, thiserror::Error)]
#[error("network option `{key}`: {problem}")]
pub struct NetworkError {
    /// The option at fault, `*` for several together.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl NetworkError {
    /// An option at fault.
    pub fn new(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { key, problem }
    }

    /// Refuses a value that is not from `least` to `most`. A model package need not have passed the
    /// config's schema, so networks check what could exhaust memory or time.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn check_range(key: &'static str, value: f64, least: f64, most: f64) -> Result<(), Self> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Self::new(
            key,
            format!("{value} is not from {least} to {most}"),
        ))
    }
}
