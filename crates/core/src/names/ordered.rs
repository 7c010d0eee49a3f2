//! Schemas as people write them.

use serde_json::Value;

/// The schema as JSON with its keywords in the order that people write them in.
pub(crate) fn ordered(schema: &schemars::Schema) -> Value {
    // Only serialising sorts the keywords; it cannot fail for a value that is JSON already.
    serde_json::to_value(schema).unwrap_or(Value::Bool(true))
}
