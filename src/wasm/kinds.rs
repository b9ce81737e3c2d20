//! Calling a guest of any kind: lowering what it is given and naming how its answer is lifted.

use std::time::Duration;

use super::abi::Span;
use super::call::{GuestCall, GuestValue};
use super::driver::{CallBudget, Driver};
use super::instance::{Export, Instance};
use super::records::{self, LiftAnswer};
use crate::contract::{Audio, CallError};

impl Instance {
    /// Makes one call, of a tool or of another kind.
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
        let name = call.export();
        match call {
            GuestCall::Tool { tool, params } => {
                self.execute_tool(tool, params, budget).await.map(GuestValue::Text)
            }
            GuestCall::Poll => self.answer(name, (), budget, records::inbound).await,
            GuestCall::StageType => self.answer(name, (), budget, records::bare_text).await,
            GuestCall::Instructions => self.answer(name, (), budget, records::bare_text).await,
            GuestCall::Variables => self.answer(name, (), budget, records::pairs).await,
            GuestCall::Acknowledge { message_id: text } => {
                self.give_text(name, text, budget, records::unit).await
            }
            GuestCall::Process { state_json: text } => {
                self.give_text(name, text, budget, records::text).await
            }
            GuestCall::Synthesize { text } => {
                self.give_text(name, text, budget, records::audio).await
            }
            GuestCall::Send { target, payload_json } => {
                let payload = payload_json.as_bytes();
                self.give_two(name, target.as_bytes(), payload, budget, records::text).await
            }
            GuestCall::ProcessAudio(Audio { bytes, mime }) => {
                self.give_two(name, bytes, mime.as_bytes(), budget, records::text).await
            }
            GuestCall::Retrieve { key, namespace } => {
                self.give_key(name, key, namespace, budget, records::optional_text).await
            }
            GuestCall::Delete { key, namespace } => {
                self.give_key(name, key, namespace, budget, records::truth).await
            }
            GuestCall::Search { query, namespace, limit } => {
                let mut driver = self.lowering(name, budget);
                let [a, b] = words(driver.lower(query).await?);
                let [c, d, e] = driver.lower_option(namespace).await?;
                let arguments = (a, b, c, d, e, limit.cast_signed());
                self.answer(name, arguments, budget, records::hits).await
            }
            GuestCall::Store { key, value, namespace, ttl, tags } => {
                let mut driver = self.lowering(name, budget);
                let [a, b] = words(driver.lower(key).await?);
                let [c, d] = words(driver.lower(value).await?);
                let [e, f, g] = driver.lower_option(namespace).await?;
                let (h, seconds) = (i32::from(ttl.is_some()), ttl.map_or(0, whole_seconds));
                let [j, k] = words(driver.lower_list(tags).await?);
                let arguments = (a, b, c, d, e, f, g, h, seconds.cast_signed(), j, k);
                self.answer(name, arguments, budget, records::unit).await
            }
        }
    }

    async fn give_text(
        &mut self,
        name: &'static str,
        text: &str,
        budget: &mut CallBudget,
        lift: LiftAnswer,
    ) -> Result<GuestValue, CallError> {
        let [a, b] = words(self.lowering(name, budget).lower(text).await?);
        self.answer(name, (a, b), budget, lift).await
    }

    async fn give_two(
        &mut self,
        name: &'static str,
        one: &[u8],
        other: &[u8],
        budget: &mut CallBudget,
        lift: LiftAnswer,
    ) -> Result<GuestValue, CallError> {
        let mut driver = self.lowering(name, budget);
        let what = "argument from cabi_realloc";
        let [a, b] = words(driver.lower_bytes(what, one, 1).await?);
        let [c, d] = words(driver.lower_bytes(what, other, 1).await?);
        self.answer(name, (a, b, c, d), budget, lift).await
    }

    async fn give_key(
        &mut self,
        name: &'static str,
        key: &str,
        namespace: &Option<String>,
        budget: &mut CallBudget,
        lift: LiftAnswer,
    ) -> Result<GuestValue, CallError> {
        let mut driver = self.lowering(name, budget);
        let [a, b] = words(driver.lower(key).await?);
        let [c, d, e] = driver.lower_option(namespace).await?;
        self.answer(name, (a, b, c, d, e), budget, lift).await
    }

    /// A driver for the arguments: if one can't be lowered, the instance is not used again.
    fn lowering<'a>(&'a mut self, name: &'static str, budget: &'a mut CallBudget) -> Driver<'a> {
        self.give_up();
        self.driver(budget, name)
    }

    /// Calls an export of another kind and tells the guest's error from the host's.
    async fn answer<P: wasmi::WasmParams>(
        &mut self,
        name: &'static str,
        params: P,
        budget: &mut CallBudget,
        lift: LiftAnswer,
    ) -> Result<GuestValue, CallError> {
        let export = self.export(name)?;
        let answer = self.call(export, params, budget, lift).await?;
        answer.map_err(|message| budget.guest_error(message))
    }

    /// Looked up at each call: most plugins are of one kind, and an instance is kept small.
    fn export<P: wasmi::WasmParams>(&self, name: &'static str) -> Result<Export<P>, CallError> {
        Export::find(&self.wasm, &self.store, name)
            .map_err(|_| CallError::NotReady { reason: format!("`{name}` is not exported") })
    }
}

impl Driver<'_> {
    /// `option<string>` as parameters: a tag, a pointer and a length.
    async fn lower_option(&mut self, text: &Option<String>) -> Result<[i32; 3], CallError> {
        let Some(text) = text else { return Ok([0; 3]) };
        let [pointer, length] = words(self.lower(text).await?);
        Ok([1, pointer, length])
    }

    /// `list<string>`: the texts, then the list of where they are. The span's length counts texts.
    async fn lower_list(&mut self, texts: &[String]) -> Result<Span, CallError> {
        let mut list = Vec::with_capacity(texts.len() * 8);
        for text in texts {
            let Span { pointer, length } = self.lower(text).await?;
            list.extend_from_slice(&pointer.to_le_bytes());
            list.extend_from_slice(&length.to_le_bytes());
        }
        let Span { pointer, length } = self.lower_bytes("list from cabi_realloc", &list, 4).await?;
        Ok(Span { pointer, length: length / 8 })
    }
}

fn words(span: Span) -> [i32; 2] {
    [span.pointer.cast_signed(), span.length.cast_signed()]
}

/// Nothing expires before its time, so a part of a second counts as one.
fn whole_seconds(ttl: Duration) -> u64 {
    ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0))
}
