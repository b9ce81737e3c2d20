//! The vocabulary of the project, without I/O: the six plugin traits, the manifest, permissions,
//! limits, messages and errors.

mod actionable_error;
mod autonomous;
mod byte_budget;
mod call;
mod call_context;
mod channel;
mod channel_config;
mod civil_date;
mod config;
mod config_text;
mod control_tokens;
mod description;
mod document;
mod document_fault;
mod document_reader;
mod first_bytes;
mod future;
mod hex;
mod host_path;
mod input;
mod invalid_config;
mod json_text;
mod key_value;
mod layers;
pub mod limits;
mod manifest;
mod mcp;
mod memory;
mod message;
mod object_reader;
#[cfg(feature = "autonomous")]
mod observer;
mod permissions;
mod plugin_error;
mod requester;
mod resources;
mod secret;
mod service;
mod setting_key;
mod sha256;
mod shown;
mod skill;
mod sort;
mod sorted;
mod stage;
mod tool;
mod voice;
mod yaml_words;

pub use actionable_error::ActionableError;
pub use autonomous::AutonomousConfig;
pub(crate) use byte_budget::{ByteBudget, HeldBytes};
#[cfg(any(feature = "net", feature = "serve"))]
pub(crate) use call::PLUGIN_AGENT;
pub(crate) use call::guest_words;
pub use call::{
    CallError, CallOutcome, Capability, Denied, Exhausted, FuelGauge, NotLoaded, Usage,
};
#[cfg(feature = "net")]
pub(crate) use call::{NEEDS_HTTPS, PRIVATE_ADDRESS};
pub use call_context::CallContext;
pub(crate) use call_context::{RoomTaken, SharedFuel};
pub use channel::{ChannelAdapter, ChannelFormat, ChannelHost, OWNER, TextFormat};
pub use channel_config::ChannelConfig;
pub(crate) use civil_date::civil_date;
pub use config::{Config, ParsedConfig, WatchConfig};
pub use config_text::{ConfigText, UneditableConfig};
pub use control_tokens::sanitize_text;
pub(crate) use control_tokens::{Sanitized, entity, sanitize, sanitize_json, sanitize_result};
pub use description::{PluginDescription, ToolDescription, full_tool_name};
pub(crate) use document::from_state_json;
#[cfg(feature = "bundled")]
pub(crate) use document::from_yaml;
pub use document_fault::DocumentFault;
#[cfg(feature = "bundled")]
pub(crate) use document_fault::write_lines;
pub(crate) use document_reader::{DocumentReader, YAML_BRACKETS, has_too_many_brackets};
pub use future::{BoxFuture, Cancellation, CancellationSource};
#[cfg(feature = "mcp")]
pub(crate) use hex::bytes_from_hex;
#[cfg(feature = "package")]
pub(crate) use hex::from_hex;
#[cfg(any(feature = "mcp", feature = "store"))]
pub(crate) use hex::percent_decoded;
pub(crate) use hex::percent_encoded;
pub(crate) use hex::to_hex;
pub use host_path::expand_path;
#[cfg(feature = "mcp")]
pub(crate) use input::ELICITATION;
pub use input::{CallerInput, INPUT_KEY, InputRequired};
pub use invalid_config::InvalidConfig;
#[cfg(feature = "mcp")]
pub(crate) use json_text::{end_of_string, escapes_letters, has_quoted, push_string};
pub use json_text::{json_line, json_lines};
pub use key_value::{KeyValueStore, StoreSource};
#[cfg(feature = "net")]
pub(crate) use manifest::is_host_name;
#[cfg(any(feature = "net", feature = "bundled"))]
pub(crate) use manifest::is_name;
#[cfg(feature = "autonomous")]
pub(crate) use manifest::is_unfit;
pub use manifest::{
    ChannelSettings, GeneratedFrom, InstanceMode, ManifestError, ParsedManifest, PluginCapability,
    PluginManifest, did_you_mean, similar_names,
};
pub(crate) use manifest::{check_host_pattern, closest, deceives};
pub use mcp::{McpConfig, ToolNames};
pub use memory::{MemoryBackend, MemoryHit};
pub(crate) use message::RESERVED_METADATA;
pub use message::{
    Acknowledgement, AnswerPart, Attachment, ChatId, Failure, InboundMessage, MessagePayload,
    Progress, Reply,
};
pub(crate) use object_reader::{ObjectReader, missing, of_text, wrong};
#[cfg(feature = "autonomous")]
pub use observer::{CallObserver, CallOrigin, ObservedCall};
pub use permissions::{FileGrant, PluginPermissions};
pub(crate) use permissions::{
    covers_tool, is_never_given, is_never_opened, is_wide_tools, wide_domain,
};
pub use plugin_error::PluginError;
pub use requester::Requester;
pub use resources::PluginResourceConfig;
pub use secret::{NoSecrets, Secret, SecretSource};
pub use service::{NoService, Service};
pub(crate) use setting_key::setting_key;
pub(crate) use sha256::Sha256;
pub use shown::{listed, shell_word, shown};
pub use skill::Skill;
pub(crate) use skill::skill_id;
pub(crate) use sort::{sort_by, sort_by_key};
pub use sorted::{SortedEntries, SortedEntry, SortedMap, SortedSet};
pub use stage::{PipelineStage, PipelineStageType};
pub use tool::{Tool, ToolContext};
pub use voice::{Audio, VoiceHandler};
pub(crate) use yaml_words::yaml_problem;
