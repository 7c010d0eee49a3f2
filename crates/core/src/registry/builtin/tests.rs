//! What holds of all entries that come with Coverslip.

use serde_json::Value;

use super::Registry;
use crate::names::{Kind, Named};

fn options(schema: &Value) -> Vec<(&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().collect()
}

#[test]
fn one_name_has_the_same_options_everywhere() {
    let registry = Registry::builtin().unwrap();
    let mut shared = 0;
    for operation in registry.descriptions(Kind::Operation) {
        for kind in [Kind::Preprocess, Kind::Postprocess] {
            let Some(step) = registry.description(kind, &operation.name) else {
                continue;
            };
            shared += 1;
            let without_default = |(name, option): (&String, &Value)| {
                let mut option = option.clone();
                option.as_object_mut().unwrap().remove("default");
                (name.clone(), option)
            };
            let [of_operation, of_step] = [&operation.schema, &step.schema].map(|schema| {
                options(schema)
                    .into_iter()
                    .map(without_default)
                    .collect::<Vec<_>>()
            });
            assert_eq!(of_operation, of_step, "{}", operation.name);
        }
    }
    assert!(shared >= 19, "{shared}");
}

#[test]
fn an_operation_may_have_defaults_of_its_own() {
    let registry = Registry::builtin().unwrap();
    let default = |kind: Kind, name: &str, option: &str| {
        let entry = registry.description(kind, name).unwrap();
        entry.schema["properties"][option]["default"].clone()
    };
    for (name, option, operation, step) in [
        ("threshold", "method", "\"otsu\"", "{\"cutoff\":0.5}"),
        ("watershed", "seeds", "null", "0.8"),
        ("remove_small", "min_size", "64", "20"),
        ("remove_small", "labels", "false", "true"),
        ("fill_holes", "labels", "false", "true"),
        ("components", "connectivity", "1", "1"),
    ] {
        let of_operation = default(Kind::Operation, name, option).to_string();
        let of_step = default(Kind::Postprocess, name, option).to_string();
        assert_eq!(
            [of_operation, of_step],
            [operation, step],
            "{name}.{option}"
        );
    }
}

#[test]
fn a_former_name_leads_to_the_present_one() {
    let registry = Registry::builtin().unwrap();
    let named = Named {
        name: "remove_small".to_owned(),
        options: serde_json::json!({"pixels": 20}),
    };
    let operation = &registry.operations.get("remove_small").unwrap().build;
    let step = &registry.postprocess.get("remove_small").unwrap().build;
    for error in [
        (operation.build)(&named).err().unwrap(),
        step(&named).err().unwrap(),
    ] {
        assert_eq!(error.hint().unwrap(), "did you mean `min_size`?");
    }
    // A package of an earlier version is read all the same.
    let description = registry.description(Kind::Postprocess, "remove_small");
    let renamed = description.unwrap().renamed(&named);
    assert_eq!(renamed.options, serde_json::json!({"min_size": 20}));
    assert!(step(&renamed).is_ok());
}
