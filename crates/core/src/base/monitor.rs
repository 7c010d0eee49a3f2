//! How long work tells what it is doing.
//!
//! The library never prints; whoever calls it brings a [`Monitor`].

/// Listens to long work.
pub trait Monitor: Sync {
    /// A task of `total` steps named `name` begins; it ends when the returned value is dropped.
    fn begin(&self, name: &str, total: u64) -> Box<dyn Task + '_>;

    /// Something the user should know that is not an error.
    fn warn(&self, message: &str);

    /// One line about what happens now.
    fn note(&self, message: &str);
}

/// A task that a [`Monitor`] shows.
pub trait Task: Sync {
    /// `steps` were done before, by another process; they count as done, but not for the rate.
    fn resume_at(&self, steps: u64);

    /// `steps` more are done; `message` is what to show beside the progress.
    fn advance(&self, steps: u64, message: &str);
}

/// Shows nothing.
pub struct Silent;

impl Monitor for Silent {
    fn begin(&self, _: &str, _: u64) -> Box<dyn Task + '_> {
        Box::new(Self)
    }

    fn warn(&self, _: &str) {}

    fn note(&self, _: &str) {}
}

impl Task for Silent {
    fn resume_at(&self, _: u64) {}

    fn advance(&self, _: u64, _: &str) {}
}
