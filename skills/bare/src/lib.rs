//! What a guest without `std` needs: a heap, and a panic that traps without a word.
//!
//! With these a plugin is half as large as with `std`. On other targets the crate is empty, so that
//! the plugins' own tests run with the system's heap.

#![no_std]
#![cfg(target_arch = "wasm32")]

mod heap;

#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
