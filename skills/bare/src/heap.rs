//! A heap for one thread. Small blocks come in powers of two from lists of free ones; large blocks
//! are runs of 1 KB pieces, in a list by address that joins neighbours.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

const PAGE: usize = 65536;
/// What runs are made of.
const PIECE: usize = 1024;
/// Small blocks are 16 to 1024 bytes.
const SMALLEST_LOG2: u32 = 4;
const CLASSES: usize = 7;
/// Every block is aligned to this; layouts that ask for more are refused.
const ALIGNMENT: usize = 16;

unsafe extern "C" {
    /// The linker's first byte after stack and static data.
    static __heap_base: u8;
}

pub struct Heap(UnsafeCell<State>);

// A guest has one thread.
unsafe impl Sync for Heap {}

struct State {
    /// Free small blocks, one list for each size.
    small: [*mut Block; CLASSES],
    /// Free runs by rising address; none touches another or the frontier.
    runs: *mut Run,
    /// The first byte never handed out; 0 before the first allocation.
    frontier: usize,
}

struct Block {
    next: *mut Block,
}

struct Run {
    next: *mut Run,
    size: usize,
}

impl Heap {
    pub const fn new() -> Heap {
        Heap(UnsafeCell::new(State { small: [null_mut(); CLASSES], runs: null_mut(), frontier: 0 }))
    }
}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNMENT {
            return null_mut();
        }
        // SAFETY: one thread, and no method of the state calls back into the heap.
        let state = unsafe { &mut *self.0.get() };
        unsafe {
            match class(layout.size()) {
                Some(class) => state.take_small(class),
                None => state.take_run(run_size(layout.size())),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let state = unsafe { &mut *self.0.get() };
        unsafe {
            match class(layout.size()) {
                Some(class) => state.give_small(class, block),
                None => state.give_run(block, run_size(layout.size())),
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let state = unsafe { &mut *self.0.get() };
        let fits = match (class(layout.size()), class(new_size)) {
            (None, None) => unsafe {
                state.resize_run(block, run_size(layout.size()), run_size(new_size))
            },
            (old, new) => old == new,
        };
        if fits {
            return block;
        }
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

/// The list that serves blocks of this size; none for runs.
fn class(size: usize) -> Option<usize> {
    let log2 = size.max(1 << SMALLEST_LOG2).checked_next_power_of_two()?.trailing_zeros();
    let class = (log2 - SMALLEST_LOG2) as usize;
    (class < CLASSES).then_some(class)
}

/// A layout is at most `isize::MAX`, so rounding up can't overflow.
fn run_size(size: usize) -> usize {
    (size + PIECE - 1) & !(PIECE - 1)
}

// The callers of all of these pass blocks and sizes that this heap gave out.
impl State {
    unsafe fn take_small(&mut self, class: usize) -> *mut u8 {
        if self.small[class].is_null() {
            let run = unsafe { self.take_run(PIECE) };
            if run.is_null() {
                return run;
            }
            let mut end = PIECE;
            while end > 0 {
                end -= 1 << (class as u32 + SMALLEST_LOG2);
                unsafe { self.give_small(class, run.add(end)) };
            }
        }
        let block = self.small[class];
        self.small[class] = unsafe { (*block).next };
        block.cast()
    }

    unsafe fn give_small(&mut self, class: usize, block: *mut u8) {
        let block: *mut Block = block.cast();
        unsafe { (*block).next = self.small[class] };
        self.small[class] = block;
    }

    unsafe fn take_run(&mut self, size: usize) -> *mut u8 {
        let mut link: *mut *mut Run = &mut self.runs;
        unsafe {
            while !(*link).is_null() {
                if (**link).size >= size {
                    let run = *link;
                    cut_front(link, size);
                    return run.cast();
                }
                link = &mut (**link).next;
            }
        }
        if self.frontier == 0 {
            let base = &raw const __heap_base as usize;
            self.frontier = (base + ALIGNMENT - 1) & !(ALIGNMENT - 1);
        }
        let run = self.frontier;
        if self.advance(run, size) { run as *mut u8 } else { null_mut() }
    }

    /// Moves the frontier to `size` bytes after `from`, growing the memory where that is needed.
    fn advance(&mut self, from: usize, size: usize) -> bool {
        let Some(end) = from.checked_add(size) else {
            return false;
        };
        let pages = end.div_ceil(PAGE);
        let present = memory_size(0);
        if pages > present && memory_grow(0, pages - present) == usize::MAX {
            return false;
        }
        self.frontier = end;
        true
    }

    unsafe fn give_run(&mut self, start: *mut u8, size: usize) {
        let run: *mut Run = start.cast();
        let mut link: *mut *mut Run = &mut self.runs;
        let mut before: *mut *mut Run = null_mut();
        unsafe {
            while !(*link).is_null() && *link < run {
                before = link;
                link = &mut (**link).next;
            }
            *run = Run { next: *link, size };
            *link = run;
            join_next(run);
            let mut last = link;
            if !before.is_null() && join_next(*before) {
                last = before;
            }
            if end_of(*last) == self.frontier {
                self.frontier = *last as usize;
                *last = null_mut();
            }
        }
    }

    /// Whether the run could be resized where it stands.
    unsafe fn resize_run(&mut self, start: *mut u8, old: usize, new: usize) -> bool {
        unsafe {
            if new < old {
                self.give_run(start.add(new), old - new);
            }
            if new <= old {
                return true;
            }
            let end = start as usize + old;
            if end == self.frontier {
                return self.advance(start as usize, new);
            }
            let mut link: *mut *mut Run = &mut self.runs;
            while !(*link).is_null() && (*link as usize) < end {
                link = &mut (**link).next;
            }
            let adjacent = !(*link).is_null() && *link as usize == end;
            if adjacent && (**link).size >= new - old {
                cut_front(link, new - old);
                return true;
            }
        }
        false
    }
}

/// Takes the first `size` bytes of the run that `link` leads to out of the list.
unsafe fn cut_front(link: *mut *mut Run, size: usize) {
    unsafe {
        let run = *link;
        let Run { next, size: whole } = run.read();
        if whole == size {
            *link = next;
        } else {
            let rest: *mut Run = run.byte_add(size);
            *rest = Run { next, size: whole - size };
            *link = rest;
        }
    }
}

/// Joins a run with the next one if they touch.
unsafe fn join_next(run: *mut Run) -> bool {
    unsafe {
        let next = (*run).next;
        let touches = !next.is_null() && end_of(run) == next as usize;
        if touches {
            (*run).size += (*next).size;
            (*run).next = (*next).next;
        }
        touches
    }
}

unsafe fn end_of(run: *mut Run) -> usize {
    run as usize + unsafe { (*run).size }
}
