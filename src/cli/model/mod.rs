//! `weft-lite model`: sets, shows and removes the model that answers plain text.
//!
//! The model is asked through a sandbox of its own, so the rules for private hosts, certificates and secrets are
//! those of plugins. Nothing is kept before it has answered.

mod clear;
mod command;
mod fault;
mod notice;
mod secret;
mod server;
mod set;
mod settings;
mod show;
mod url;

pub(super) use command::{ModelGroup, commands, run};
pub(super) use notice::{asks_model, notice};
