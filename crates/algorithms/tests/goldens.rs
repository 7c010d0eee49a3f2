//! Golden cases: results of the field's reference libraries that ours must reproduce.
//!
//! Walks `COVERSLIP_GOLDENS`, or the cases beside this file, at any depth for `case_*.json` with a
//! `.safetensors` of the same name, and compares what the named algorithm gives with the stored
//! outputs, within the tolerances of each case. An argument that is no flag selects cases whose
//! `algorithm/case` contains it. The last line is `N passed, N failed`; the exit code is 0 only if
//! some case ran and none failed.
#![expect(
    clippy::print_stdout,
    reason = "the harness reports on standard output"
)]

#[path = "goldens/canonical.rs"]
mod canonical;
#[path = "goldens/case.rs"]
mod case;
#[path = "goldens/coco.rs"]
mod coco;
#[path = "goldens/compare.rs"]
mod compare;
#[path = "goldens/contour.rs"]
mod contour;
#[path = "goldens/edge.rs"]
mod edge;
#[path = "goldens/embedseg.rs"]
mod embedseg;
#[path = "goldens/files.rs"]
mod files;
#[path = "goldens/filter.rs"]
mod filter;
#[path = "goldens/intensity.rs"]
mod intensity;
#[path = "goldens/keypoint.rs"]
mod keypoint;
#[path = "goldens/labels.rs"]
mod labels;
#[path = "goldens/metrics.rs"]
mod metrics;
#[path = "goldens/morphology.rs"]
mod morphology;
#[path = "goldens/normalize.rs"]
mod normalize;
#[path = "goldens/png_jpeg.rs"]
mod png_jpeg;
#[path = "goldens/regions.rs"]
mod regions;
#[path = "goldens/resample.rs"]
mod resample;
#[path = "goldens/synthesis.rs"]
mod synthesis;
#[path = "goldens/table.rs"]
mod table;
#[path = "goldens/tensor.rs"]
mod tensor;
#[path = "goldens/thinning.rs"]
mod thinning;
#[path = "goldens/tiff_files.rs"]
mod tiff_files;
#[path = "goldens/tiling.rs"]
mod tiling;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::{Case, Run};

/// The function that runs the cases of an algorithm.
fn algorithm(name: &str) -> Option<Run> {
    normalize::algorithm(name)
        .or_else(|| labels::algorithm(name))
        .or_else(|| embedseg::algorithm(name))
        .or_else(|| tiling::algorithm(name))
        .or_else(|| metrics::algorithm(name))
        .or_else(|| files::algorithm(name))
        .or_else(|| png_jpeg::algorithm(name))
        .or_else(|| table::algorithm(name))
        .or_else(|| resample::algorithm(name))
        .or_else(|| intensity::algorithm(name))
        .or_else(|| coco::algorithm(name))
        .or_else(|| synthesis::algorithm(name))
        .or_else(|| keypoint::algorithm(name))
        .or_else(|| filter::algorithm(name))
        .or_else(|| morphology::algorithm(name))
        .or_else(|| contour::algorithm(name))
        .or_else(|| thinning::algorithm(name))
        .or_else(|| edge::algorithm(name))
        .or_else(|| regions::algorithm(name))
        .or_else(|| tiff_files::algorithm(name))
}

fn main() -> ExitCode {
    let root = std::env::var_os("COVERSLIP_GOLDENS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/cases"),
        PathBuf::from,
    );
    // A tree of several crates' cases keeps those of this crate in a folder of this name.
    let imaging = root.join("imaging");
    let root = if imaging.is_dir() { imaging } else { root };
    let filters: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let mut paths = Vec::new();
    if let Err(error) = collect(&root, &mut paths) {
        println!("{}: {error}", root.display());
    }
    paths.sort();
    let (mut passed, mut failed) = (0, 0);
    for path in paths {
        let name = name_of(&path);
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        match check(&path) {
            Ok(()) => passed += 1,
            Err(reason) => {
                failed += 1;
                println!("FAILED {name}: {reason}");
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

/// `algorithm/case_k` of a path.
fn name_of(path: &Path) -> String {
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{folder}/{stem}")
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            collect(&path, found)?;
        } else if name.starts_with("case_") && path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    Ok(())
}

fn check(path: &Path) -> Result<(), String> {
    let case = Case::read(path)?;
    let run = algorithm(&case.algorithm)
        .ok_or_else(|| format!("no function for algorithm `{}`", case.algorithm))?;
    let outcome = std::panic::catch_unwind(|| run(&case)).map_err(|_| "panicked".to_owned())?;
    case.judge(outcome)
}
