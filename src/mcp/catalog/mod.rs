//! What is offered at one moment: a registry snapshot in MCP's terms, made once for all connections.
//!
//! Every entry is JSON text already, so that listing is copying. A catalog never changes; there is
//! a new one for each generation of the registry.
//!
//! `names` gives every entry a name that clients accept, `tools` and `skills` write the entries, `page`
//! cuts lists into parts, and `generation` holds them together. What clients get depends on the
//! registry and the operator's options alone, never on a connection (2026-07-28, Tools, Capabilities).

mod entry;
mod generation;
mod headers;
mod names;
mod page;
mod retired;
mod skills;
mod tools;

pub(super) use entry::{CatalogEntry, entries};
pub(super) use generation::Catalog;
#[cfg(feature = "serve")]
pub(super) use headers::HeaderParameter;
pub(super) use page::Page;
pub(super) use skills::OfferedSkill;
pub(super) use tools::{OfferedTool, ToolAction};
