//! A bound on memory that holds at each allocation, where libFuzzer looks once a second.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::abort;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All that is allocated at one time, touched or not.
const MOST_BYTES: usize = 1 << 30;

static BYTES: AtomicUsize = AtomicUsize::new(0);

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

fn take(bytes: usize) {
    if BYTES
        .fetch_add(bytes, Ordering::Relaxed)
        .saturating_add(bytes)
        > MOST_BYTES
    {
        BYTES.fetch_sub(bytes, Ordering::Relaxed);
        eprintln!("ERROR: more than {MOST_BYTES} bytes allocated, the last {bytes} at once");
        abort();
    }
}

// SAFETY: all is handed to the system's allocator; only sums are kept besides.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        take(size);
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
