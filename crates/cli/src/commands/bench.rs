//! `coverslip bench`

use coverslip::{
    base::{devices::DeviceKind, error::Error},
    inspect::speed::{self, CASES, Case, Measurement, measure},
    registry::Registry,
};
use serde_json::{Map, Value, json};

use super::info::bytes;
use crate::args::BenchArguments;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Progress;

/// Measures the cases asked for, or those of a short look.
pub(crate) fn run(
    arguments: &BenchArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let is_wanted = |case: &&Case| arguments.cases.iter().any(|name| name == case.name);
    let cases: Vec<Case> = if arguments.cases.is_empty() {
        CASES[..2].to_vec()
    } else {
        CASES.iter().filter(is_wanted).copied().collect()
    };
    let device = arguments.device.open().map_err(Error::from)?;
    let progress = Progress::new(printer);
    let mut measurements = Vec::new();
    for case in cases {
        let runs = arguments.runs as usize;
        measurements.push(measure(case, runs, &device, registry, &progress)?);
    }
    let peak = speed::peak_memory();
    printer.text(&table(&measurements, arguments.device, peak));
    printer.result(&result(&measurements, arguments.device, peak));
    Ok(())
}

fn table(measurements: &[Measurement], device: DeviceKind, peak: Option<u64>) -> String {
    let mut lines: Vec<String> = measurements
        .iter()
        .map(|measurement| {
            format!(
                "{}\n  best {:.3} s, median {:.3} s, {:.1} images/s",
                measurement.case.summary,
                measurement.best(),
                measurement.median(),
                measurement.images_per_second()
            )
        })
        .collect();
    let threads = rayon::current_num_threads();
    let memory = peak.map_or_else(String::new, |peak| {
        format!(", at most {} of memory", bytes(u128::from(peak)))
    });
    lines.push(format!(
        "device {}, {threads} threads, {} instructions{memory}",
        device.word(),
        speed::instruction_set()
    ));
    lines.join("\n")
}

fn result(measurements: &[Measurement], device: DeviceKind, peak: Option<u64>) -> Value {
    let mut result = Map::new();
    for (key, name) in [
        ("train_step_s", "training"),
        ("inference_512_s", "inference-512"),
    ] {
        let found = measurements.iter().find(|one| one.case.name == name);
        result.insert(key.to_owned(), json!(found.map(Measurement::best)));
    }
    result.insert("peak_rss_bytes".to_owned(), json!(peak));
    result.insert("device".to_owned(), json!(device));
    result.insert("threads".to_owned(), json!(rayon::current_num_threads()));
    result.insert("instructions".to_owned(), json!(speed::instruction_set()));
    let cases: Vec<Value> = measurements
        .iter()
        .map(|one| {
            json!({
                "name": one.case.name,
                "seconds": one.seconds,
                "best_s": one.best(),
                "median_s": one.median(),
                "images_per_s": one.images_per_second(),
            })
        })
        .collect();
    result.insert("cases".to_owned(), Value::Array(cases));
    Value::Object(result)
}
