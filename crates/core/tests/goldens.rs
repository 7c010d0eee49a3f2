//! Compares networks with reference implementations: outputs and gradients with running and with
//! batch statistics, and the statistics after one pass.
//!
//! Walks a tree of cases at any level, `tests/goldens` or what `COVERSLIP_GOLDENS` names.
//! Arguments are parts of names of the cases to run. Prints a line for each case; the last line is
//! `N passed, N failed`.

#![expect(unreachable_pub, reason = "modules of one test")]
#![expect(clippy::print_stdout, reason = "the harness reports to the terminal")]

#[path = "goldens/case.rs"]
mod case;
#[path = "goldens/check.rs"]
mod check;
#[path = "goldens/families.rs"]
mod families;
#[path = "goldens/recipe.rs"]
mod recipe;
#[path = "goldens/rules.rs"]
mod rules;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use case::Case;
use coverslip::registry::{Named, Registry};
use coverslip_nets::{AnyNetwork, build::BuildSettings};
use serde_json::Value;

/// The network that a config names.
fn build_network(
    name: &str,
    options: &Value,
    settings: &BuildSettings,
) -> Result<AnyNetwork, String> {
    let registry = Registry::builtin().map_err(|error| error.to_string())?;
    let entry = registry
        .networks
        .get(name)
        .map_err(|error| error.to_string())?;
    let named = Named {
        name: name.to_owned(),
        options: options.clone(),
    };
    (entry.build)(&named, settings).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let root = std::env::var_os("COVERSLIP_GOLDENS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens"),
        PathBuf::from,
    );
    let filters: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let mut folders = Vec::new();
    if let Err(error) = find_cases(&root, &mut folders) {
        println!("{}: {error}", root.display());
    }
    folders.sort();
    let (mut passed, mut failed) = (0, 0);
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        let start = Instant::now();
        let outcome = rules::check(&folder)
            .unwrap_or_else(|| Case::read(&folder).and_then(|case| check::check(&case)));
        match outcome {
            Ok(summary) => {
                passed += 1;
                println!(
                    "ok {name}: {summary}, {:.1} s",
                    start.elapsed().as_secs_f64()
                );
            }
            Err(problem) => {
                failed += 1;
                println!("FAILED {name}: {problem}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The folders below `folder` that hold the files of a network's case.
fn find_cases(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if rules::is_case(folder) {
        found.push(folder.to_owned());
        return Ok(());
    }
    let config = folder.join("config.json");
    if config.is_file() && folder.join("io.safetensors").is_file() {
        // Cases of losses have no hyper-parameters of a network.
        let text = std::fs::read_to_string(config)?;
        let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if config.get("hyper").is_some() || config.get("network").is_some() {
            found.push(folder.to_owned());
        }
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_cases(&path, found)?;
        }
    }
    Ok(())
}
