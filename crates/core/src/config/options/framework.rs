//! Frameworks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One network from source to target, trained by the losses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fcn {}
