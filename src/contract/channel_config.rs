//! The configuration's `channels`: who may talk over each, and where the socket is.

use std::path::PathBuf;

use serde_json::Value;

use super::SortedMap;
use super::manifest::findings::{ManifestFindings, Table, text_of};
use super::manifest::rules::{self, Flaw};
use crate::contract::json_line;

/// What the operator says of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelConfig {
    /// The sender that is the owner, in the channel's own terms: only for channels of plugins, since
    /// built-in ones know it themselves.
    pub owner: Option<String>,
    /// Further senders whose messages are taken. Empty: the owner alone.
    pub allow: Vec<String>,
    /// Where the socket is, if it is a Unix socket.
    pub path: Option<PathBuf>,
    /// Where the socket listens, if it does so over TCP.
    pub tcp: Option<String>,
    /// The name of the secret that is the TCP socket's token.
    pub token_secret: Option<String>,
}

const SOCKET: &str = "socket";
const CONSOLE: &str = "console";

/// Reads every channel's part; a name that no plugin can have is a fault.
pub(super) fn channels(
    table: &Table<'_>,
    findings: &mut ManifestFindings,
) -> SortedMap<String, ChannelConfig> {
    let names: Vec<&str> = table.unknown(&[]).collect();
    let mut channels = SortedMap::new();
    for name in names {
        if let Err(flaw) = rules::id(name) {
            findings.fault(table.path(&rules::quoted(name)), flaw);
            continue;
        }
        let section = table.child(name, findings);
        channels.insert(name.to_owned(), channel(name, &section, findings));
    }
    channels
}

fn channel(name: &str, section: &Table<'_>, findings: &mut ManifestFindings) -> ChannelConfig {
    let known: &[&str] = match name {
        SOCKET => &["allow", "path", "tcp", "token_secret"],
        CONSOLE => &[],
        _ => &["owner", "allow"],
    };
    section.warn_unknown(known, findings);
    let text = |key: &str, findings: &mut ManifestFindings| match known.contains(&key) {
        true => section.text(key, &sender, findings),
        false => None,
    };
    let config = ChannelConfig {
        owner: text("owner", findings),
        allow: match known.contains(&"allow") {
            true => section.list("allow", "a list of senders", &text_of(sender), findings),
            false => Vec::new(),
        },
        path: match name {
            SOCKET => section.text("path", &rules::host_path, findings).map(PathBuf::from),
            _ => None,
        },
        tcp: match name {
            SOCKET => section.text("tcp", &address, findings),
            _ => None,
        },
        token_secret: match name {
            SOCKET => section.text("token_secret", &rules::name, findings),
            _ => None,
        },
    };
    if config.tcp.is_some() && config.path.is_some() {
        let flaw = Flaw::new(&"beside `path`", &"expected one of the two");
        findings.fault(section.path("tcp"), flaw);
    }
    if config.tcp.is_some() && config.token_secret.is_none() {
        let flaw = Flaw::new(&"missing beside `tcp`", &"expected the name of a secret");
        findings.fault(section.path("token_secret"), flaw);
    }
    config
}

/// A sender in a channel's own terms: one line of text.
fn sender(text: &str) -> Result<String, Flaw> {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.len() > 256 {
        return Err(Flaw::new(&"not a sender", &"expected one line of at most 256 bytes"));
    }
    Ok(text.to_owned())
}

/// A host and a port.
fn address(text: &str) -> Result<String, Flaw> {
    let expected = "expected a host and a port, for instance `127.0.0.1:7007`";
    let flaw = || Flaw::new(&json_line(&Value::from(text)), &expected);
    let (host, port) = text.rsplit_once(':').ok_or_else(flaw)?;
    let odd = |letter: char| letter.is_whitespace() || letter.is_control();
    match port.parse::<u16>() {
        Ok(_) if !host.is_empty() && !host.contains(odd) => Ok(text.to_owned()),
        _ => Err(flaw()),
    }
}
