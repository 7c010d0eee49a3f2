//! Compares networks and losses with reference implementations: outputs and gradients of networks with
//! running and with batch statistics, and the statistics after one pass; values and gradients of losses.
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
#[path = "goldens/loss_case.rs"]
mod loss_case;
#[path = "goldens/losses.rs"]
mod losses;
#[path = "goldens/numbers.rs"]
mod numbers;
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
use coverslip::names::Named;
use coverslip::registry::Registry;
use coverslip_nets::{AnyNetwork, build::BuildSettings};
use loss_case::LossCase;
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
        match check_case(&folder) {
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

/// Says in a line what was compared.
fn check_case(folder: &Path) -> Result<String, String> {
    if folder.join(LOSS_FILE).is_file() {
        rules::check(folder).unwrap_or_else(|| LossCase::read(folder).and_then(losses::check))
    } else {
        Case::read(folder).and_then(|case| check::check(&case))
    }
}

/// The file that holds the tensors of a network's case.
const NETWORK_FILE: &str = "io.safetensors";
/// The file that holds the tensors of a loss's case.
const LOSS_FILE: &str = "golden.safetensors";

/// The folders below `folder` that hold the files of a case.
fn find_cases(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let has = |file: &str| folder.join(file).is_file();
    if has("config.json") && (has(NETWORK_FILE) || has(LOSS_FILE)) {
        found.push(folder.to_owned());
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
