//! tmp
use ndarray::Array5;
/// tmp
pub struct Batch { pub source: Array5<f32>, pub target: Array5<f32> }
/// tmp
pub struct Loader;
impl Loader { pub fn next_batch(&mut self) -> Result<Batch, DataError> { Err(DataError) } }
/// tmp
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct DataError;
impl DataError { pub fn hint(&self) -> Option<String> { None } }
