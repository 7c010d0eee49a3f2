//! `coverslip doctor`

use coverslip::base::devices::{self, DeviceListing};
use serde::Serialize;

use super::info::bytes;
use crate::printer::Printer;

/// What this machine offers.
#[derive(Debug, Serialize)]
struct Diagnosis {
    version: &'static str,
    system: String,
    cores: usize,
    threads: usize,
    cpu_features: Vec<&'static str>,
    memory_bytes: u64,
    memory_available_bytes: u64,
    devices: Vec<DeviceListing>,
}

/// Reports what this machine offers.
pub(crate) fn run(printer: Printer) {
    let diagnosis = diagnose();
    printer.text(&text(&diagnosis));
    printer.result(&diagnosis);
}

fn diagnose() -> Diagnosis {
    let memory = sysinfo::RefreshKind::nothing()
        .with_memory(sysinfo::MemoryRefreshKind::nothing().with_ram());
    let system = sysinfo::System::new_with_specifics(memory);
    // In a container or a cluster job the group's limit counts, not the machine's memory.
    let (total, available) = match system.cgroup_limits() {
        Some(limits) => (limits.total_memory, limits.free_memory),
        None => (system.total_memory(), system.available_memory()),
    };
    Diagnosis {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads: rayon::current_num_threads(),
        cpu_features: cpu_features(),
        memory_bytes: total,
        memory_available_bytes: available,
        devices: devices::compiled_in(),
    }
}

/// The vector instructions that the CPU has, of those that speed networks up.
#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    let known = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ];
    known
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect()
}

/// The vector instructions that the CPU has, of those that speed networks up.
#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<&'static str> {
    let known = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    known
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect()
}

/// The vector instructions that the CPU has, of those that speed networks up.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}

fn text(diagnosis: &Diagnosis) -> String {
    let features = match diagnosis.cpu_features.as_slice() {
        [] => "none that coverslip looks for; networks will be slow".to_owned(),
        features => features.join(", "),
    };
    let mut lines = vec![
        format!("coverslip     {}", diagnosis.version),
        format!("system        {}", diagnosis.system),
        format!(
            "threads       {} in use, {} cores",
            diagnosis.threads, diagnosis.cores
        ),
        format!("CPU features  {features}"),
        format!(
            "memory        {}, {} available",
            bytes(u128::from(diagnosis.memory_bytes)),
            bytes(u128::from(diagnosis.memory_available_bytes))
        ),
    ];
    for device in &diagnosis.devices {
        lines.push(format!(
            "device        {}, {} found",
            device.kind.word(),
            device.found
        ));
    }
    lines.join("\n")
}
