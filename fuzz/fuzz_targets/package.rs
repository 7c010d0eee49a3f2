//! The description of a model package, and the model that is built of it.
#![no_main]

use std::fs;
use std::sync::OnceLock;

use coverslip::model::package;
use coverslip::registry::Registry;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let registry = REGISTRY.get_or_init(|| Registry::builtin().expect("names are unique"));
    let folder = harness::folder("package", |folder| {
        fs::write(folder.join(package::DESCRIPTION), data).expect("the folder is ours");
    });
    if let Ok(description) = package::describe(&folder) {
        let _ = package::preprocess_steps(&description.preprocess, registry);
    }
});
