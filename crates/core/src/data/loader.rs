//! Batches that are prepared on threads ahead of the network.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::{Batch, DataError, Sampler};

/// Batches that each worker keeps ready.
const AHEAD: usize = 2;

/// Hands out the batches of a [`Sampler`] one after the other.
///
/// Worker `w` of `n` prepares the batches `w`, `w + n`, `w + 2 n` and so on and keeps two ready, so
/// memory is bounded and the order does not depend on which thread is faster. Dropping the loader
/// ends the threads.
pub struct Loader {
    /// One queue a worker; empty once the loader has failed.
    queues: Vec<Receiver<Result<Batch, DataError>>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl Loader {
    /// Starts `workers` threads (at least one); batch `first` comes first.
    ///
    /// # Errors
    ///
    /// [`DataError::Workers`] if the operating system gives no thread.
    pub fn start(
        sampler: &Sampler,
        batch_size: usize,
        first: u64,
        workers: usize,
    ) -> Result<Self, DataError> {
        let workers = workers.max(1);
        let mut loader = Self {
            queues: Vec::new(),
            threads: Vec::new(),
            next: 0,
        };
        for worker in 0..workers {
            let (sender, receiver) = sync_channel(AHEAD);
            let sampler = sampler.clone();
            let numbers = (first + worker as u64..).step_by(workers);
            let thread = Builder::new()
                .name(format!("patches-{worker}"))
                .spawn(move || work(&sampler, batch_size, numbers, &sender))
                .map_err(|error| DataError::Workers {
                    cause: error.to_string(),
                })?;
            loader.queues.push(receiver);
            loader.threads.push(thread);
        }
        Ok(loader)
    }

    /// The next batch; waits for it if need be.
    ///
    /// # Errors
    ///
    /// [`DataError`] if an image cannot be read or used; the loader has then ended.
    pub fn next_batch(&mut self) -> Result<Batch, DataError> {
        let stopped = || DataError::Workers {
            cause: "a thread has ended early".to_owned(),
        };
        let queue = self.queues.get(self.next).ok_or_else(stopped)?;
        let batch = queue.recv().unwrap_or_else(|_| Err(stopped()));
        self.next = (self.next + 1) % self.queues.len();
        if batch.is_err() {
            self.queues.clear();
        }
        batch
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // Without a receiver the workers' next attempt to hand over a batch fails, and they end.
        self.queues.clear();
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn work(
    sampler: &Sampler,
    batch_size: usize,
    numbers: impl Iterator<Item = u64>,
    queue: &SyncSender<Result<Batch, DataError>>,
) {
    for number in numbers {
        let batch = sampler.batch(number * batch_size as u64, batch_size);
        let has_failed = batch.is_err();
        if queue.send(batch).is_err() || has_failed {
            return;
        }
    }
}
