//! tmp
/// tmp
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct EvaluateError;
impl EvaluateError { pub fn hint(&self) -> Option<String> { None } }
