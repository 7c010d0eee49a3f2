//! What happens when the program itself is at fault.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

use serde_json::json;

use crate::error::INTERNAL_CODE;
use crate::printer::{Printer, print_error_line};

/// Runs `work`; a panic in it becomes a request to report a bug and exit code 1.
pub(crate) fn guard(mut printer: Printer, work: impl FnOnce() -> u8) -> u8 {
    set_hook(Box::new(report));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_reported| {
        printer.result(&json!({
            "error": "a bug in coverslip; standard error has the details",
            "hint": "please report it with the command and those details",
            "code": INTERNAL_CODE,
        }));
        INTERNAL_CODE
    })
}

fn report(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    print_error_line(&format!(
        "error: this is a bug in coverslip {}: {message}{place}",
        env!("CARGO_PKG_VERSION")
    ));
    print_error_line("\nhint: please report it with the command that you ran and the line above");
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        print_error_line(&Backtrace::force_capture().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_exit_code_1() {
        assert_eq!(guard(Printer::new(false, false), || 0), 0);
        assert_eq!(
            guard(Printer::new(false, false), || panic!("on purpose")),
            1
        );
    }
}
