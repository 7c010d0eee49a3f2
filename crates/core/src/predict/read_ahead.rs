use std::{sync::mpsc::sync_channel, thread};

/// Reads `items` in their order in a thread of its own and hands what was read to `take`; while
/// that works on one, the next is read.
///
/// # Errors
///
/// The first of either side; nothing is read after it.
pub(super) fn read_ahead<I: Sync, T: Send, E: Send>(
    items: &[I],
    read: impl Fn(&I) -> Result<T, E> + Send,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(0);
        scope.spawn(move || {
            for item in items {
                let result = read(item);
                let is_last = result.is_err();
                if sender.send(result).is_err() || is_last {
                    return;
                }
            }
        });
        receiver.into_iter().try_for_each(|result| take(result?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn items_are_taken_in_their_order_until_one_cannot_be_read() {
        let mut taken = Vec::new();
        let read = |&item: &i32| if item < 4 { Ok(item) } else { Err("too large") };
        let result = read_ahead(&[1, 3, 2, 4, 0], read, |item| {
            taken.push(item);
            Ok(())
        });
        assert_eq!((result, taken), (Err("too large"), vec![1, 3, 2]));
    }

    #[test]
    fn no_more_is_read_than_one_beyond_a_failure() {
        let count = AtomicUsize::new(0);
        let read = |&item: &u32| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(item)
        };
        let items: Vec<u32> = (0..100).collect();
        let take = |item| if item == 5 { Err("full") } else { Ok(()) };
        assert_eq!(read_ahead(&items, read, take), Err("full"));
        assert!(count.into_inner() <= 7);
    }
}
