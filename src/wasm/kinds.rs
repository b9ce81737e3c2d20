//! Calls of guests of any kind: lowers the arguments, and chooses how the result is lifted.
//!
//! A call of another kind goes the way of a tool call: the same fuel, the same limits, the same sandbox.

use std::time::Duration;

use wasmi::Val;

use self::Argument::{Bytes, Number, Optional, Seconds, Text, Texts};
use super::abi::Span;
#[cfg(feature = "serve")]
use super::call::HookRequest;
use super::call::{GuestCall, GuestValue};
use super::call_budget::CallBudget;
use super::driver::{Driver, LIST, TEXT};
use super::function::Export;
use super::instance::Instance;
use super::records::{self, LiftAnswer};
use crate::contract::{Audio, CallError};

/// An argument of a function of the world.
#[derive(Clone, Copy)]
enum Argument<'a> {
    /// `string`
    Text(&'a str),
    /// `option<string>`
    Optional(&'a Option<String>),
    /// `list<u8>`
    Bytes(&'a [u8]),
    /// `list<string>`
    Texts(&'a [String]),
    /// `list<tuple<string, string>>`
    #[cfg(feature = "serve")]
    Pairs(&'a [(String, String)]),
    /// `u32`, or the number of an enum's case
    Number(u32),
    /// `option<u64>`
    Seconds(Option<Duration>),
}

impl Instance {
    /// Makes one call, of a tool or of a function of another kind.
    ///
    /// # Errors
    ///
    /// As [`execute_tool`](Self::execute_tool); [`CallError::NotReady`] if the module does not
    /// export the function, and [`CallError::InvalidParams`] for more than
    /// [`limits::ARGUMENTS_BYTES`](crate::limits::ARGUMENTS_BYTES).
    pub async fn run(
        &mut self,
        call: &GuestCall,
        budget: &mut CallBudget,
    ) -> Result<GuestValue, CallError> {
        call.check()?;
        let (arguments, lift): (&[Argument<'_>], LiftAnswer) = match call {
            GuestCall::Tool { tool, params } => {
                return self.execute_tool(tool, params, budget).await.map(GuestValue::Text);
            }
            GuestCall::Poll => (&[], records::inbound),
            GuestCall::StageType | GuestCall::Instructions => (&[], records::bare_text),
            GuestCall::Variables => (&[], records::pairs),
            GuestCall::Acknowledge { message_id } => (&[Text(message_id)], records::unit),
            GuestCall::Answered { message_id, outcome } => {
                (&[Text(message_id), Number(*outcome as u32)], records::unit)
            }
            GuestCall::Process { state_json } => (&[Text(state_json)], records::text),
            GuestCall::Synthesize { text } => (&[Text(text)], records::audio),
            GuestCall::Send { target, payload_json }
            | GuestCall::Draft { target, payload_json } => {
                (&[Text(target), Text(payload_json)], records::text)
            }
            #[cfg(feature = "serve")]
            GuestCall::Webhook(HookRequest { method, path, query, headers, body }) => (
                &[Text(method), Text(path), Text(query), Argument::Pairs(headers), Bytes(body)],
                records::response,
            ),
            GuestCall::Revise { target, id, payload_json } => {
                (&[Text(target), Text(id), Text(payload_json)], records::unit)
            }
            GuestCall::ProcessAudio(Audio { bytes, mime }) => {
                (&[Bytes(bytes), Text(mime)], records::text)
            }
            GuestCall::Retrieve { key, namespace } => {
                (&[Text(key), Optional(namespace)], records::optional_text)
            }
            GuestCall::Delete { key, namespace } => {
                (&[Text(key), Optional(namespace)], records::boolean)
            }
            GuestCall::Search { query, namespace, limit } => {
                (&[Text(query), Optional(namespace), Number(*limit)], records::hits)
            }
            GuestCall::Store { key, value, namespace, ttl, tags } => (
                &[Text(key), Text(value), Optional(namespace), Seconds(*ttl), Texts(tags)],
                records::unit,
            ),
        };
        let name = call.export();
        // Lowering calls the guest's allocator: if that fails, the instance is not used again.
        self.usable = false;
        let mut driver = self.driver(budget, name);
        let mut params = Vec::new();
        for argument in arguments {
            driver.lower_argument(*argument, &mut params).await?;
        }
        self.answer(name, &params, budget, lift).await
    }

    /// Calls an export of another kind and separates the guest's error from the host's.
    ///
    /// The budget converts the guest's error: it knows whether the guest's last host call was refused.
    async fn answer(
        &mut self,
        name: &'static str,
        params: &[Val],
        budget: &mut CallBudget,
        lift: LiftAnswer,
    ) -> Result<GuestValue, CallError> {
        // Looked up at each call to keep instances small: most plugins are of one kind.
        let export = Export::find(&self.wasm, &self.store, name)?;
        let answer = self.call(export, params, budget, lift).await?;
        answer.map_err(|message| budget.guest_error(message))
    }
}

impl Driver<'_> {
    /// Lowers `argument` and adds it to the core-level parameters.
    ///
    /// The order of the pushes is the flat order of the canonical ABI. An absent `option` still takes its words, as
    /// zeros.
    async fn lower_argument(
        &mut self,
        argument: Argument<'_>,
        params: &mut Vec<Val>,
    ) -> Result<(), CallError> {
        let (what, bytes) = match argument {
            Number(number) => {
                params.push(Val::I32(number.cast_signed()));
                return Ok(());
            }
            Seconds(ttl) => {
                params.push(Val::I32(ttl.is_some().into()));
                params.push(Val::I64(ttl.map_or(0, whole_seconds).cast_signed()));
                return Ok(());
            }
            Optional(None) => {
                params.extend([0; 3].map(Val::I32));
                return Ok(());
            }
            Texts(texts) => {
                params.extend(words(self.lower_list(texts).await?));
                return Ok(());
            }
            #[cfg(feature = "serve")]
            Argument::Pairs(pairs) => {
                params.extend(words(self.lower_pairs(pairs).await?));
                return Ok(());
            }
            Optional(Some(text)) => {
                params.push(Val::I32(1));
                (TEXT, text.as_bytes())
            }
            Text(text) => (TEXT, text.as_bytes()),
            Bytes(bytes) => (LIST, bytes),
        };
        params.extend(words(self.lower_bytes(what, bytes, 1).await?));
        Ok(())
    }
}

/// A span as two parameters.
fn words(span: Span) -> [Val; 2] {
    [span.pointer, span.length].map(|word| Val::I32(word.cast_signed()))
}

/// A part of a second counts as a whole one, so that nothing expires early.
fn whole_seconds(ttl: Duration) -> u64 {
    ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0))
}
