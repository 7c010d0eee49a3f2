//! Random changes of training patches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mirrors a patch along each of its axes with probability one half.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flip {}

/// Turns a patch in the plane of Y and X by 0, 90, 180 or 270 degrees; oblong patches by 0 or 180.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate90 {}
