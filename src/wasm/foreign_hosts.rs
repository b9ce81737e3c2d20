//! Other hosts, recognized by the imports of their guests: for an error that says for which host a module was
//! built and what to do, instead of a list of unknown names.
//!
//! Recognizing a world allows nothing. Its imports stay faults; only their text is another.

/// A host or toolchain, recognized by a family of imports.
pub(super) struct ForeignHost {
    /// The start of the import's module name.
    module: &'static str,
    /// The start of the import's function name.
    function: &'static str,
    /// The meaning of the import, as the rest of a sentence after "which".
    pub(super) what: &'static str,
    /// What the author can do, as an imperative.
    pub(super) next_step: &'static str,
    /// Whether the whole module is a guest of another host: then its missing exports are no faults of their own.
    pub(super) whole: bool,
}

/// The next step for a plugin of another host. Its code can't be used without other bindings.
const REBUILD: &str = "it has another interface than plugins of this host: generate the bindings from wit/ and export the world `plugin`";
/// A module that is otherwise a plugin, but pulls in a crate for browsers.
const WASM_BINDGEN: ForeignHost = ForeignHost {
    module: "__wbindgen",
    function: "",
    what: "is for JavaScript: a crate of the module uses wasm-bindgen",
    next_step: "turn off the crate's features for browsers (`js`, `wasmbind`), or build for wasm32-wasip2",
    whole: false,
};

/// The first that matches counts.
///
/// So a family comes after its members: `wasi:` after the interfaces of WASI that have a next step of their own,
/// and the linker's `env` after the functions that identify a toolchain.
const FOREIGN_HOSTS: &[ForeignHost] = &[
    ForeignHost {
        module: "extism:host/",
        function: "",
        what: "makes it a plugin for Extism",
        next_step: REBUILD,
        whole: true,
    },
    ForeignHost {
        module: "near:agent/",
        function: "",
        what: "makes it a tool or channel for IronClaw",
        next_step: REBUILD,
        whole: true,
    },
    ForeignHost {
        module: "zeroclaw:plugin/",
        function: "",
        what: "makes it a plugin for ZeroClaw",
        next_step: REBUILD,
        whole: true,
    },
    ForeignHost {
        module: "wapc",
        function: "",
        what: "makes it a guest for waPC",
        next_step: REBUILD,
        whole: true,
    },
    ForeignHost {
        module: "wasi:http/",
        function: "",
        what: "is WASI's HTTP, as tools for Wassette have it; this host does not offer it",
        next_step: "call `host::http-request` or import `weft:host/http`, with the hosts under `permissions.network` in the manifest",
        whole: false,
    },
    ForeignHost {
        module: "wasi:filesystem/",
        function: "",
        what: "is WASI's file system, which this host does not offer",
        next_step: "call `host::read-file` and `host::write-file`, with the paths under `permissions.filesystem` in the manifest",
        whole: false,
    },
    ForeignHost {
        module: "wasi:sockets/",
        function: "",
        what: "is WASI's sockets, which this host does not offer",
        next_step: "call `host::http-request` or import `weft:host/http`, with the hosts under `permissions.network` in the manifest",
        whole: false,
    },
    ForeignHost {
        module: "wasi:config/",
        function: "",
        what: "is WASI's configuration, as tools for Wassette have it; this host does not offer it",
        next_step: "call `host::get-env`, with the names under `permissions.env_vars` in the manifest",
        whole: false,
    },
    ForeignHost {
        module: "wasi:",
        function: "",
        what: "is a part of WASI that this host does not offer",
        next_step: "keep to wasi:cli, wasi:clocks, wasi:io and wasi:random in version 0.2, or build for wasm32-unknown-unknown",
        whole: false,
    },
    ForeignHost {
        module: "wasi_unstable",
        function: "",
        what: "is WASI before its first preview",
        next_step: "build for wasm32-wasip1 or wasm32-wasip2",
        whole: false,
    },
    WASM_BINDGEN,
    ForeignHost { module: "wbg", ..WASM_BINDGEN },
    ForeignHost {
        module: "go",
        function: "",
        what: "makes it a Go program for a browser",
        next_step: "Go's runtime does not fit this host: write the plugin in Rust, C or AssemblyScript",
        whole: true,
    },
    ForeignHost {
        module: "env",
        function: "abort",
        what: "is for JavaScript: AssemblyScript's `abort`",
        next_step: "compile with `--use abort=index/abort` and an `abort` of your own (see tests/guests/echo-as)",
        whole: false,
    },
    ForeignHost {
        module: "env",
        function: "emscripten_",
        what: "makes it a module of Emscripten, which needs its JavaScript",
        next_step: "compile with `clang --target=wasm32 -nostdlib` (see tests/guests/echo-c)",
        whole: false,
    },
    ForeignHost {
        module: "env",
        function: "",
        what: "is where a linker leaves functions and memory that it did not find",
        next_step: "link what is missing into the module; a memory must be its own (`-Wl,--import-memory` and `--importMemory` left out)",
        whole: false,
    },
];

/// The world of an import that this host does not have, if it is known.
pub(super) fn of(module: &str, function: &str) -> Option<&'static ForeignHost> {
    FOREIGN_HOSTS.iter().find(|host| {
        // A name that ends with a separator, or starts with `__`, matches as a prefix.
        let family = host.module.ends_with(['/', ':']) || host.module.starts_with("__");
        let fits = if family { module.starts_with(host.module) } else { module == host.module };
        fits && function.starts_with(host.function)
    })
}
