//! The same guest on bare wasmi: the floor that the engine is compared with.
//!
//! Fuel is on, unless a measurement says otherwise, arguments are lowered through the guest's allocator and
//! results are copied out, as in the engine. What is missing is what the engine adds: budgets, deadlines,
//! slices, limits on memory, permits and the audit.

use std::fmt;

use wasmi::errors::HostError;
use wasmi::{
    Caller, CompilationMode, Config, EnforcedLimits, Engine, Linker, Memory, Module, Store,
    TypedFunc, TypedResumableCall,
};

/// Enough for any call made here.
const FUEL: u64 = 1_000_000_000;

pub(crate) struct RawModule {
    engine: Engine,
    module: Module,
    linker: Linker<Option<EnvCall>>,
    has_fuel: bool,
}

/// A call of `get-env` that waits for its answer: the name, and where the result goes.
pub(crate) struct EnvCall {
    name: String,
    result: usize,
}

pub(crate) struct RawInstance {
    store: Store<Option<EnvCall>>,
    memory: Memory,
    realloc: TypedFunc<(i32, i32, i32, i32), i32>,
    execute_tool: TypedFunc<(i32, i32, i32, i32), i32>,
    post_return: TypedFunc<i32, ()>,
    has_fuel: bool,
}

impl RawModule {
    /// Translates a module eagerly on an engine of its own.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::with_fuel(bytes, true)
    }

    /// The same for a guest that runs as long as it likes: nothing counts what it does.
    pub(crate) fn without_fuel(bytes: &[u8]) -> Self {
        Self::with_fuel(bytes, false)
    }

    fn with_fuel(bytes: &[u8], has_fuel: bool) -> Self {
        let mut config = Config::default();
        config
            .compilation_mode(CompilationMode::Eager)
            .consume_fuel(has_fuel)
            .ignore_custom_sections(true)
            .enforced_limits(EnforcedLimits::strict());
        let engine = Engine::new(&config);
        let module = Module::new(&engine, bytes).expect("the guest is valid");
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "get-env", get_env).expect("the name is free");
        Self { engine, module, linker, has_fuel }
    }

    /// Instantiates and runs `init`.
    pub(crate) fn start(&self) -> RawInstance {
        let mut store = Store::new(&self.engine, None);
        if self.has_fuel {
            store.set_fuel(FUEL).expect("fuel is on");
        }
        let instance = self
            .linker
            .instantiate_and_start(&mut store, &self.module)
            .expect("the guest has the imports defined above");
        let missing = "the guest is a tool provider";
        let init = instance.get_typed_func::<(), i32>(&store, "plugin#init").expect(missing);
        let post_init =
            instance.get_typed_func::<i32, ()>(&store, "cabi_post_plugin#init").expect(missing);
        let result = init.call(&mut store, ()).expect("the guest starts");
        post_init.call(&mut store, result).expect("the guest frees its result");
        RawInstance {
            memory: instance.get_memory(&store, "memory").expect(missing),
            realloc: instance.get_typed_func(&store, "cabi_realloc").expect(missing),
            execute_tool: instance.get_typed_func(&store, "plugin#execute-tool").expect(missing),
            post_return: instance
                .get_typed_func(&store, "cabi_post_plugin#execute-tool")
                .expect(missing),
            store,
            has_fuel: self.has_fuel,
        }
    }
}

impl RawInstance {
    /// Runs a tool to its end in one piece, answering `get-env` with `value`.
    pub(crate) fn execute_tool(&mut self, tool: &str, params: &str, value: &str) -> String {
        if self.has_fuel {
            self.store.set_fuel(FUEL).expect("fuel is on");
        }
        let (tool, params) = (self.lower(tool), self.lower(params));
        let arguments = (tool.0, tool.1, params.0, params.1);
        let mut call = self.execute_tool.call_resumable(&mut self.store, arguments);
        let area = loop {
            match call.expect("the tool does not trap") {
                TypedResumableCall::Finished(area) => break area,
                TypedResumableCall::HostTrap(suspended) => {
                    self.answer(value);
                    call = suspended.resume(&mut self.store, &[]);
                }
                TypedResumableCall::OutOfFuel(_) => unreachable!("the fuel is enough"),
            }
        };
        let result = self.lift(area as usize);
        self.post_return.call(&mut self.store, area).expect("the guest frees its result");
        result
    }

    fn lower(&mut self, text: &str) -> (i32, i32) {
        let length = text.len() as i32;
        let pointer = self
            .realloc
            .call(&mut self.store, (0, 0, 1, length))
            .expect("the guest has memory left");
        self.memory
            .write(&mut self.store, pointer as usize, text.as_bytes())
            .expect("the pointer is in bounds");
        (pointer, length)
    }

    /// `some(value)` of `option<string>`, if the guest asks for a name at all.
    fn answer(&mut self, value: &str) {
        let call = self.store.data_mut().take().expect("the guest waits for an answer");
        let (pointer, length) = match call.name.is_empty() {
            true => (0, 0),
            false => self.lower(value),
        };
        let mut area = [0; 12];
        area[0] = 1;
        area[4..8].copy_from_slice(&pointer.to_le_bytes());
        area[8..].copy_from_slice(&length.to_le_bytes());
        self.memory.write(&mut self.store, call.result, &area).expect("the area is in bounds");
    }

    /// The text of an `ok` result.
    fn lift(&self, area: usize) -> String {
        let memory = self.memory.data(&self.store);
        let word = |at: usize| {
            let bytes = memory[at..at + 4].try_into().expect("four bytes");
            u32::from_le_bytes(bytes) as usize
        };
        let (pointer, length) = (word(area + 4), word(area + 8));
        let text = str::from_utf8(&memory[pointer..pointer + length]).expect("results are text");
        text.to_owned()
    }
}

fn get_env(
    mut caller: Caller<'_, Option<EnvCall>>,
    name: i32,
    length: i32,
    result: i32,
) -> Result<(), wasmi::Error> {
    let memory = caller.get_export("memory").and_then(wasmi::Extern::into_memory);
    let memory = memory.ok_or_else(|| wasmi::Error::host(Suspend))?;
    let (start, length) = (name as usize, length as usize);
    let bytes = memory.data(&caller).get(start..start + length).unwrap_or_default();
    let name = String::from_utf8_lossy(bytes).into_owned();
    *caller.data_mut() = Some(EnvCall { name, result: result as usize });
    Err(wasmi::Error::host(Suspend))
}

#[derive(Debug)]
struct Suspend;

impl fmt::Display for Suspend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("suspended")
    }
}

impl HostError for Suspend {}
