//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code after Ctrl-C, as shells give it.
pub const INTERRUPTED_CODE: u8 = 130;

/// Lets the running work end in its own time: the first Ctrl-C sets the flag that is returned, a
/// second one ends the program at once with exit code 130.
///
/// # Errors
/// When the operating system refuses, or on a second call.
pub fn listen() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::SeqCst) {
            end_at_once();
        }
    })?;
    Ok(flag)
}

#[expect(
    clippy::exit,
    reason = "the user asked twice; half-written files have temporary names"
)]
fn end_at_once() {
    std::process::exit(i32::from(INTERRUPTED_CODE));
}
