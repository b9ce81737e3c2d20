//! The operator's secrets, and their replacement in everything that a plugin gets or shows.
//!
//! An answer is redacted by the host that gave it: every secret bound to that host is replaced,
//! whichever plugin asks and whether or not it holds the secret. Secrets of other hosts are not: a
//! plugin could find out a short one by letting its own server guess. The log and the audit log,
//! which no guest reads, lose all secrets of every host that the plugin has asked.
//!
//! What can't be recognized: a part of a value, a value that is encoded twice, compressed,
//! encrypted, hashed, reversed or broken into lines, HTML entities, and other encodings than those of
//! [`form`]; in hex values under 4 bytes, in base64 values under 6. A server that wants to give a
//! secret away can do so: bind secrets to hosts that you trust with them.

#[cfg_attr(
    not(feature = "net"),
    allow(dead_code, reason = "without requests nothing carries a secret")
)]
mod form;
mod redactor;

pub(super) use redactor::{PluginSecrets, Redactor};
