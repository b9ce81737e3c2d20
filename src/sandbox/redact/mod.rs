//! The operator's secrets, and their replacement in everything that a plugin gets or shows.
//!
//! An answer is redacted by its host: every secret bound to that host is replaced, for every plugin, whether or
//! not the plugin may use the secret. Secrets of other hosts are not replaced: a plugin could find out a short
//! one by letting its own server guess. The log and the audit log, which no guest reads, lose all secrets of
//! every host that the plugin has sent a request to.
//!
//! Not recognized are: a part of a value; a value that is encoded twice, compressed, encrypted, hashed,
//! reversed or broken into lines; other encodings than those of [`form`]; values under 4 bytes in hex, and under
//! 6 in base64. A server that wants to reveal a secret can do so: bind secrets to hosts that you trust with them.

#[cfg_attr(
    not(feature = "net"),
    allow(dead_code, reason = "without requests nothing carries a secret")
)]
mod form;
mod redactor;
#[cfg(feature = "net")]
mod stream;

#[cfg(feature = "autonomous")]
pub(crate) use redactor::SecretSearch;
pub(super) use redactor::{PluginSecrets, Redactor};
#[cfg(feature = "net")]
pub(super) use stream::StreamRedactor;
