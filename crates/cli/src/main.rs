//! The `coverslip` command.

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_freed_memory();
    coverslip_cli::run(
        coverslip::registry::Registry::builtin(),
        std::env::args_os(),
    )
}

/// Has the allocator wait before it gives free memory back to the system: gradients of large weights come
/// and go with every training step, and the system would zero their pages each time.
#[expect(unsafe_code, reason = "the allocator's settings are a function of C")]
fn keep_freed_memory() {
    /// `mi_option_purge_delay` of mimalloc 2 and 3, in milliseconds.
    const PURGE_DELAY: mi_option_t = 15;
    // Large blocks wait ten times as long.
    const MILLISECONDS: std::ffi::c_long = 1000;
    // An environment variable is the user's own choice.
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: the function stores a number and has no precondition.
        unsafe { mi_option_set(PURGE_DELAY, MILLISECONDS) };
    }
}
