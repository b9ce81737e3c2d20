//! A heap that starts over whenever nothing of it is in use, which is between any two calls.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr::null_mut;

const PAGE: usize = 65536;

unsafe extern "C" {
    /// The linker's first byte after stack and static data.
    static __heap_base: u8;
}

#[global_allocator]
static HEAP: Heap = Heap { blocks: Cell::new(0), end: Cell::new(0) };

struct Heap {
    /// In use.
    blocks: Cell<usize>,
    end: Cell<usize>,
}

// A guest has one thread.
unsafe impl Sync for Heap {}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.blocks.get() == 0 {
            self.end.set(&raw const __heap_base as usize);
        }
        let start = self.end.get().next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else {
            return null_mut();
        };
        let pages = end.div_ceil(PAGE);
        let present = memory_size(0);
        if pages > present && memory_grow(0, pages - present) == usize::MAX {
            return null_mut();
        }
        self.blocks.set(self.blocks.get() + 1);
        self.end.set(end);
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        self.blocks.set(self.blocks.get() - 1);
    }
}
