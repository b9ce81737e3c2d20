//! What a case is, and the one host that serves them all.

use std::fmt;

use weft_lite::errors::{CallError, Exhausted, LoadError};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::wasm::ModuleSummary;
use weft_lite::{Approval, PluginPackage, Runtime};

use crate::guest::Guest;

/// What all guests may hold together. Half of it, which is what the case may hold beside its neighbour,
/// is more than a plugin may by default.
const BUDGET_BYTES: usize = 40 << 20;
/// The neighbour's memory.
const PAGE_BYTES: usize = 65_536;
/// Fuel that is enough for every honest part of a case, and is soon spent.
pub(crate) const LITTLE_FUEL: &str = r#"{"max_fuel":20000000}"#;
/// The least that a manifest may set, for guests that take long to spend it.
pub(crate) const LEAST_FUEL: &str = r#"{"max_fuel":1000000}"#;

/// A hostile module and what must come of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) module: Vec<u8>,
    /// The manifest's `resources`.
    pub(crate) resources: &'static str,
    expected: Expected,
}

/// Where a case must end.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Before it is compiled, with these words in the error.
    Module(&'static str),
    /// When it is started or described.
    Start(Fails),
    /// Because of what it says about itself, with these words in the error.
    Description(&'static str),
    /// When its tool is called.
    Call(Fails),
    /// Nowhere: strange, but lawful. The tool gives this text.
    Answer(&'static str),
}

/// How a guest fails that runs.
#[derive(Debug)]
pub(crate) enum Fails {
    /// A trap with these words, in this export.
    Trap(&'static str, &'static str),
    Fuel,
    Memory,
    MemoryBudget,
    Table,
    Time,
    HostCalls,
    Output,
    /// An error of the guest, with these words.
    Guest(&'static str),
    /// A refusal, with these words.
    Denied(&'static str),
    Exited(i32),
}

/// Where a case did end.
enum Ended {
    Refused(LoadError),
    Called(Result<String, CallError>),
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        module: impl Into<Vec<u8>>,
        expected: Expected,
    ) -> Self {
        Self { name: name.into(), module: module.into(), resources: LITTLE_FUEL, expected }
    }

    /// A module that is refused.
    pub(crate) fn refused(
        name: impl Into<String>,
        module: impl Into<Vec<u8>>,
        words: &'static str,
    ) -> Self {
        Self::new(name, module, Expected::Module(words))
    }

    /// A guest that fails when its tool is called.
    pub(crate) fn calling(name: impl Into<String>, guest: &Guest, fails: Fails) -> Self {
        Self::new(name, guest.wasm(), Expected::Call(fails))
    }

    /// A guest whose tool traps.
    pub(crate) fn trapping(name: impl Into<String>, guest: &Guest, words: &'static str) -> Self {
        Self::calling(name, guest, Fails::Trap(words, "plugin#execute-tool"))
    }

    /// A guest that fails before its tool can be called.
    pub(crate) fn starting(name: impl Into<String>, guest: &Guest, fails: Fails) -> Self {
        Self::new(name, guest.wasm(), Expected::Start(fails))
    }

    /// A strange guest that does nothing forbidden.
    pub(crate) fn answering(name: impl Into<String>, guest: &Guest, text: &'static str) -> Self {
        Self::new(name, guest.wasm(), Expected::Answer(text))
    }

    pub(crate) fn with_resources(mut self, resources: &'static str) -> Self {
        self.resources = resources;
        self
    }

    /// Whether it must end in an error.
    pub(crate) fn fails(&self) -> bool {
        !matches!(self.expected, Expected::Answer(_))
    }

    /// Whether it can be told without calling anything of it. `None` where that depends on limits
    /// that stand in a manifest, which a bare module doesn't have.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the program inspects"))]
    pub(crate) fn is_refused(&self) -> Option<bool> {
        match &self.expected {
            Expected::Module(_) | Expected::Start(Fails::Trap(_, "instantiation")) => Some(true),
            Expected::Start(Fails::Memory | Fails::MemoryBudget | Fails::Table) => None,
            _ => Some(false),
        }
    }

    fn package(&self) -> PluginPackage {
        package("case", self.module.clone(), self.resources)
    }

    fn accepts(&self, ended: &Ended) -> bool {
        match (&self.expected, ended) {
            (Expected::Module(words), Ended::Refused(error @ LoadError::Module(_)))
            | (
                Expected::Description(words),
                Ended::Refused(error @ LoadError::Description { .. }),
            ) => error.to_string().contains(words),
            (Expected::Start(fails), Ended::Refused(LoadError::Start { error })) => fails.is(error),
            (Expected::Call(fails), Ended::Called(Err(error))) => fails.is(error),
            (Expected::Answer(text), Ended::Called(Ok(answer))) => text == answer,
            _ => false,
        }
    }
}

impl Fails {
    fn is(&self, error: &CallError) -> bool {
        match (self, error) {
            (Self::Trap(words, at), CallError::Trap { name, during }) => {
                name.contains(words) && at == during
            }
            (Self::Fuel, CallError::Exhausted(Exhausted::Fuel { .. }))
            | (Self::Memory, CallError::Exhausted(Exhausted::Memory { .. }))
            | (Self::MemoryBudget, CallError::Exhausted(Exhausted::MemoryBudget { .. }))
            | (Self::Table, CallError::Exhausted(Exhausted::Table { .. }))
            | (Self::Time, CallError::Exhausted(Exhausted::Time { .. }))
            | (Self::HostCalls, CallError::Exhausted(Exhausted::HostCalls { .. }))
            | (Self::Output, CallError::Exhausted(Exhausted::Output { .. })) => true,
            (Self::Guest(words), CallError::Guest { message }) => message.contains(words),
            (Self::Denied(words), CallError::Denied { denied, .. }) => denied.rule.contains(words),
            (Self::Exited(expected), CallError::Exited { status }) => expected == status,
            _ => false,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Refused(error) => format!("refused: {error}"),
            Self::Called(Ok(text)) => format!("answered: {text}"),
            Self::Called(Err(error)) => format!("failed: {error}"),
        };
        let shown = text.get(..text.floor_char_boundary(500)).unwrap_or_default();
        write!(formatter, "{}", shown.escape_debug())
    }
}

/// One host with a neighbour that every hostile guest could disturb.
pub(crate) struct Host(Runtime);

impl Host {
    pub(crate) fn new() -> Self {
        let builder = Runtime::builder().without_bundled();
        let host = Self(builder.memory_budget_bytes(BUDGET_BYTES).build());
        let neighbour = package("neighbour", Guest::default().wasm(), "{}");
        host.0.block_on(host.0.host().load([(neighbour, Approval::ALL)], []));
        host
    }

    /// Runs one case, and checks that it ended as it must and left nothing behind.
    pub(crate) fn try_case(&self, case: &Case) -> Result<(), String> {
        let wrong = |what: String| Err(format!("{}: {what}", case.name));
        let summary = ModuleSummary::read(&case.module);
        if let Some(fault) = summary.faults.iter().find(|fault| !is_one_line(&fault.to_string())) {
            return wrong(format!("not fit to be shown: {fault:?}"));
        }
        let (ended, peak_bytes) = self.0.block_on(self.run(case));
        let aftermath = self.0.block_on(self.aftermath());
        if !case.accepts(&ended) {
            return wrong(format!("expected {:?}, but it {ended}", case.expected));
        }
        if peak_bytes > BUDGET_BYTES {
            return wrong(format!("the guests held {peak_bytes} bytes"));
        }
        aftermath.or_else(wrong)
    }

    /// How the case ended, and the memory that all guests held at that moment.
    async fn run(&self, case: &Case) -> (Ended, usize) {
        let host = self.0.host();
        host.load([(case.package(), Approval::ALL)], []).await;
        let registry = host.registry();
        // Earlier refusals stay in the registry, so the newest is this case's.
        let ended = match registry.refused().iter().next_back() {
            Some(plugin) if registry.plugin("case").is_none() => {
                Ended::Refused(plugin.error.clone())
            }
            _ => Ended::Called(host.call("case__run", "{}".into()).await.result),
        };
        (ended, host.memory_budget().held())
    }

    /// Takes the guest out of service and looks at what it left.
    async fn aftermath(&self) -> Result<(), String> {
        let host = self.0.host();
        host.unload("case").await;
        let answer = host.call("neighbour__run", "[1]".into()).await.result;
        if answer != Ok("[1]".into()) {
            return Err(format!("the neighbour gave {answer:?}"));
        }
        for _ in 0..1_000 {
            if host.memory_budget().held() == PAGE_BYTES {
                return Ok(());
            }
            smol::future::yield_now().await;
        }
        Err(format!("{} bytes are still held", host.memory_budget().held()))
    }
}

fn is_one_line(text: &str) -> bool {
    text.len() < 1_000 && !text.chars().any(char::is_control)
}

fn package(id: &str, module: Vec<u8>, resources: &str) -> PluginPackage {
    let manifest = format!(
        r#"{{"id":"{id}","name":"Test","version":"0.1.0","capabilities":["tool"],
            "wasm_module":"plugin.wasm","resources":{resources}}}"#
    );
    let origin = PackageOrigin::Folder(format!("/test/{id}").into());
    let limits = ReadLimits::default();
    let small = Vec::new();
    let mut package =
        PluginPackage::read_parts(&manifest, ManifestFormat::Json, small, origin, limits).unwrap();
    // Put in afterwards, so that a module that is too large meets the check at load as well.
    package.module = module.into();
    package
}
