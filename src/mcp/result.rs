//! Results: the members that every one has, and the message around it.
//!
//! Since 2026-07-28 a result says whether it is complete, who gave it, and for how long it is fresh.
//! Earlier revisions have none of this.

use super::discovery::SERVER_INFO_META;
use super::message::Request;
use super::object::Object;
use super::revision::Revision;

/// Milliseconds for which a list or a resource is fresh: as long as the report of a change may take.
const LIST_TTL_MS: u64 = 1_000;

/// A result with what every result of `revision` has. `meta` is further members of its `_meta`.
pub(super) fn begin(revision: Revision, meta: &str) -> Object {
    match revision.is_modern() {
        true => begin_modern("complete", meta),
        false => Object::new(),
    }
}

/// A modern result of a kind: `complete` or `input_required`.
pub(super) fn begin_modern(kind: &str, meta: &str) -> Object {
    let mut result = Object::new();
    result.member("resultType", kind).raw("_meta", &format!("{{{SERVER_INFO_META}{meta}}}"));
    result
}

/// The message with the result of `request`.
pub(super) fn success(request: &Request, result: Object) -> String {
    let mut message = Object::message();
    message.member("id", &request.id);
    result.end_within(message, "result")
}

/// Writes how long a result is fresh, and that only its client may cache it.
///
/// A client may use it from memory for that long; one that subscribes hears of changes earlier.
pub(super) fn write_freshness(result: &mut Object, revision: Revision) {
    if revision.is_modern() {
        result.member("ttlMs", &LIST_TTL_MS).member("cacheScope", "private");
    }
}
