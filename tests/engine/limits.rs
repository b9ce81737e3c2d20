//! Fuel, memory, time, host calls and output, each with its own error.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_lite::errors::{ActionableError, CallError, Exhausted};
use weft_lite::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};
use weft_lite::{PluginResourceConfig, limits};

use crate::guest::{ECHO, Guest, call, call_with, closed_sandbox, start};

const LOOP: &str = "(loop $again (br $again)) (unreachable)";

fn with_fuel(max_fuel: u64) -> PluginResourceConfig {
    PluginResourceConfig { max_fuel, ..PluginResourceConfig::default() }
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let result = call_with(&Guest::running(LOOP), "{}", &with_fuel(5_000_000));
    assert_eq!(result, Err(CallError::Exhausted(Exhausted::Fuel { limit: 5_000_000 })));
}

#[test]
fn endless_init_or_realloc_uses_the_call_budget() {
    let resources = with_fuel(2_000_000);
    let fuel = Err(CallError::Exhausted(Exhausted::Fuel { limit: 2_000_000 }));
    let guest = Guest { init: LOOP.into(), ..Guest::default() };
    assert_eq!(call_with(&guest, "{}", &resources), fuel);
    let guest = Guest { realloc: LOOP.into(), ..Guest::default() };
    assert_eq!(call_with(&guest, "{}", &resources), fuel);
    let post = format!("(func (export \"cabi_post_plugin#execute-tool\") (param i32) {LOOP})");
    assert_eq!(call_with(&Guest::default().with(&post), "{}", &resources), fuel);
}

#[test]
fn wall_clock_ends_a_computing_guest() {
    let resources = PluginResourceConfig {
        max_fuel: limits::FUEL.maximum,
        max_execution_seconds: 1,
        ..PluginResourceConfig::default()
    };
    let limit = Duration::from_secs(1);
    let result = call_with(&Guest::running(LOOP), "{}", &resources);
    assert_eq!(result, Err(CallError::Exhausted(Exhausted::Time { limit })));
}

#[test]
fn usage_is_reported_and_fuel_is_per_call() {
    let resources = with_fuel(1_000_000);
    // About 600,000 units a call: two calls only fit if none is carried over.
    let body = format!(
        "(local $n i32) (local.set $n (i32.const 150000))
         (loop $again
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
         {ECHO}"
    );
    let mut instance = start(&Guest::running(&body).compile(), &resources).unwrap();
    let mut used = Vec::new();
    for _ in 0..3 {
        let mut budget = CallBudget::new(&resources);
        let result = smol::block_on(instance.execute_tool("run", "1", &mut budget));
        assert_eq!(result, Ok("1".into()));
        used.push(budget.usage());
    }
    assert!(used[0].fuel > 400_000 && used[0].fuel < 1_000_000, "{used:?}");
    assert_eq!(used[0].fuel, used[2].fuel);
    assert_eq!(used[0].peak_memory_bytes, 65_536);
    assert_eq!(used[0].host_calls, 0);
}

#[test]
fn a_large_function_runs_in_small_slices() {
    // 17,000 additions in one function: its translation alone would cost 700,000 units.
    let mut body = String::from("(local $sum i32)");
    for _ in 0..17_000 {
        body.push_str("(local.set $sum (i32.add (local.get $sum) (i32.const 1)))");
    }
    let check = "(if (i32.ne (local.get $sum) (i32.const 17000)) (then unreachable))";
    let guest = Guest::running(&format!("{body} {check} {ECHO}"));
    assert!(guest.wasm().len() > 100_000);
    let resources = PluginResourceConfig::default();
    let mut instance = start(&guest.compile(), &resources).unwrap();
    let mut budget = CallBudget::new(&resources).with_slice(10_000);
    let result = smol::block_on(instance.execute_tool("run", "1", &mut budget));
    assert_eq!(result, Ok("1".into()));
    assert!(budget.usage().fuel > 30_000, "{:?}", budget.usage());
}

#[test]
fn lazy_translation_costs_the_same_fuel() {
    // A long function, and bulk operations, which are charged by the byte.
    let sums = "(local.set $sum (i32.add (local.get $sum) (i32.const 1)))".repeat(5_000);
    let bulk = "(drop (memory.grow (i32.const 2)))
         (memory.fill (i32.const 65536) (i32.const 7) (i32.const 100000))
         (memory.copy (i32.const 65536) (i32.const 65537) (i32.const 99999))";
    let guest = Guest::running(&format!("(local $sum i32) {sums} {bulk} {ECHO}"));
    let wasm = guest.wasm();
    let new_lazy = CompiledModule::new_lazy(&wasm, wasm.len()).unwrap();
    let resources = PluginResourceConfig::default();
    let [translated, translating, again] = [&guest.compile(), &new_lazy, &new_lazy].map(|module| {
        let mut instance = start(module, &resources).unwrap();
        let mut budget = CallBudget::new(&resources).with_slice(1_000);
        let result = smol::block_on(instance.execute_tool("run", "1", &mut budget));
        assert_eq!(result, Ok("1".into()));
        budget.usage().fuel
    });
    assert!(translated > 5_000, "{translated}");
    assert_eq!((translating, again), (translated, translated));
}

#[test]
fn bulk_operations_beyond_a_slice_run_once() {
    // Grows by 15 MB, fills it, and counts how often the instructions around it run.
    let body = format!(
        "(if (i32.ne (memory.grow (i32.const 239)) (i32.const 1)) (then unreachable))
         (global.set $times (i32.add (global.get $times) (i32.const 1)))
         (memory.fill (i32.const 65536) (i32.const 7) (i32.const 15663104))
         (global.set $times (i32.add (global.get $times) (i32.const 1)))
         (if (i32.ne (global.get $times) (i32.const 2)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 15728639)) (i32.const 7)) (then unreachable))
         {ECHO}"
    );
    let guest = Guest::running(&body).with("(global $times (mut i32) (i32.const 0))");
    let resources = PluginResourceConfig::default();
    let mut instance = start(&guest.compile(), &resources).unwrap();
    let mut budget = CallBudget::new(&resources).with_slice(1_000);
    let result = smol::block_on(instance.execute_tool("run", "1", &mut budget));
    assert_eq!(result, Ok("1".into()));
    assert_eq!(budget.usage().peak_memory_bytes, 240 * 65_536);
}

/// The reason for refusing `table.grow`: when this fails, the interpreter has been mended and the
/// rule can go.
#[test]
fn the_interpreter_still_resumes_table_grow_wrongly() {
    let wasm = wat::parse_str(
        "(module (table $t 0 100000 funcref) (global $times (mut i32) (i32.const 0))
            (func (export \"run\") (result i32)
                (global.set $times (i32.add (global.get $times) (i32.const 1)))
                (drop (table.grow $t (ref.null func) (i32.const 50000)))
                (global.get $times)))",
    )
    .unwrap();
    let mut config = wasmi::Config::default();
    config.consume_fuel(true).compilation_mode(wasmi::CompilationMode::Eager);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, wasm).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    store.set_fuel(1_000).unwrap();
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
    store.set_fuel(10).unwrap();
    let mut step = run.call_resumable(&mut store, ()).unwrap();
    let mut times = None;
    for _ in 0..100 {
        step = match step {
            wasmi::TypedResumableCall::Finished(answer) => {
                times = Some(answer);
                break;
            }
            wasmi::TypedResumableCall::OutOfFuel(paused) => {
                store.set_fuel(paused.required_fuel() + 10).unwrap();
                paused.resume(&mut store).unwrap()
            }
            wasmi::TypedResumableCall::HostTrap(_) => unreachable!("there are no imports"),
        };
    }
    assert_ne!(times, Some(1), "table.grow is resumed rightly now: stop refusing it");
}

#[test]
fn exceeding_the_plugins_memory_limit_is_named() {
    let resources = PluginResourceConfig { max_memory_mb: 2, ..PluginResourceConfig::default() };
    let exhausted = Err(CallError::Exhausted(Exhausted::Memory { limit: 2 << 20 }));
    let grow = Guest::running("(drop (memory.grow (i32.const 32))) (unreachable)");
    assert_eq!(call_with(&grow, "{}", &resources), exhausted);
    let start = Guest { memory: "(memory (export \"memory\") 33)".into(), ..Guest::default() };
    assert_eq!(call_with(&start, "{}", &resources), exhausted);
    // Exactly the limit is within it.
    let body = format!("(drop (memory.grow (i32.const 31))) {ECHO}");
    assert_eq!(call_with(&Guest::running(&body), "1", &resources), Ok("1".into()));
}

#[test]
fn a_modules_own_maximum_is_no_fault() {
    let body = format!(
        "(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) {ECHO}"
    );
    let guest =
        Guest { memory: "(memory (export \"memory\") 1 1)".into(), ..Guest::running(&body) };
    assert_eq!(call(&guest, "1"), Ok("1".into()));
}

#[test]
fn tables_have_a_limit() {
    let resources =
        PluginResourceConfig { max_table_elements: 100, ..PluginResourceConfig::default() };
    let guest = Guest::default().with("(table 60 funcref) (table 41 funcref)");
    let exhausted = Err(CallError::Exhausted(Exhausted::Table { limit: 100 }));
    assert_eq!(call_with(&guest, "{}", &resources), exhausted);
    let guest = Guest::default().with("(table 60 funcref) (table 40 funcref)");
    assert_eq!(call_with(&guest, "1", &resources), Ok("1".into()));
    let many = Guest::default().with(&"(table 1 funcref)".repeat(5));
    assert!(CompiledModule::new(&many.wasm()).is_err());
}

#[test]
fn host_calls_have_a_limit() {
    let mut body = String::new();
    for _ in 0..4 {
        write!(body, "(call $log (i32.const 4) (i32.const 64) (i32.const 1))").unwrap();
    }
    let guest = Guest::running(&format!("{body} {ECHO}"))
        .importing("(import \"host\" \"log\" (func $log (param i32 i32 i32)))");
    let with =
        |max_host_calls| PluginResourceConfig { max_host_calls, ..PluginResourceConfig::default() };
    let exhausted = Err(CallError::Exhausted(Exhausted::HostCalls { limit: 3 }));
    assert_eq!(call_with(&guest, "1", &with(3)), exhausted);
    assert_eq!(call_with(&guest, "1", &with(4)), Ok("1".into()));
}

#[test]
fn output_has_a_limit() {
    let answer = |length: usize| {
        let body = format!(
            "(i32.store (i32.const 20) (i32.const 65536)) (i32.store (i32.const 24) (i32.const {length}))
             (i32.const 16)"
        );
        let memory = "(memory (export \"memory\") 128)".into();
        call(&Guest { memory, ..Guest::running(&body) }, "{}")
    };
    let limit = limits::RESULT_BYTES;
    assert_eq!(answer(limit).map(|text| text.len()), Ok(limit));
    assert_eq!(answer(limit + 1), Err(CallError::Exhausted(Exhausted::Output { limit })));

    // The same for everything that is handed over within one call.
    let memory = "(memory (export \"memory\") 128)".into();
    let body = "(loop $again
        (call $log (i32.const 9) (i32.const 65536) (i32.const 1000000)) (br $again)) (unreachable)";
    let guest = Guest { memory, ..Guest::running(body) }
        .importing("(import \"host\" \"log\" (func $log (param i32 i32 i32)))");
    let limit = limits::LIFTED_BYTES_PER_CALL;
    assert_eq!(call(&guest, "{}"), Err(CallError::Exhausted(Exhausted::Output { limit })));
}

#[test]
fn parameters_have_a_limit() {
    let large = "x".repeat(limits::PARAMS_BYTES + 1);
    let resources = PluginResourceConfig::default();
    let memory = "(memory (export \"memory\") 128)".into();
    let guest = Guest { memory, ..Guest::default() };
    let mut instance = start(&guest.compile(), &resources).unwrap();
    let mut budget = CallBudget::new(&resources);
    let result = smol::block_on(instance.execute_tool("run", &large, &mut budget));
    assert!(matches!(result, Err(CallError::InvalidParams { .. })), "{result:?}");
    assert!(instance.is_usable(), "nothing was run");
    let result = smol::block_on(instance.execute_tool("run", &large[1..], &mut budget));
    assert_eq!(result.map(|text| text.len()), Ok(limits::PARAMS_BYTES));
}

#[test]
fn idle_guests_yield_shared_memory_oldest_first() {
    let resources = PluginResourceConfig::default();
    let module = Guest::default().compile();
    let memory = MemoryBudget::new(3 * 65_536);
    let begin = || {
        let mut budget = CallBudget::new(&resources);
        let memory = Arc::clone(&memory);
        smol::block_on(Instance::start(&module, closed_sandbox(), &resources, memory, &mut budget))
    };
    let now = Instant::now();
    let first = memory.park(begin().unwrap(), now);
    let second = memory.park(begin().unwrap(), now);
    let busy = begin().unwrap();
    assert_eq!((memory.held(), memory.idle_instances()), (3 * 65_536, 2));

    let newcomer = begin().unwrap();
    assert_eq!((memory.held(), memory.idle_instances()), (3 * 65_536, 1));
    assert!(memory.unpark(first).is_none(), "the oldest gave way");
    let second = memory.unpark(second).expect("the younger one was kept");

    // Nothing idle is left, and what is busy is not taken.
    let exhausted = CallError::Exhausted(Exhausted::MemoryBudget {
        limit: 3 * 65_536,
        share: None,
        held_by: Some("test".into()),
    });
    assert_eq!(begin().map(|_| ()), Err(exhausted));
    drop((busy, newcomer, second));
    assert_eq!(memory.held(), 0, "a dropped instance gives its memory back");
}

#[test]
fn a_dropped_call_frees_the_guest_at_once() {
    let resources = PluginResourceConfig::default();
    let memory = MemoryBudget::new(1 << 20);
    let module = Guest::running(LOOP).compile();
    let mut budget = CallBudget::new(&resources);
    let started =
        Instance::start(&module, closed_sandbox(), &resources, Arc::clone(&memory), &mut budget);
    let mut instance = smol::block_on(started).unwrap();
    let mut budget = CallBudget::new(&resources);
    let mut call = Box::pin(async move { instance.execute_tool("run", "{}", &mut budget).await });
    assert!(smol::block_on(futures_lite::future::poll_once(&mut call)).is_none(), "it yields");
    assert_eq!(memory.held(), 65_536);
    drop(call);
    assert_eq!(memory.held(), 0);
}

#[test]
fn nobody_is_asked_to_raise_a_maximal_limit() {
    let step = |exhausted: Exhausted| CallError::Exhausted(exhausted).next_step();
    type Made = fn(u64) -> Exhausted;
    let made: [(limits::Range, Made); 5] = [
        (limits::FUEL, |limit| Exhausted::Fuel { limit }),
        (limits::MEMORY_MB, |mb| Exhausted::Memory { limit: mb as usize * limits::MB }),
        (limits::TABLE_ELEMENTS, |limit| Exhausted::Table { limit: limit as usize }),
        (limits::EXECUTION_SECONDS, |s| Exhausted::Time { limit: Duration::from_secs(s) }),
        (limits::HOST_CALLS, |limit| Exhausted::HostCalls { limit: limit as u32 }),
    ];
    for (range, exhausted) in made {
        let raise =
            format!("raise `resources.{}` in the manifest, or ask for less at once", range.key);
        assert_eq!(step(exhausted(range.maximum - 1)), raise);
        let said = step(exhausted(range.maximum));
        assert_eq!(said, "ask for less at once: no manifest may ask for more");
    }
    let budget = |mb: usize, share| {
        step(Exhausted::MemoryBudget { limit: mb * limits::MB, share, held_by: None })
    };
    assert!(budget(64, None).starts_with("raise the memory budget (`limits.memory_budget_mb`)"));
    assert_eq!(budget(65_536, None), "run fewer plugins at once");
    assert_eq!(budget(65_536, Some(1)), "ask for less at once");
    assert_eq!(step(Exhausted::Output { limit: 1 }), "ask for less at once");
}
