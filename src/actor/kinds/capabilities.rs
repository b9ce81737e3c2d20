//! Compares the capabilities in a manifest with the exports of the module.

use std::fmt;

use crate::contract::{ActionableError, PluginCapability, ToolDescription};

/// The difference between a manifest's capabilities and a module's exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapabilityMismatch {
    /// Kinds that the manifest declares and the module does not export.
    pub missing: Vec<PluginCapability>,
    /// Kinds that the module exports and the manifest does not declare.
    pub undeclared: Vec<PluginCapability>,
}

impl CapabilityMismatch {
    /// Compares `capabilities` of a manifest with the kinds of a module's exports. Every plugin has the exports
    /// of a tool provider, so tools are compared after `describe`.
    ///
    /// # Errors
    ///
    /// The kinds that only one of the two has.
    pub fn check(declared: &[PluginCapability], exported: &[PluginCapability]) -> Result<(), Self> {
        let only_in = |these: &[PluginCapability], others: &[PluginCapability]| {
            let other = |kind: &&PluginCapability| **kind != PluginCapability::Tool;
            these.iter().filter(other).filter(|kind| !others.contains(kind)).copied().collect()
        };
        let mismatch =
            Self { missing: only_in(declared, exported), undeclared: only_in(exported, declared) };
        if mismatch == Self::default() { Ok(()) } else { Err(mismatch) }
    }
}

impl fmt::Display for CapabilityMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|kind| {
            let interface = interface(*kind);
            format!("`capabilities` names `{kind}`, but the module does not export `{interface}`")
        });
        let undeclared = self.undeclared.iter().map(|kind| match kind {
            PluginCapability::Tool => {
                "the module describes tools, but `capabilities` names neither `tool` nor `skill`"
                    .to_owned()
            }
            _ => {
                let interface = interface(*kind);
                format!(
                    "the module exports `{interface}`, but `capabilities` does not name `{kind}`"
                )
            }
        });
        formatter.write_str(&missing.chain(undeclared).collect::<Vec<_>>().join("; "))
    }
}

impl ActionableError for CapabilityMismatch {
    fn next_step(&self) -> String {
        let list = |kinds: &[PluginCapability]| {
            kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ")
        };
        let add = format!("add {} to `capabilities`", list(&self.undeclared));
        let remove = format!(
            "export what wit/deps/kinds.wit says, or take {} out of `capabilities`",
            list(&self.missing)
        );
        match (self.missing.is_empty(), self.undeclared.is_empty()) {
            (true, _) => format!("{add}, or build the module without it"),
            (_, true) => remove,
            _ => format!("{add}, and {remove}"),
        }
    }
}

impl std::error::Error for CapabilityMismatch {}

/// Checks that only tool providers and skills have tools.
///
/// # Errors
///
/// The plugin describes tools and declares neither kind.
pub(super) fn check_tools(
    declared: &[PluginCapability],
    tools: &[ToolDescription],
) -> Result<(), CapabilityMismatch> {
    let may_have =
        |kind: &PluginCapability| matches!(kind, PluginCapability::Tool | PluginCapability::Skill);
    if tools.is_empty() || declared.iter().any(may_have) {
        return Ok(());
    }
    Err(CapabilityMismatch { missing: Vec::new(), undeclared: vec![PluginCapability::Tool] })
}

/// The interface of `wit/deps/kinds.wit` for a kind.
fn interface(kind: PluginCapability) -> &'static str {
    match kind {
        PluginCapability::Tool => "plugin",
        PluginCapability::Channel => "channel",
        PluginCapability::PipelineStage => "stage",
        PluginCapability::Skill => "skill",
        PluginCapability::MemoryBackend => "memory",
        PluginCapability::Voice => "voice",
    }
}
