//! Requests to the model server: one reply for each, with retries before any of it was shown.

use crate::date;
use crate::doors::Host;
use crate::fault::{BROKEN, CANCELLED, Fault, LATE, SILENT, UNREACHED};
use crate::reply::{Failed, Outcome, Reply, words};
use crate::settings::Settings;
use crate::stream::Stream;
use crate::text::{Text, fill, integer};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use json_text::{Value, decimal};

/// Requests after the first one.
const RETRIES: u32 = 4;
/// The pause before the first retry in milliseconds; each next one is twice as long.
const FIRST_PAUSE: u64 = 500;
/// The longest wait in milliseconds before it is asked whether somebody still waits.
const SLICE: u64 = 1000;
/// Bytes that are read of a refusal.
const REFUSAL_BYTES: usize = 16 * 1024;

pub struct Client<'a> {
    pub host: &'a dyn Host,
    pub settings: &'a Settings,
    /// The moment of the monotonic clock by which all is over.
    pub deadline: u64,
}

/// The host's words for a server that was silent for too long.
const TIMED_OUT: &str = "request timed out";

/// Takes the parts of a text as they come.
pub type Show<'a> = &'a mut dyn FnMut(&str);

impl Client<'_> {
    /// Asks for a reply, and shows its text as it comes. Of a reply with a fault some of the text may have been
    /// shown.
    pub fn complete(&self, body: &str, show: Show<'_>) -> &'static mut Reply {
        let mut pause = FIRST_PAUSE;
        let mut retries = RETRIES;
        loop {
            let reply: &'static mut Reply = Box::leak(Box::default());
            let _ = self.exchange(body, reply, show);
            let Some(fault) = &reply.fault else { return reply };
            let wait = fault.retry_after.unwrap_or(pause);
            let is_late = self.host.monotonic_ms().saturating_add(wait) >= self.deadline;
            if retries == 0 || is_late || !reply.text.is_empty() || !fault.may_pass() {
                return reply;
            }
            self.pause(wait);
            pause *= 2;
            retries -= 1;
        }
    }

    fn pause(&self, mut wait: u64) {
        let seconds = decimal(wait.div_ceil(1000));
        self.host.note(fill("the model server is not ready; trying again in ~ s", &[&seconds]));
        while wait > 0 && !self.host.cancelled() {
            let slice = wait.min(SLICE);
            self.host.sleep_ms(slice);
            wait -= slice;
        }
    }

    fn exchange(&self, body: &str, reply: &mut Reply, show: Show<'_>) -> Outcome {
        self.go_on(reply)?;
        let base = self.settings.base_url;
        let base = base.strip_suffix("/").unwrap_or(base);
        let url = fill("~/chat/completions", &[base]);
        let key = fill("Bearer {{secret:~}}", &[self.settings.secret]);
        let headers = [("content-type", "application/json"), ("authorization", key)];
        let headers = if self.settings.secret.is_empty() { &headers[..1] } else { &headers };
        let head = match self.host.open(url, headers, body) {
            Ok(head) => head,
            Err(words) => {
                let status = if words == TIMED_OUT { SILENT } else { UNREACHED };
                return reply.fail(status, words.leak());
            }
        };
        let result = match head.status {
            200..=299 => self.follow(head.stream, reply, show),
            status => {
                reply.fault = Some(Fault {
                    status: status.into(),
                    words: self.refusal(head.stream),
                    retry_after: self.retry_after(&head.headers),
                });
                Err(Failed)
            }
        };
        self.host.close(head.stream);
        result
    }

    /// Reads a stream to its end.
    fn follow(&self, id: u32, reply: &mut Reply, show: Show<'_>) -> Outcome {
        let mut stream = Stream::default();
        let mut shown = 0;
        let mut thought = false;
        loop {
            let bytes = match self.host.read(id) {
                Ok(bytes) => bytes,
                Err(words) => return reply.fail(BROKEN, words.leak()),
            };
            let taken = match &bytes {
                Some(bytes) => stream.push(bytes, reply),
                None => stream.end(reply),
            };
            // What came before a fault is part of the answer.
            if let Some(new) = reply.text.get(shown..).filter(|new| !new.is_empty()) {
                show(new);
                shown = reply.text.len();
            }
            if reply.thinks && !thought {
                thought = true;
                self.host.note("the model thinks");
            }
            taken?;
            if reply.done || (bytes.is_none() && !reply.finish.is_empty()) {
                return Ok(());
            }
            if bytes.is_none() {
                return reply.fail(BROKEN, "it ended in the middle");
            }
            self.go_on(reply)?;
        }
    }

    /// The words of an answer other than success.
    fn refusal(&self, id: u32) -> Text {
        let mut body = Vec::new();
        while body.len() < REFUSAL_BYTES
            && let Ok(Some(bytes)) = self.host.read(id)
        {
            body.extend_from_slice(&bytes);
        }
        let text = core::str::from_utf8(&body).unwrap_or_default();
        let text = text.strip_suffix("\n").unwrap_or(text);
        match json_text::read(text) {
            Ok(answer) => words(&answer),
            Err(_) => words(&Value::from(text)),
        }
    }

    /// Milliseconds, from a header that has seconds or a date.
    fn retry_after(&self, headers: &[(String, String)]) -> Option<u64> {
        let (_, text) =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
        match integer(text.as_bytes()) {
            Some(seconds) => Some(u64::from(seconds) * 1000),
            None => Some((date::seconds(text)? * 1000).saturating_sub(self.host.wall_ms())),
        }
    }

    /// Whether there is time left and somebody waits.
    fn go_on(&self, reply: &mut Reply) -> Outcome {
        if self.host.cancelled() {
            return reply.fail(CANCELLED, "nobody waits for the answer");
        }
        if self.host.monotonic_ms() >= self.deadline {
            return reply.fail(LATE, "");
        }
        Ok(())
    }
}
