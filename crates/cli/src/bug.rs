//! What happens when the program itself is at fault.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::Mutex;

use serde_json::json;

use crate::error::INTERNAL_CODE;
use crate::printer::{Printer, print_error_line};

/// What the last panic said. Printing waits until [`guard`] catches it, because libraries panic
/// on files that they should refuse, and such a panic is caught and becomes an ordinary error.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work`; a panic that leaves it becomes a request to report a bug and exit code 1.
pub(crate) fn guard(printer: Printer, work: impl FnOnce() -> u8) -> u8 {
    set_hook(Box::new(remember));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_remembered| {
        report(printer);
        INTERNAL_CODE
    })
}

fn remember(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let mut text = format!("{message}{place}");
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        text = format!("{text}\n{}", Backtrace::force_capture());
    }
    if let Ok(mut last) = LAST_PANIC.lock() {
        *last = Some(text);
    }
}

fn report(printer: Printer) {
    let last = LAST_PANIC
        .lock()
        .ok()
        .and_then(|mut last| last.take())
        .unwrap_or_default();
    let error = format!(
        "this is a bug in coverslip {}: {last}",
        env!("CARGO_PKG_VERSION")
    );
    let hint = "please report it with the command that you ran and the line above";
    print_error_line(&format!("error: {error}\n\nhint: {hint}"));
    printer.result(&json!({"error": error, "hint": hint, "code": INTERNAL_CODE}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_exit_code_1() {
        let printer = Printer::new(false, false);
        assert_eq!(guard(printer, || 0), 0);
        assert_eq!(guard(printer, || panic!("on purpose")), 1);
    }
}
