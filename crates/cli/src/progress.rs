//! Progress of long work on the terminal.

use std::time::Duration;

use coverslip::base::monitor::{Monitor, Task};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::printer::Printer;

/// Shows bars with rate and time left on standard error where that is a terminal, and remarks in
/// lines above them; nothing with `--quiet`.
pub(crate) struct Progress {
    bars: MultiProgress,
    printer: Printer,
}

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        let bars = MultiProgress::new();
        if printer.is_quiet() {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bars, printer }
    }
}

impl Monitor for Progress {
    fn begin(&self, name: &str, total: u64) -> Box<dyn Task + '_> {
        let template = "{prefix} {bar:24} {pos}/{len} {msg} {per_sec}, {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(total).with_style(style));
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
        Box::new(Bar(bar))
    }

    fn warn(&self, message: &str) {
        self.note(&format!("warning: {message}"));
    }

    fn note(&self, message: &str) {
        // Bars would otherwise be drawn into the line.
        self.bars.suspend(|| self.printer.note(message));
    }
}

struct Bar(ProgressBar);

impl Task for Bar {
    fn resume_at(&self, steps: u64) {
        self.0.set_position(steps);
        self.0.reset_eta();
    }

    fn advance(&self, steps: u64, message: &str) {
        self.0.inc(steps);
        self.0.set_message(message.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
