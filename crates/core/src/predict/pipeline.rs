//! Stages of work on parts of an image that run beside each other.

use std::{
    panic::resume_unwind,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, ScopedJoinHandle},
};

/// Whether work may be handed to other threads and waited for. A worker of a thread pool that waits
/// would be missing where the others need the pool, for ever if all workers do so.
fn may_wait() -> bool {
    rayon::current_thread_index().is_none()
}

/// Reads `items` in their order in a thread of its own and hands what was read to `take`; while
/// that works on one, the next is read. On a worker of a thread pool, one after the other.
///
/// # Errors
///
/// The first of either side; at most one item more is read after one of `take`.
pub(super) fn read_ahead<I: Sync, T: Send, E: Send>(
    items: &[I],
    read: impl Fn(&I) -> Result<T, E> + Send,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    if !may_wait() {
        return items.iter().try_for_each(|item| take(read(item)?));
    }
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(0);
        let reader = scope.spawn(move || send_all(items, read, &sender));
        let taken = receive_all(receiver, |result: Result<T, E>| take(result?));
        finish(reader);
        taken
    })
}

/// As [`read_ahead`], with a stage more: `work` makes something of what was read, in this thread,
/// and `join` takes that in a thread of its own, with the index of the item.
///
/// # Errors
///
/// The first of `join`, else of `read`.
pub(super) fn in_line<I: Sync, T: Send, V: Send, E: Send>(
    items: &[I],
    read: impl Fn(&I) -> Result<T, E> + Send,
    work: impl Fn(T) -> V,
    join: &mut (dyn FnMut(usize, V) -> Result<(), E> + Send),
) -> Result<(), E> {
    if !may_wait() {
        return (items.iter().enumerate())
            .try_for_each(|(index, item)| join(index, work(read(item)?)));
    }
    thread::scope(|scope| {
        // One may wait while finished parts are written.
        let (sender, results) = sync_channel(1);
        let joiner = scope.spawn(move || {
            let mut index = 0;
            receive_all(results, |value| {
                index += 1;
                join(index - 1, value)
            })
        });
        // A joiner that has ended tells why by itself.
        let worked = read_ahead(
            items,
            move |item| read(item).map_err(Some),
            |input| sender.send(work(input)).map_err(|_| None),
        );
        drop(sender);
        finish(joiner)?;
        worked.or_else(|error| error.map_or(Ok(()), Err))
    })
}

/// Sends what is read until something fails or nobody takes it any more.
fn send_all<I, T, E>(
    items: &[I],
    read: impl Fn(&I) -> Result<T, E>,
    sender: &SyncSender<Result<T, E>>,
) {
    for item in items {
        let result = read(item);
        let is_last = result.is_err();
        if sender.send(result).is_err() || is_last {
            return;
        }
    }
}

/// Takes all, or up to the first failure; the sender then finds nobody.
fn receive_all<T, E>(receiver: Receiver<T>, take: impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
    receiver.into_iter().try_for_each(take)
}

/// The result of a thread; its panic goes on in this one.
fn finish<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// In threads of their own, and on a worker.
    fn both<T: Send>(run: impl Fn() -> T + Send + Sync) -> [T; 2] {
        [run(), rayon::scope(|_| run())]
    }

    #[test]
    fn items_are_taken_in_their_order_until_one_cannot_be_read() {
        let read = |&item: &i32| if item < 4 { Ok(item) } else { Err("too large") };
        let outcomes = both(|| {
            let mut taken = Vec::new();
            let result = in_line(
                &[1, 3, 2, 4, 0],
                read,
                |item| 10 * item,
                &mut |index, item| {
                    taken.push((index, item));
                    Ok(())
                },
            );
            (result, taken)
        });
        for outcome in outcomes {
            assert_eq!(outcome, (Err("too large"), vec![(0, 10), (1, 30), (2, 20)]));
        }
    }

    #[test]
    fn little_is_read_and_worked_on_after_a_failure() {
        let items: Vec<usize> = (0..100).collect();
        let outcomes = both(|| {
            let (reads, works) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let read = |&item: &usize| {
                reads.fetch_add(1, Ordering::Relaxed);
                Ok(item)
            };
            let work = |item| {
                works.fetch_add(1, Ordering::Relaxed);
                item
            };
            let result = in_line(&items, read, work, &mut |index, item| {
                assert_eq!(index, item);
                if item == 5 { Err("full") } else { Ok(()) }
            });
            (result, reads.into_inner(), works.into_inner())
        });
        for (result, reads, works) in outcomes {
            assert_eq!(result, Err("full"));
            assert!((6..=10).contains(&reads) && works <= 9, "{reads} {works}");
        }
    }

    #[test]
    fn a_panic_of_a_stage_goes_on_with_its_message() {
        let items = [1];
        for stage in ["read", "join"] {
            let panic = std::panic::catch_unwind(|| {
                let read = |&item: &i32| {
                    assert_ne!(stage, "read", "while it {stage}s");
                    Ok::<i32, ()>(item)
                };
                in_line(&items, read, |item| item, &mut |_, _| {
                    assert_ne!(stage, "join", "while it {stage}s");
                    Ok(())
                })
            });
            let panic = panic.unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains(&format!("while it {stage}s")), "{message}");
        }
    }
}
