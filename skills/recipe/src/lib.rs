//! The interpreter of compiled recipes: `weft-lite skill compile` puts a checked plan into this module's data.
//!
//! The module as it is has no plan and is no plugin. Nothing in a plan, a parameter or a tool's result makes it
//! trap: what can't be read is an error. It keeps values as JSON text, so that no number changes on its way.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod compare;
mod plan;
mod run;
mod scan;
#[cfg(test)]
mod tests;

use alloc::string::String;
use core::cell::{Cell, UnsafeCell};
use plan::Plan;

wit_bindgen::generate!({
    path: "../../wit",
    inline: "package skills:recipe; world recipe {
        include clawft:plugin/plugin@0.1.0;
        import weft:host/tools@0.1.0;
    }",
    generate_all,
});

/// The room for a plan: the number of its bytes, then those. Its address is exported, and the compiler drops
/// that export.
#[unsafe(no_mangle)]
pub static WEFT_RECIPE_PLAN: Room = Room(UnsafeCell::new([0; PLAN_BYTES]));

const PLAN_BYTES: usize = 8192;

pub struct Room(UnsafeCell<[u8; PLAN_BYTES]>);

// A guest has one thread, and nothing writes here while it runs.
unsafe impl Sync for Room {}

/// The plan, with a mark for its reader.
fn plan(is_damaged: &Cell<bool>) -> Plan<'_> {
    // SAFETY: see above.
    Plan::new(unsafe { &*WEFT_RECIPE_PLAN.0.get() }, is_damaged)
}

struct Recipe;

export!(Recipe);

impl exports::plugin::Guest for Recipe {
    fn init() -> Result<(), String> {
        run::head(plan(&Cell::new(false))).map(|_| ())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let is_damaged = Cell::new(false);
        run::run(plan(&is_damaged), &tool_name, &params_json, &weft::host::tools::call)
    }

    fn describe() -> String {
        run::join("%", &[plan(&Cell::new(false)).head().description])
    }
}
