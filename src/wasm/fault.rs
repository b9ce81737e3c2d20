//! The faults for which a module can't be loaded.
//!
//! The fields hold a module's own names as they are; the texts show them escaped and cut.

use std::fmt;

use super::foreign_hosts;
use crate::contract::{ActionableError, limits};

/// The part of a name that a text shows.
const SHOWN_BYTES: usize = 200;
/// The door that some builds leave out.
const WEBSOCKET: &str = "weft:host/websocket@0.1.";

/// One reason for refusing a module. None depends on running it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModuleFault {
    /// The bytes are neither a core module nor a component.
    NotWasm,
    /// A component that holds no core module.
    ComponentWithoutModule,
    /// The bytes are not a valid module.
    Malformed {
        /// The offset in bytes from the start of the core module.
        offset: usize,
        /// The error at that offset.
        problem: String,
    },
    /// A start section: its function would run before the sandbox can meter it.
    StartSection,
    /// The instruction `table.grow`, which the interpreter resumes wrongly after it runs out of
    /// fuel.
    TableGrow {
        /// The function's index.
        function: usize,
    },
    /// An import that the host doesn't have.
    UnknownImport {
        /// The module it is imported from.
        module: String,
        /// Its name.
        name: String,
    },
    /// An import from a door that this version doesn't have.
    MissingDoor {
        /// The door with its version, as the module names it.
        module: String,
        /// The function.
        name: String,
    },
    /// An import of another host's interface, which shows for which host the module was built.
    OtherWorld {
        /// The module it is imported from.
        module: String,
        /// The first name that is imported from it.
        name: String,
    },
    /// An import of a known name with another type.
    ImportType {
        /// The module it is imported from.
        module: String,
        /// Its name.
        name: String,
        /// The type the host has.
        expected: String,
        /// The type in the module.
        found: String,
    },
    /// An export that the world requires is not there.
    MissingExport {
        /// Its name at the core level.
        name: String,
    },
    /// An export of a known name with another type.
    ExportType {
        /// Its name at the core level.
        name: String,
        /// The type the world requires.
        expected: String,
        /// The type the module has.
        found: String,
    },
    /// An export that passes an import through.
    ImportedExport {
        /// Its name at the core level.
        name: String,
    },
    /// More types, imports, exports, table elements or steps of translation than a module may have, locals than
    /// a function may, or bytes than a constant expression may.
    TooMany {
        /// The name of the things, in the plural.
        what: &'static str,
        /// How many the module has.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// More tables than an instance may have.
    TooManyTables {
        /// Tables of the module.
        tables: usize,
        /// Tables allowed.
        limit: usize,
    },
    /// More bytes than a module may have.
    TooLarge {
        /// Bytes of the file, without its custom sections.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The interpreter's own limits refuse it.
    Refused {
        /// The interpreter's words.
        problem: String,
    },
}

/// Whether an export belongs to an interface of `wit/deps/kinds.wit`.
fn is_of_another_kind(name: &str) -> bool {
    name.contains('#') && !name.starts_with("plugin#")
}

/// Whether a door is missing because the build was made without its feature.
fn is_left_out(module: &str) -> bool {
    !cfg!(feature = "websocket") && module.starts_with(WEBSOCKET)
}

impl fmt::Display for ModuleFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWasm => formatter.write_str("is not a WebAssembly file"),
            Self::ComponentWithoutModule => {
                formatter.write_str("is a component without a core module")
            }
            Self::Malformed { offset, problem } => {
                let problem = Shown(problem);
                write!(formatter, "is not a valid module: {problem} (at offset {offset:#x})")
            }
            Self::StartSection => formatter.write_str("has a start section"),
            Self::TableGrow { function } => {
                write!(formatter, "function {function} contains the instruction `table.grow`")
            }
            Self::UnknownImport { module, name } => {
                let (module, name) = (Shown(module), Shown(name));
                write!(formatter, "imports `{name}` from `{module}`, which this host does not have")
            }
            Self::MissingDoor { module, name } => {
                let (module, name) = (Shown(module), Shown(name));
                let what = if is_left_out(module.0) {
                    "build leaves out"
                } else {
                    "version does not have"
                };
                write!(formatter, "needs the door `{module}` with `{name}`, which this {what}")
            }
            Self::OtherWorld { module, name } => {
                let what = foreign_hosts::of(module, name).map_or("is unknown", |host| host.what);
                let (module, name) = (Shown(module), Shown(name));
                write!(formatter, "imports `{name}` from `{module}`, which {what}")
            }
            Self::ImportType { module, name, expected, found } => write!(
                formatter,
                "imports `{name}` from `{module}` with type {found}, but it has type {expected}"
            ),
            Self::MissingExport { name } => write!(formatter, "does not export `{name}`"),
            Self::ExportType { name, expected, found } => {
                let name = Shown(name);
                write!(formatter, "exports `{name}` with type {found}, but it must be {expected}")
            }
            Self::ImportedExport { name } => {
                let name = Shown(name);
                write!(formatter, "exports `{name}`, which is an import handed through")
            }
            Self::TooMany { what, count, limit } => {
                write!(formatter, "has {count} {what}, of at most {limit}")
            }
            Self::TooManyTables { tables, limit } => {
                write!(formatter, "has {tables} tables, of at most {limit}")
            }
            Self::TooLarge { bytes, limit } => {
                write!(formatter, "is {bytes} bytes, of at most {limit}")
            }
            Self::Refused { problem } => {
                write!(formatter, "is refused by the interpreter: {}", Shown(problem))
            }
        }
    }
}

impl ActionableError for ModuleFault {
    fn next_step(&self) -> String {
        match self {
            Self::NotWasm => "give a .wasm file".into(),
            Self::ComponentWithoutModule => {
                "give a component of one module, as wit-component makes it, or the core module itself; one that is composed of other components is not taken".into()
            }
            Self::Malformed { .. } => {
                "rebuild the module; only the features that Rust and clang use by default are enabled (no SIMD, threads, 64-bit memory, tail calls or exceptions)".into()
            }
            Self::StartSection => {
                "export the function as `_initialize` instead (AssemblyScript: `--exportStart _initialize`)".into()
            }
            Self::TableGrow { .. } => "give the table its full size at the start".into(),
            Self::OtherWorld { module, name } => {
                foreign_hosts::of(module, name).map_or("", |host| host.next_step).into()
            }
            Self::MissingDoor { module, .. } if is_left_out(module) => {
                "use a build of weft-lite with the feature `websocket`".into()
            }
            Self::MissingDoor { .. } => {
                "update weft-lite, or build the plugin with the doors of this version's wit/deps/host.wit".into()
            }
            Self::UnknownImport { .. } => {
                "import only `host` functions of the WIT world `clawft:plugin@0.1.0`".into()
            }
            Self::ImportType { .. } | Self::ExportType { .. } => {
                "generate the bindings from wit/plugin.wit and wit/deps/kinds.wit again".into()
            }
            Self::MissingExport { name } if is_of_another_kind(name) => {
                "generate the bindings from wit/deps/kinds.wit and export the whole interface".into()
            }
            Self::MissingExport { .. } => {
                "generate the bindings from wit/plugin.wit and export the world `plugin`".into()
            }
            Self::ImportedExport { .. } => "export a function of the module itself".into(),
            Self::TooMany { what, .. } => format!("build with optimization, for fewer {what}"),
            Self::TooManyTables { .. } => "merge the tables".into(),
            Self::TooLarge { limit, .. } => limits::module_next_step(*limit, "module_kb"),
            Self::Refused { .. } => {
                "build a smaller module: the interpreter takes at most 10,000 functions and 1,000 data segments, which the runtimes of some languages exceed".into()
            }
        }
    }
}

impl std::error::Error for ModuleFault {}

/// A name of the module, or a message with one in it, on one line of a bounded length.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.floor_char_boundary(SHOWN_BYTES);
        let (start, rest) = self.0.split_at(end);
        for character in start.chars() {
            match character {
                // The messages quote with these, and a terminal doesn't act on them.
                '\'' | '"' | '\\' => fmt::Write::write_char(formatter, character)?,
                _ => character.escape_debug().fmt(formatter)?,
            }
        }
        if rest.is_empty() { Ok(()) } else { formatter.write_str("...") }
    }
}
