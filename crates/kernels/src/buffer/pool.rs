//! Memory of large buffers that is kept for the next ones.
//!
//! A training step asks for the same sizes as the one before it. The operating system hands fresh
//! memory out page by page, at a fraction of the speed of memory itself; so memory is kept. It stays
//! bounded: a request that nothing kept fits first frees as much of what is kept as it asks for.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Line;
use crate::LANES;

/// Smaller buffers are left to the allocator, which is fast for them.
const LEAST: usize = (64 << 10) / size_of::<Line>();

struct Pool {
    /// Kept memory by its length in lines.
    kept: BTreeMap<usize, Vec<Vec<Line>>>,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    kept: BTreeMap::new(),
});

fn pool() -> MutexGuard<'static, Pool> {
    // Nothing that holds the lock can panic half-way through a change.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of `lines` lines with unspecified values.
pub(super) fn take(lines: usize) -> Vec<Line> {
    if lines >= LEAST
        && let Some(mut memory) = pool().find(lines)
    {
        memory.truncate(lines);
        memory.resize(lines, Line([0.0; LANES]));
        return memory;
    }
    vec![Line([0.0; LANES]); lines]
}

/// Keeps memory.
pub(super) fn give_back(memory: Vec<Line>) {
    if memory.capacity() >= LEAST {
        pool()
            .kept
            .entry(memory.capacity())
            .or_default()
            .push(memory);
    }
}

/// Keeps nothing.
pub(super) fn clear() {
    let kept = std::mem::take(&mut pool().kept);
    drop(kept);
}

impl Pool {
    /// Kept memory that holds `lines` lines and is little larger. If there is none, as much is freed.
    fn find(&mut self, lines: usize) -> Option<Vec<Line>> {
        let fitting = self.kept.range(lines..=lines + lines / 8).next();
        if let Some((&capacity, _)) = fitting {
            return self.remove(capacity);
        }
        let mut freed = 0;
        while freed < lines {
            let Some((&largest, _)) = self.kept.last_key_value() else {
                break;
            };
            freed += largest;
            drop(self.remove(largest));
        }
        None
    }

    fn remove(&mut self, capacity: usize) -> Option<Vec<Line>> {
        let memories = self.kept.get_mut(&capacity)?;
        let memory = memories.pop();
        if memories.is_empty() {
            self.kept.remove(&capacity);
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_fits_frees_as_much() {
        let mut pool = Pool {
            kept: BTreeMap::new(),
        };
        for lines in [100, 100, 300] {
            let memory = vec![Line([0.0; LANES]); lines];
            pool.kept.entry(lines).or_default().push(memory);
        }
        assert_eq!(pool.find(95).map(|memory| memory.len()), Some(100));
        assert!(pool.find(250).is_none());
        assert!(!pool.kept.contains_key(&300) && pool.kept.contains_key(&100));
        assert!(pool.find(1000).is_none() && pool.kept.is_empty());
    }
}
