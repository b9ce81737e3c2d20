//! The seal on what a client keeps for a tool until its caller has answered: nobody changes it, and it is
//! good for the same call of the same tool alone, for a while.
//!
//! The client can read it. It is one message code (HMAC, RFC 2104, with SHA-256) and what it is for.
//!
//! What it holds against is in revision 2026-07-28, Multi Round-Trip Requests, Server Requirements:
//! another principal, a state that is too old, and another request. The state is signed and not
//! encrypted, so a tool must not put secrets into it.

use std::sync::Arc;
use std::time::Instant;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::message::RpcError;
use crate::contract::{InputRequired, Sha256, limits};
use crate::task::Clock;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Seals with a key of this process, which nobody else has.
pub(super) struct Seal {
    /// Nothing where the system gives no random bytes.
    key: Option<[u8; 32]>,
    /// Tells when a state is too old; injected for tests.
    clock: Arc<dyn Clock>,
    /// What the times in states count from.
    start: Instant,
}

/// What a sealed text is good for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// The tool's full name.
    pub(super) tool: &'a str,
    /// The load of its plugin, with the version.
    pub(super) load: &'a str,
    /// Which connection asked; 0 over HTTP, where it is not known.
    pub(super) caller: u64,
    /// The digest of the arguments.
    pub(super) arguments: [u8; 32],
}

impl Seal {
    /// A seal with a new key.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let mut key = [0; 32];
        let key = getrandom::fill(&mut key).is_ok().then_some(key);
        Self { key, start: clock.now(), clock }
    }

    /// What is asked for, as a text to be given back; `None` where there is no key.
    pub(super) fn close(&self, asked: &InputRequired, purpose: Purpose<'_>) -> Option<String> {
        let until = self.clock.now().duration_since(self.start) + limits::INPUT_TIME;
        let asked = serde_json::to_string(asked).ok()?;
        // The nanoseconds since the start, and what is asked for.
        let content = format!("{} {asked}", until.as_nanos());
        let code = self.code(content.as_bytes(), purpose)?;
        let encode = Base64UrlUnpadded::encode_string;
        Some(format!("{}.{}", encode(&code), encode(content.as_bytes())))
    }

    /// What was asked for.
    ///
    /// # Errors
    ///
    /// -32602 for a text of another origin or purpose, and for one that is too old.
    pub(super) fn open(&self, text: &str, purpose: Purpose<'_>) -> Result<InputRequired, RpcError> {
        let known = || {
            let (code, content) = text.split_once('.')?;
            let decode = |text: &str| Base64UrlUnpadded::decode_vec(text).ok();
            let (code, content) = (decode(code)?, decode(content)?);
            let right = self.code(&content, purpose)?;
            // In constant time: how long it takes does not show how much of the code is right.
            let differ = right.iter().zip(&code).fold(0, |all, (one, other)| all | (one ^ other));
            if differ != 0 || code.len() != right.len() {
                return None;
            }
            let (until, asked) = std::str::from_utf8(&content).ok()?.split_once(' ')?;
            let asked: Value = serde_json::from_str(asked).ok()?;
            Some((until.parse::<u128>().ok()?, InputRequired::try_from(asked).ok()?))
        };
        let refused = |why: &str| {
            RpcError::invalid_params(format!(
                "`requestState` {why}: call the tool again without it"
            ))
        };
        let (until, asked) = known().ok_or_else(|| {
            refused("is not what this server gave for this call, or the plugin was reloaded since")
        })?;
        match self.clock.now().duration_since(self.start).as_nanos() < until {
            true => Ok(asked),
            false => Err(refused("has expired")),
        }
    }

    /// The code of a content for a purpose; `None` without a key.
    fn code(&self, content: &[u8], purpose: Purpose<'_>) -> Option<[u8; 32]> {
        let Purpose { tool, load, caller, arguments } = purpose;
        let caller = caller.to_be_bytes();
        let parts = [tool.as_bytes(), load.as_bytes(), &caller, &arguments, content];
        // With the length of each, so that no two purposes make one text.
        let lengths = parts.map(|part| (part.len() as u64).to_be_bytes());
        let message = lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]);
        Some(hmac(&self.key?, message))
    }
}

/// HMAC-SHA-256 of a message in parts, with a key of at most one block.
fn hmac<'m>(key: &[u8], message: impl Iterator<Item = &'m [u8]>) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha256::new().and(&block)
    };
    let inner = message.fold(padded(0x36), Sha256::and);
    padded(0x5c).and(&inner.finish()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_code_is_that_of_the_standard() {
        let code = hmac(b"Jefe", [&b"what do ya want "[..], b"for nothing?"].into_iter());
        assert_eq!(
            crate::contract::to_hex(&code),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
