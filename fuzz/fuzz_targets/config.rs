//! Configs: reading, checking, and writing what was accepted.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use coverslip::config::Config;
use coverslip::registry::Registry;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|text: &str| {
    let registry = REGISTRY.get_or_init(|| Registry::builtin().expect("names are unique"));
    let read = |text: &str| Config::from_text("config.yaml", text, Path::new("/"), &[], registry);
    match read(text) {
        Ok(config) => {
            let written = config
                .to_yaml()
                .expect("settings that were read can be written");
            let again = read(&written).expect("settings that were written can be read");
            assert_eq!(again.settings, config.settings);
        }
        Err(error) => drop(error.to_string()),
    }
});
