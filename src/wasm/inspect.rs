//! Reads a module before the interpreter does, and collects all faults that keep it from loading.
//!
//! Nothing here runs, validates or compiles code, so it is safe on any bytes. The interpreter validates the
//! module later; doing so here as well would cost the time twice.
//!
//! A fault that leaves the rest readable is noted, and reading goes on, so that an author sees all faults at
//! once. A fault that makes the rest unreadable, or too large to keep, ends the reading: only then do the
//! functions here return `Err`.

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FuncType, Parser, Payload,
    TypeRef,
};

use super::body::Body;
use super::component::{Layer, layer};
use super::doors::{DOORS, door_function};
use super::fault::ModuleFault;
use super::foreign_hosts::{self, ForeignHost};
use super::signature::{self, HOST, WASI, export};
use super::summary::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};
use super::wasi::preview2::preview2_function;
use crate::contract::{PluginCapability, limits};
use crate::package::counted_bytes;

/// Types of a module, all of which are kept in memory. A module small enough to be loaded can't have more.
const TYPES: u32 = 100_000;
/// Imports of a module: there are 50 functions to import.
const IMPORTS: u32 = 1_000;
/// Exports of a module: as many as the interpreter allows functions.
const EXPORTS: u32 = 10_000;
/// Locals of one function. The interpreter clears them at every call without charging fuel.
const LOCALS: u32 = 4_000;

/// Elements for a module's tables. More than fit a table would only take memory in every instance.
const ELEMENTS: u32 = limits::TABLE_ELEMENTS.maximum as u32;

/// Bytes of a constant expression. The interpreter nests an expression as deeply as it is long, and drops it
/// by recursion: one with 300 KB of additions would overflow the program's stack.
const CONSTANT_BYTES: u32 = 64;

/// Faults that are kept: nobody reads more.
const FAULTS: usize = 10_000;

/// The bytes of the core module in a file, or `None` when there is none.
pub(super) fn core_module(bytes: &[u8]) -> Option<&[u8]> {
    match layer(bytes) {
        Layer::Core(module) | Layer::Component(module) => Some(module),
        Layer::ComponentWithoutModule | Layer::NotWasm => None,
    }
}

impl ModuleSummary {
    /// Reads `bytes`, which may be anything.
    ///
    /// Never fails: a file that is no module at all has that as its only fault. Whether the module is too large for
    /// this host is not checked here; see [`CompiledModule`](super::CompiledModule).
    ///
    /// ```
    /// use weft_lite::errors::ModuleFault;
    /// use weft_lite::wasm::ModuleSummary;
    ///
    /// let summary = ModuleSummary::read(b"GIF89a");
    /// assert_eq!(summary.faults, [ModuleFault::NotWasm]);
    ///
    /// // The smallest module is valid, but has none of a plugin's exports.
    /// let summary = ModuleSummary::read(b"\0asm\x01\0\0\0");
    /// let missing = ModuleFault::MissingExport { name: "plugin#init".into() };
    /// assert!(summary.faults.contains(&missing));
    /// ```
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let (format, module) = match layer(bytes) {
            Layer::Core(module) => (ModuleFormat::Core, Ok(module)),
            Layer::Component(module) => (ModuleFormat::Component, Ok(module)),
            Layer::ComponentWithoutModule => {
                (ModuleFormat::Component, Err(ModuleFault::ComponentWithoutModule))
            }
            Layer::NotWasm => (ModuleFormat::Core, Err(ModuleFault::NotWasm)),
        };
        let mut summary = Self {
            format,
            bytes: counted_bytes(bytes),
            imports: Vec::new(),
            exports: Vec::new(),
            memory: None,
            functions: 0,
            translation_steps: 0,
            faults: Vec::new(),
        };
        let read = module.and_then(|module| Reader::new(&mut summary).read(module));
        if let Err(fault) = read {
            summary.faults.push(fault);
        }
        summary
    }
}

/// The fault for bytes that the parser can't read. Its offset counts from the start of the core module, also if
/// that is inside of a component.
pub(super) fn malformed(error: &wasmparser::BinaryReaderError) -> ModuleFault {
    ModuleFault::Malformed { offset: error.offset(), problem: error.message().to_owned() }
}

/// Walks a module whose preamble alone has been checked.
struct Reader<'a> {
    summary: &'a mut ModuleSummary,
    /// The module's types by index; `None` for one that is not a function type.
    types: Vec<Option<FuncType>>,
    /// The most results of a type.
    widest: u64,
    /// The type of each function by its index, imported ones first.
    functions: Vec<u32>,
    /// How many of `functions` are imported.
    imported_functions: usize,
    /// Function bodies read so far.
    bodies: usize,
    /// Table elements of all element segments so far.
    elements: usize,
    /// The foreign hosts and toolchains reported so far: each is reported once.
    reported: Vec<&'static ForeignHost>,
}

impl<'a> Reader<'a> {
    /// A reader that has seen nothing. It writes to `summary`.
    fn new(summary: &'a mut ModuleSummary) -> Self {
        Self {
            summary,
            types: Vec::new(),
            widest: 0,
            functions: Vec::new(),
            imported_functions: 0,
            bodies: 0,
            elements: 0,
            reported: Vec::new(),
        }
    }

    /// Notes a fault, unless there are more than anybody reads.
    fn fault(&mut self, fault: ModuleFault) {
        if self.summary.faults.len() < FAULTS {
            self.summary.faults.push(fault);
        }
    }

    /// Reads all sections, then checks that the exports of each offered kind are complete.
    fn read(&mut self, module: &[u8]) -> Result<(), ModuleFault> {
        for payload in Parser::new(0).parse_all(module) {
            self.payload(payload.map_err(|error| malformed(&error))?)?;
        }
        // A guest of another host can't have this host's exports, and a list of them would hide the reason.
        if self.reported.iter().any(|host| host.whole) {
            return Ok(());
        }
        for (kind, functions) in export::KINDS {
            // Every plugin exports the first interface. Each of the others is exported whole or not at all.
            let wanted = kind == PluginCapability::Tool || self.summary.offers(kind);
            for name in functions.iter().filter(|_| wanted) {
                self.require(name);
            }
        }
        for functions in export::BESIDE_CHANNEL {
            if functions.iter().any(|name| self.summary.exports(name)) {
                functions.iter().for_each(|name| self.require(name));
            }
        }
        self.require(export::MEMORY);
        if self.summary.realloc().is_none() {
            self.fault(ModuleFault::MissingExport { name: export::REALLOC.to_owned() });
        }
        Ok(())
    }

    /// Notes a fault if nothing of this name is exported. Its type was checked with the export itself.
    fn require(&mut self, name: &str) {
        if !self.summary.exports(name) {
            self.fault(ModuleFault::MissingExport { name: name.to_owned() });
        }
    }

    /// Reads one section or one function body. The counts of types, imports, exports and table elements are
    /// checked before any of them is kept; each function takes a byte of the module, whose size bounds them.
    ///
    /// Custom sections are skipped. The interpreter ignores them too.
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), ModuleFault> {
        match payload {
            Payload::TypeSection(section) => {
                within("types", self.types.len(), section.count(), TYPES)?;
                for group in section {
                    for ty in group.map_err(|error| malformed(&error))?.into_types() {
                        let ty = match ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        };
                        let results = ty.as_ref().map_or(0, |ty| ty.results().len());
                        self.widest = self.widest.max(results as u64);
                        self.types.push(ty);
                    }
                }
            }
            Payload::ImportSection(section) => {
                within("imports", self.summary.imports.len(), section.count(), IMPORTS)?;
                for import in section {
                    let import = import.map_err(|error| malformed(&error))?;
                    self.import(import);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty.map_err(|error| malformed(&error))?);
                }
                self.summary.functions = section_length(&self.functions, self.imported_functions);
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.map_err(|error| malformed(&error))?;
                    self.memory(&memory);
                }
            }
            Payload::TableSection(section) => {
                let tables = section.count() as usize;
                if tables > limits::TABLES {
                    self.fault(ModuleFault::TooManyTables { tables, limit: limits::TABLES });
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element.map_err(|error| malformed(&error))?;
                    if let ElementKind::Active { offset_expr, .. } = &element.kind {
                        constant(offset_expr)?;
                    }
                    let count = match &element.items {
                        ElementItems::Functions(functions) => functions.count(),
                        ElementItems::Expressions(_, expressions) => expressions.count(),
                    };
                    within("table elements", self.elements, count, ELEMENTS)?;
                    self.elements += count as usize;
                    if let ElementItems::Expressions(_, expressions) = element.items {
                        for expression in expressions {
                            constant(&expression.map_err(|error| malformed(&error))?)?;
                        }
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    constant(&global.map_err(|error| malformed(&error))?.init_expr)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let kind = data.map_err(|error| malformed(&error))?.kind;
                    if let DataKind::Active { offset_expr, .. } = kind {
                        constant(&offset_expr)?;
                    }
                }
            }
            Payload::ExportSection(section) => {
                within("exports", self.summary.exports.len(), section.count(), EXPORTS)?;
                for export in section {
                    let export = export.map_err(|error| malformed(&error))?;
                    self.export(&export);
                }
            }
            Payload::StartSection { .. } => self.fault(ModuleFault::StartSection),
            Payload::CodeSectionEntry(body) => {
                let function = self.imported_functions + self.bodies;
                self.bodies += 1;
                let mut locals: u32 = 0;
                for group in body.get_locals_reader().map_err(|error| malformed(&error))? {
                    locals = locals.saturating_add(group.map_err(|error| malformed(&error))?.0);
                }
                if let Err(fault) = within("locals in one function", 0, locals, LOCALS) {
                    self.fault(fault);
                }
                let Body { steps, grows_table, .. } = Body::read(&body, &self.types, self.widest)
                    .map_err(|error| malformed(&error))?;
                self.summary.translation_steps += steps;
                if grows_table {
                    self.fault(ModuleFault::TableGrow { function });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks an import against the functions that the host has, by name and by exact type.
    fn import(&mut self, import: wasmparser::Import<'_>) {
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        let ty = match import.ty {
            TypeRef::Func(index) => {
                self.functions.push(index);
                self.imported_functions += 1;
                self.function_type(self.functions.len() - 1)
            }
            _ => None,
        };
        let known = match import.module {
            HOST => signature::host_function(import.name),
            // A component's own adapter for WASI is never loaded: the host answers these imports itself.
            WASI => signature::wasi_function(import.name),
            module if module.starts_with(DOORS) => door_function(module, import.name),
            _ => preview2_function(import.module, import.name).map(|found| found.signature),
        };
        match (known, &ty) {
            (None, _) => self.unknown_import(&module, &name),
            (Some(expected), Some(found)) if expected.matches(found) => {}
            (Some(expected), found) => {
                let found = found
                    .as_ref()
                    .map_or_else(|| kind_name(&import.ty).into(), signature::describe);
                self.fault(ModuleFault::ImportType {
                    module: module.clone(),
                    name: name.clone(),
                    expected: expected.to_string(),
                    found,
                });
            }
        }
        let ty = ty.as_ref().map_or_else(|| kind_name(&import.ty).to_owned(), signature::describe);
        self.summary.imports.push(ImportSummary { module, name, ty });
    }

    /// Adds a fault for an import that the host doesn't have. For each other host, the first import is enough.
    fn unknown_import(&mut self, module: &str, name: &str) {
        if module.starts_with(DOORS) {
            let fault =
                ModuleFault::MissingDoor { module: module.to_owned(), name: name.to_owned() };
            return self.fault(fault);
        }
        let fault = match foreign_hosts::of(module, name) {
            Some(host) if self.reported.iter().any(|known| std::ptr::eq(*known, host)) => return,
            Some(host) => {
                self.reported.push(host);
                ModuleFault::OtherWorld { module: module.to_owned(), name: name.to_owned() }
            }
            None => ModuleFault::UnknownImport { module: module.to_owned(), name: name.to_owned() },
        };
        self.fault(fault);
    }

    /// Keeps the size of the module's own memory. The interpreter refuses a second one.
    fn memory(&mut self, memory: &wasmparser::MemoryType) {
        self.summary.memory =
            Some(MemorySummary { minimum_pages: memory.initial, maximum_pages: memory.maximum });
    }

    /// Checks the type of an export, if its name is one that the host uses. Others are allowed and never called.
    fn export(&mut self, export: &wasmparser::Export<'_>) {
        let name = export.name.to_owned();
        let index = export.index as usize;
        let ty = match export.kind {
            ExternalKind::Func => self.function_type(index),
            _ => None,
        };
        let found = match &ty {
            Some(ty) => signature::describe(ty),
            None => format!("{:?}", export.kind).to_lowercase(),
        };
        if let Some(expected) = export::expected(export.name) {
            if !ty.as_ref().is_some_and(|ty| expected.matches(ty)) {
                let (name, found) = (name.clone(), found.clone());
                self.fault(ModuleFault::ExportType { name, expected: expected.to_string(), found });
            } else if index < self.imported_functions {
                // The host would call its own function, outside of any guest.
                self.fault(ModuleFault::ImportedExport { name: name.clone() });
            }
        } else if export.name == export::MEMORY && export.kind != ExternalKind::Memory {
            let (name, found) = (name.clone(), found.clone());
            self.fault(ModuleFault::ExportType { name, expected: "memory".into(), found });
        }
        self.summary.exports.push(ExportSummary { name, ty: found });
    }

    /// The type of a function by its index; `None` for an index that the module doesn't have.
    fn function_type(&self, function: usize) -> Option<FuncType> {
        let ty = *self.functions.get(function)?;
        self.types.get(ty as usize)?.clone()
    }
}

/// Checks a count before the items are read and kept, because the summary of an import takes many times its
/// bytes. Some may be `there` already: a section may come twice until the interpreter refuses it.
fn within(what: &'static str, there: usize, more: u32, limit: u32) -> Result<(), ModuleFault> {
    let count = u32::try_from(there).unwrap_or(u32::MAX).saturating_add(more);
    if count > limit { Err(ModuleFault::TooMany { what, count, limit }) } else { Ok(()) }
}

/// Checks the length of a constant expression.
fn constant(expression: &ConstExpr<'_>) -> Result<(), ModuleFault> {
    let bytes = expression.get_binary_reader().bytes_remaining();
    within("bytes in one constant expression", bytes, 0, CONSTANT_BYTES)
}

/// How many functions the module itself defines.
fn section_length(functions: &[u32], imported: usize) -> u32 {
    u32::try_from(functions.len().saturating_sub(imported)).unwrap_or(u32::MAX)
}

/// The kind of an import in the words of the text format.
fn kind_name(ty: &TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) => "func",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}
