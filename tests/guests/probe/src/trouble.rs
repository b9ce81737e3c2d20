//! What a sandbox has to stop: endless work, too much memory, deep stacks and traps.

use std::hint::{assert_unchecked, black_box};

pub fn spin() -> ! {
    let mut turns = 0u32;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

/// One iteration costs 19 units of wasmi 2.0's fuel; the call around it about 20,000.
pub fn burn(iterations: u64) -> u64 {
    let mut state = 1u64;
    for _ in 0..iterations {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state ^= state >> 29;
    }
    // Below 2^53, for readers of JSON that know only floats.
    state >> 11
}

pub fn allocate(mb: usize) -> Result<usize, String> {
    let mut memory = reserve(mb)?;
    memory.resize(mb << 20, 1u8);
    black_box(&memory);
    Ok(core::arch::wasm32::memory_size::<0>())
}

pub fn fill(mb: usize, times: usize) -> Result<(), String> {
    let mut memory = reserve(mb)?;
    memory.resize(mb << 20, 0u8);
    let mut turn = 0;
    while times == 0 || turn < times {
        turn += 1;
        black_box(&mut memory).fill(turn as u8);
    }
    Ok(())
}

fn reserve(mb: usize) -> Result<Vec<u8>, String> {
    let mut memory = Vec::new();
    let size = mb.checked_mul(1 << 20).ok_or("more than the address space")?;
    memory.try_reserve_exact(size).map_err(|_| format!("the memory did not grow by {mb} MB"))?;
    Ok(memory)
}

/// Keeps its locals out of the linear memory's stack, so that the engine's own limit ends it.
#[inline(never)]
pub fn recurse(depth: u32) -> u32 {
    if depth == u32::MAX {
        return 0;
    }
    recurse(depth + 1).wrapping_mul(3) ^ depth
}

/// Each kind is one instruction that traps.
pub fn trap<T>(kind: &str) -> Result<T, String> {
    match kind {
        "unreachable" => core::arch::wasm32::unreachable(),
        "divide" => {
            let zero = black_box(0u32);
            // SAFETY: none. It is a lie that removes Rust's own check, so that the instruction runs and
            // traps; `black_box` hides the value from the compiler.
            unsafe { assert_unchecked(zero != 0) };
            black_box(black_box(1u32) / zero);
        }
        "out_of_bounds" => {
            // SAFETY: none, the read traps: no memory here reaches the last page.
            black_box(unsafe {
                std::ptr::read_volatile(black_box(0xffff_fff0usize) as *const u32)
            });
        }
        "indirect_call" => {
            // SAFETY: none, the call traps: the table isn't that long.
            let function: extern "C" fn() =
                unsafe { std::mem::transmute(black_box(0x00ff_ffffusize)) };
            function();
        }
        other => return Err(format!("no trap of kind `{other}`")),
    }
    Err(format!("`{kind}` did not trap"))
}
