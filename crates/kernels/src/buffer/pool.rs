//! Memory of large buffers that is kept for the next ones.
//!
//! A training step asks for the same sizes as the one before it. The operating system hands fresh
//! memory out page by page, at a fraction of the speed of memory itself; so memory is kept. It stays
//! bounded: what is in use and what is kept are together at most a quarter more than was ever in use
//! at once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Line;
use crate::LANES;

/// Smaller buffers are left to the allocator, which is fast for them.
const LEAST: usize = (64 << 10) / size_of::<Line>();
/// Lines that may be kept however little is in use.
const SLACK: usize = (64 << 20) / size_of::<Line>();

#[derive(Default)]
struct Pool {
    /// Kept memory by its length in lines.
    kept: BTreeMap<usize, Vec<Vec<Line>>>,
    kept_lines: usize,
    used_lines: usize,
    most_used_lines: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    kept: BTreeMap::new(),
    kept_lines: 0,
    used_lines: 0,
    most_used_lines: 0,
});

fn pool() -> MutexGuard<'static, Pool> {
    // Nothing that holds the lock can panic half-way through a change.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of `lines` lines with unspecified values.
pub(super) fn take(lines: usize) -> Vec<Line> {
    if lines < LEAST {
        return vec![Line([0.0; LANES]); lines];
    }
    let found = pool().take(lines);
    if let Some(mut memory) = found {
        memory.truncate(lines);
        memory.resize(lines, Line([0.0; LANES]));
        return memory;
    }
    vec![Line([0.0; LANES]); lines]
}

/// Keeps memory that [`take`] gave.
pub(super) fn give_back(memory: Vec<Line>) {
    if memory.capacity() >= LEAST {
        pool().give_back(memory);
    }
}

/// Keeps nothing.
pub(super) fn clear() {
    let mut pool = pool();
    pool.kept_lines = 0;
    pool.most_used_lines = pool.used_lines;
    let kept = std::mem::take(&mut pool.kept);
    drop(pool);
    drop(kept);
}

impl Pool {
    /// Kept memory that holds `lines` lines and is little larger. If there is none, memory is freed
    /// until the caller's own keeps within the bound.
    fn take(&mut self, lines: usize) -> Option<Vec<Line>> {
        let fitting = self.kept.range(lines..=lines + lines / 8).next();
        let found = fitting.map(|(&capacity, _)| capacity);
        let memory = found.and_then(|capacity| self.remove(capacity));
        self.used_lines += memory.as_ref().map_or(lines, Vec::capacity);
        self.most_used_lines = self.most_used_lines.max(self.used_lines);
        let bound = self.most_used_lines + self.most_used_lines / 4 + SLACK;
        while self.used_lines + self.kept_lines > bound {
            // The smallest that is enough by itself, or else the largest.
            let excess = self.used_lines + self.kept_lines - bound;
            let enough = self.kept.range(excess..).next();
            let Some((&capacity, _)) = enough.or_else(|| self.kept.last_key_value()) else {
                break;
            };
            drop(self.remove(capacity));
        }
        memory
    }

    fn give_back(&mut self, memory: Vec<Line>) {
        let lines = memory.capacity();
        self.used_lines = self.used_lines.saturating_sub(lines);
        self.kept_lines += lines;
        self.kept.entry(lines).or_default().push(memory);
    }

    fn remove(&mut self, capacity: usize) -> Option<Vec<Line>> {
        let memories = self.kept.get_mut(&capacity)?;
        let memory = memories.pop();
        if memories.is_empty() {
            self.kept.remove(&capacity);
        }
        self.kept_lines -= capacity;
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "has a hundred megabytes, which take Miri an hour")]
    fn memory_is_used_again_and_bounded() {
        let mut pool = Pool::default();
        let fresh = |lines| vec![Line([0.0; LANES]); lines];
        let unit = SLACK / 4;
        for lines in [unit, unit, 4 * unit] {
            assert!(pool.take(lines).is_none());
        }
        assert_eq!(pool.most_used_lines, 6 * unit);
        for lines in [unit, unit, 4 * unit] {
            pool.give_back(fresh(lines));
        }
        assert_eq!((pool.used_lines, pool.kept_lines), (0, 6 * unit));
        let again = pool.take(unit - unit / 16).map(|memory| memory.capacity());
        assert_eq!(again, Some(unit));
        // Twelve units would be in use or kept, eleven and a half are the bound.
        assert!(pool.take(6 * unit).is_none());
        assert!(pool.used_lines + pool.kept_lines <= 7 * unit * 5 / 4 + SLACK);
    }
}
