//! A manifest in its checked form.

use std::fmt;

use semver::Version;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::channel::ChannelSettings;
use crate::contract::{PluginPermissions, PluginResourceConfig};

/// What a plugin offers to its host: one for each of the six plugin traits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginCapability {
    /// Tools that agents and people call.
    Tool,
    /// A chat channel.
    Channel,
    /// A stage of the message pipeline.
    PipelineStage,
    /// Instructions for an agent.
    Skill,
    /// A memory that others store to and search.
    MemoryBackend,
    /// Speech in or out.
    Voice,
}

impl PluginCapability {
    /// Every capability, in the order in which they are listed to people.
    pub const ALL: [Self; 6] = [
        Self::Tool,
        Self::Channel,
        Self::PipelineStage,
        Self::Skill,
        Self::MemoryBackend,
        Self::Voice,
    ];

    /// The word that stands for it in a manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Channel => "channel",
            Self::PipelineStage => "pipeline_stage",
            Self::Skill => "skill",
            Self::MemoryBackend => "memory_backend",
            Self::Voice => "voice",
        }
    }
}

impl fmt::Display for PluginCapability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How long an instance of the plugin lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceMode {
    /// One instance serves many calls, until it is idle, fails or is replaced. Its state is a cache.
    #[default]
    Resident,
    /// Every call gets a fresh instance.
    PerCall,
}

impl InstanceMode {
    /// Both modes, the default first.
    pub const ALL: [Self; 2] = [Self::Resident, Self::PerCall];

    /// The word that stands for it in a manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::PerCall => "per-call",
        }
    }
}

impl fmt::Display for InstanceMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a plugin is made from, where it is made by a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GeneratedFrom {
    /// A recipe. Such a plugin is a tool, and asks for tools that it names in full, and nothing else.
    Recipe,
}

/// A checked manifest. Its JSON form is a manifest again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginManifest {
    /// The plugin's name among all others: 1 to 64 of a-z, 0-9, `-`, `_` and `.`, never with `__`
    /// in it, so that `<id>__<tool>` can be taken apart again.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// The plugin's own version.
    #[serde(serialize_with = "as_text")]
    pub version: Version,
    /// What it is for, if the author says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it offers; never empty.
    pub capabilities: Vec<PluginCapability>,
    /// What it asks for.
    pub permissions: PluginPermissions,
    /// How much it may use, within the ranges of [`limits`](crate::limits).
    pub resources: PluginResourceConfig,
    /// The module's path inside the package, with `/` between its parts.
    pub wasm_module: String,
    /// Folders inside the package that hold a `SKILL.md`.
    pub skills: Vec<String>,
    /// The tools it announces. What it really offers is known from the module's `describe`.
    pub tools: Vec<String>,
    /// How long its instances live.
    pub instance: InstanceMode,
    /// How it is run as a channel, if it is one.
    pub channel: ChannelSettings,
    /// The JSON Schema of what the operator may set for it (`plugins.<id>` of the configuration).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_schema: Option<Map<String, Value>>,
    /// What it is made from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<GeneratedFrom>,
}

fn as_text<S: Serializer>(version: &Version, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(version)
}

/// A manifest and what its author should know, though it does not stand in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedManifest {
    /// The manifest.
    pub manifest: PluginManifest,
    /// Unknown keys, clamped values and the like: one sentence each.
    pub warnings: Vec<String>,
}
