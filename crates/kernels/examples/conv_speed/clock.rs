//! Time that went by, or time that the threads had a processor.

use std::time::Instant;

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// The time that goes by.
    Wall,
    /// The processor time of all threads, divided by their number.
    Processor { threads: usize },
}

#[cfg(unix)]
unsafe extern "C" {
    /// The processor time of this process in microseconds (POSIX).
    safe fn clock() -> std::ffi::c_long;
}

impl Clock {
    /// The seconds of one call.
    pub(crate) fn time(self, work: impl FnOnce()) -> f64 {
        match self {
            #[cfg(unix)]
            Self::Processor { threads } => {
                let start = clock();
                work();
                (clock() - start) as f64 / 1e6 / threads as f64
            }
            _ => {
                let start = Instant::now();
                work();
                start.elapsed().as_secs_f64()
            }
        }
    }
}
