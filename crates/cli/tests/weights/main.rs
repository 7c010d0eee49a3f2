//! Weights from other programs and for them: what the command makes of them, its exact words, and that
//! nothing in a file is run.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "../cli/command.rs"]
mod command;
mod damaged;
mod exports;
mod fine_tuning;
mod hostile;
mod imports;
mod pickles;
#[path = "../faults/study.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod study;

use std::path::PathBuf;

use crate::command::{Bench, Outcome};

/// The network of the files in `crates/core/tests/data/weights`.
const NETWORK: &str = "{unet: {base: 2, depth: 2}}";

/// A file that PyTorch wrote.
fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/data/weights")
        .join(name)
}

/// A folder with such files.
fn bench_with(names: &[&str]) -> Bench {
    let bench = Bench::new();
    for name in names {
        bench.write(name, std::fs::read(data(name)).unwrap());
    }
    bench
}

/// Imports a file into `model`; exit code and standard error.
fn fault(bench: &Bench, file: &str, options: &[&str]) -> String {
    let arguments = [
        &["import", file, "--network", NETWORK, "-o", "model"],
        options,
    ]
    .concat();
    let Outcome { code, stderr, .. } = bench.run(&arguments);
    format!("exit {code}\n{stderr}")
}

/// A safetensors file of one tensor of zeros.
fn one_tensor(name: &str, shape: &[usize]) -> Vec<u8> {
    let bytes = 4 * shape.iter().product::<usize>();
    let header = format!(
        "{{\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[0,{bytes}]}}}}"
    );
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &vec![0; bytes]].concat()
}
