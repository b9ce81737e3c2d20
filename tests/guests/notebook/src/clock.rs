//! The time, which no function of `host` tells, but WASI's clock does.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> i32;
}

const REALTIME: u32 = 0;

/// Seconds since 1970.
pub fn seconds() -> u64 {
    let mut nanoseconds = 0;
    // SAFETY: the pointer is good for the eight bytes that are written, and 0 stays if none are.
    unsafe { clock_time_get(REALTIME, 1_000_000_000, &mut nanoseconds) };
    nanoseconds / 1_000_000_000
}
