//! The imports that a guest may have and the exports that it must have, with their core-level types.
//!
//! Types are compared exactly. A function of the right name and another type would read its parameters from the
//! wrong places, so it is a fault at load and never a conversion.
//!
//! The letters are those of the flat parameters in `CanonicalABI.md`: a string or list is two `i32`, an `option`
//! puts its tag before its payload, and a result too large for one value is a pointer to a result area.

use std::fmt;

use wasmparser::{FuncType, ValType};

use crate::contract::PluginCapability;

/// The interface that guests import host functions from.
pub(super) const HOST: &str = "host";
/// The interface of WASI's first preview, which is answered by a closed shim.
pub(super) const WASI: &str = "wasi_snapshot_preview1";

/// A core-level function type: one letter for each value, `i` for i32 and `I` for i64.
///
/// All functions of the host and of plugins use these two types alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) params: &'static str,
    pub(super) results: &'static str,
}

/// A type by its letters. Any letter but `i` counts as an `i64`.
pub(super) const fn signature(params: &'static str, results: &'static str) -> Signature {
    Signature { params, results }
}

/// The five host functions.
pub(super) fn host_function(name: &str) -> Option<Signature> {
    Some(match name {
        "http-request" => signature("iiiiiiiiii", ""),
        "read-file" | "get-env" | "log" => signature("iii", ""),
        "write-file" => signature("iiiii", ""),
        _ => return None,
    })
}

/// The functions of `wasi_snapshot_preview1`, all of which the shim answers.
pub(super) fn wasi_function(name: &str) -> Option<Signature> {
    Some(match name {
        "args_get"
        | "args_sizes_get"
        | "environ_get"
        | "environ_sizes_get"
        | "clock_res_get"
        | "random_get"
        | "fd_fdstat_get"
        | "fd_fdstat_set_flags"
        | "fd_filestat_get"
        | "fd_prestat_get"
        | "fd_renumber"
        | "fd_tell"
        | "sock_shutdown" => signature("ii", "i"),
        "clock_time_get" => signature("iIi", "i"),
        "fd_advise" => signature("iIIi", "i"),
        "fd_allocate" => signature("iII", "i"),
        "fd_close" | "fd_datasync" | "fd_sync" | "proc_raise" => signature("i", "i"),
        "fd_fdstat_set_rights" => signature("iII", "i"),
        "fd_filestat_set_size" => signature("iI", "i"),
        "fd_filestat_set_times" => signature("iIIi", "i"),
        "fd_pread" | "fd_pwrite" => signature("iiiIi", "i"),
        "fd_prestat_dir_name"
        | "path_create_directory"
        | "path_remove_directory"
        | "path_unlink_file"
        | "sock_accept" => signature("iii", "i"),
        "fd_read" | "fd_write" | "poll_oneoff" => signature("iiii", "i"),
        "fd_readdir" => signature("iiiIi", "i"),
        "fd_seek" => signature("iIii", "i"),
        "path_filestat_get" | "path_symlink" | "sock_send" => signature("iiiii", "i"),
        "path_filestat_set_times" => signature("iiiiIIi", "i"),
        "path_link" => signature("iiiiiii", "i"),
        "path_open" => signature("iiiiiIIii", "i"),
        "path_readlink" | "path_rename" | "sock_recv" => signature("iiiiii", "i"),
        "proc_exit" => signature("i", ""),
        "sched_yield" => signature("", "i"),
        _ => return None,
    })
}

/// The core-level names of the exports of plugins, from `wit/plugin.wit` and `wit/deps/kinds.wit`.
pub(super) mod export {
    use super::{PluginCapability, Signature, signature};

    /// The guest's linear memory, in which all strings are.
    pub(in crate::wasm) const MEMORY: &str = "memory";
    /// The guest's allocator. Generators may put a version behind the name.
    pub(in crate::wasm) const REALLOC: &str = "cabi_realloc";
    /// The constructors of a reactor by WASI's convention; optional.
    pub(in crate::wasm) const INITIALIZE: &str = "_initialize";
    /// What comes before the name of a function in that of its post-return, which frees the result; optional.
    pub(in crate::wasm) const POST_RETURN: &str = "cabi_post_";

    /// Called once for each instance, after `_initialize`. An instance whose `init` fails is not used.
    pub(in crate::wasm) const INIT: &str = "plugin#init";
    /// Calls a tool by its bare name, with its parameters as JSON text.
    pub(in crate::wasm) const EXECUTE_TOOL: &str = "plugin#execute-tool";
    /// Describes the plugin as JSON text: its name, its version and its tools.
    pub(in crate::wasm) const DESCRIBE: &str = "plugin#describe";

    /// Returns the messages that a channel has received.
    pub(in crate::wasm) const POLL: &str = "channel#poll";
    pub(in crate::wasm) const SEND: &str = "channel#send";
    pub(in crate::wasm) const ACKNOWLEDGE: &str = "receipts#acknowledge";
    pub(in crate::wasm) const ANSWERED: &str = "answered#answered";
    pub(in crate::wasm) const DRAFT: &str = "drafts#draft";
    pub(in crate::wasm) const REVISE: &str = "drafts#revise";
    #[cfg(feature = "serve")]
    pub(in crate::wasm) const HANDLE: &str = "webhook#handle";
    pub(in crate::wasm) const STAGE_TYPE: &str = "stage#stage-type";
    pub(in crate::wasm) const PROCESS: &str = "stage#process";
    pub(in crate::wasm) const INSTRUCTIONS: &str = "skill#instructions";
    pub(in crate::wasm) const VARIABLES: &str = "skill#variables";
    pub(in crate::wasm) const STORE: &str = "memory#store";
    pub(in crate::wasm) const RETRIEVE: &str = "memory#retrieve";
    pub(in crate::wasm) const SEARCH: &str = "memory#search";
    pub(in crate::wasm) const DELETE: &str = "memory#delete";
    pub(in crate::wasm) const PROCESS_AUDIO: &str = "voice#process-audio";
    pub(in crate::wasm) const SYNTHESIZE: &str = "voice#synthesize";

    /// The exports of a plugin of each kind. Every plugin has the exports of a tool provider.
    pub(in crate::wasm) const KINDS: [(PluginCapability, &[&str]); 6] = [
        (PluginCapability::Tool, &[INIT, EXECUTE_TOOL, DESCRIBE]),
        (PluginCapability::Channel, &[POLL, SEND]),
        (PluginCapability::PipelineStage, &[STAGE_TYPE, PROCESS]),
        (PluginCapability::Skill, &[INSTRUCTIONS, VARIABLES]),
        (PluginCapability::MemoryBackend, &[STORE, RETRIEVE, SEARCH, DELETE]),
        (PluginCapability::Voice, &[PROCESS_AUDIO, SYNTHESIZE]),
    ];

    /// The interfaces that a channel may have beside its own.
    pub(in crate::wasm) const BESIDE_CHANNEL: &[&[&str]] = &[
        &[ACKNOWLEDGE],
        &[ANSWERED],
        &[DRAFT, REVISE],
        #[cfg(feature = "serve")]
        &[HANDLE],
    ];

    /// The type that a known export must have; `None` for a name that the host doesn't use.
    pub(in crate::wasm) fn expected(name: &str) -> Option<Signature> {
        match name {
            INITIALIZE => Some(signature("", "")),
            _ if name.starts_with(REALLOC) => Some(signature("iiii", "i")),
            _ => match name.strip_prefix(POST_RETURN) {
                Some(function) => parameters(function).map(|_| signature("i", "")),
                None => parameters(name).map(|params| signature(params, "i")),
            },
        }
    }

    /// The parameters of a function of the interfaces. The result of each is a pointer.
    fn parameters(function: &str) -> Option<&'static str> {
        Some(match function {
            INIT | DESCRIBE | POLL | STAGE_TYPE | INSTRUCTIONS | VARIABLES => "",
            ACKNOWLEDGE | PROCESS | SYNTHESIZE => "ii",
            ANSWERED => "iii",
            EXECUTE_TOOL | SEND | DRAFT | PROCESS_AUDIO => "iiii",
            RETRIEVE | DELETE => "iiiii",
            SEARCH | REVISE => "iiiiii",
            #[cfg(feature = "serve")]
            HANDLE => "iiiiiiiiii",
            STORE => "iiiiiiiiIii",
            _ => return None,
        })
    }
}

impl Signature {
    /// Whether a module's type is exactly this one.
    pub(super) fn matches(self, ty: &FuncType) -> bool {
        types(self.params).eq(ty.params().iter().copied())
            && types(self.results).eq(ty.results().iter().copied())
    }

    /// The type in the interpreter's terms.
    pub(super) fn to_func_type(self) -> wasmi::FuncType {
        let values = |letters| {
            let value = |ty| match ty {
                ValType::I32 => wasmi::ValType::I32,
                _ => wasmi::ValType::I64,
            };
            types(letters).map(value).collect::<Vec<_>>()
        };
        wasmi::FuncType::new(values(self.params), values(self.results))
    }
}

/// The types of the letters, in their order.
fn types(letters: &'static str) -> impl Iterator<Item = ValType> {
    letters.bytes().map(|letter| match letter {
        b'i' => ValType::I32,
        _ => ValType::I64,
    })
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&describe(&FuncType::new(types(self.params), types(self.results))))
    }
}

/// The most parameters or results that the text of a type shows.
const SHOWN_TYPES: usize = 32;

/// A module's function type, in the same notation.
pub(super) fn describe(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let mut names: Vec<_> = types.iter().take(SHOWN_TYPES).map(ToString::to_string).collect();
        if types.len() > SHOWN_TYPES {
            names.push(format!("... {} in all", types.len()));
        }
        names.join(", ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}
