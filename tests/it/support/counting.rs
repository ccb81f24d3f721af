//! An allocator that counts what each thread holds, and can call a report off in its midst: at one of its allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use trackcrumb::reports::Cancel;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// What is called off, and at which allocation.
    static CALLED_OFF: Cell<Option<(u64, &'static Cancel)>> = const { Cell::new(None) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count_allocation(bytes: i64) {
    count(bytes);
    let _ = ALLOCATIONS.try_with(|allocations| {
        allocations.set(allocations.get() + 1);
        if let Ok(Some((at, cancel))) = CALLED_OFF.try_with(Cell::get)
            && allocations.get() == at
        {
            cancel.cancel();
        }
    });
}

fn count(bytes: i64) {
    // A thread that ends may still give back; nobody counts it any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// Sound: everything is handed on to the system's allocator as it came.
#[expect(unsafe_code, reason = "the trait of allocators asks for it")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there for a moment.
        count_allocation(size as i64);
        count(-(layout.size() as i64));
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Does something, and answers how many bytes the thread held more at a time than before.
pub fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.get();
    PEAK.set(before);
    let done = work();
    (done, PEAK.get().saturating_sub(before).unsigned_abs())
}

/// Does something, and answers how many allocations the thread made for it.
pub fn allocations<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATIONS.get();
    let done = work();
    (done, ALLOCATIONS.get() - before)
}

/// Does something, and cancels at one of the allocations that the thread makes for it, counted from 1.
pub fn cancelled_at<T>(allocation: u64, cancel: &'static Cancel, work: impl FnOnce() -> T) -> T {
    CALLED_OFF.set(Some((ALLOCATIONS.get() + allocation, cancel)));
    let done = work();
    CALLED_OFF.set(None);
    done
}
