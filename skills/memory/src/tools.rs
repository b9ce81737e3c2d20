//! The tools: their parameters and their results.

use crate::doors::Host;
use crate::json::{add, add_flag, add_number, add_text};
use crate::namespace::{Scope, of_scope};
use crate::note::{Content, Note, show, until};
use crate::notes::{Notes, Query, words};
use crate::time::rfc_3339;
use crate::words::small;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::{Arguments, Value, decimal};

/// Of a text in UTF-8.
const TEXT_BYTES: usize = 4096;
/// Of a note.
const TAGS: usize = 16;
/// Of one tag in UTF-8.
const TAG_BYTES: usize = 64;
const DAY: u64 = 86_400;
/// Ten years in seconds.
const LONGEST_TTL: u32 = 315_360_000;
/// Where a page of an export ends. A message with more is hard to read anywhere.
const EXPORT_BYTES: usize = 1024 * 1024;

/// The tools, each with the parameters that it takes.
const TOOLS: &[(&str, &[&str])] = &[
    ("remember", &["text", "tags", "ttl_seconds", "scope"]),
    ("recall", &["query", "tag", "limit", "scope"]),
    ("forget", &["id", "text", "scope"]),
    ("list", &["limit", "tag", "before", "scope"]),
    ("export", &["command", "commandName"]),
];

/// Runs a tool.
pub fn run(host: &dyn Host, tool: &str, params: &str) -> Result<String, String> {
    let Some((tool, known)) = TOOLS.iter().find(|(name, _)| *name == tool) else {
        return Err(["memory has no tool `", tool, "`"].concat());
    };
    let arguments = &Arguments::read(tool, params, known)?;
    let scope = scope(arguments)?;
    match *tool {
        "remember" => remember(host, arguments, scope),
        "forget" => forget(host, arguments, scope),
        "export" => export(host, arguments),
        name => find(host, scope, &query(arguments, name == "recall")?),
    }
}

/// The notes of a scope, and the conversation as the host describes it, if the call works for somebody.
#[inline(never)]
fn notes(host: &dyn Host, scope: Scope) -> Result<(Notes<'_>, Option<Value>), String> {
    let mut conversation = None;
    if let Some(text) = host.conversation() {
        conversation = Some(json_text::read(&text).map_err(|error| error.message())?);
    }
    let namespace = of_scope(scope, conversation.as_ref())?;
    Ok((Notes::of(host, namespace)?, conversation))
}

/// What every result begins with.
fn result(scope: Scope) -> String {
    let mut result = String::new();
    add_text(&mut result, "scope", if scope == Scope::Chat { "chat" } else { "person" });
    result
}

fn remember(host: &dyn Host, arguments: &Arguments, scope: Scope) -> Result<String, String> {
    let text = arguments.string("text")?.trim_ascii();
    if text.is_empty() || text.len() > TEXT_BYTES {
        let usage = "remember: expected `text` to be a fact in a sentence, of 1 to 4096 bytes";
        return Err(usage.to_string());
    }
    let tags = tags(arguments)?;
    let mut ttl = arguments.integer("ttl_seconds", 1..=LONGEST_TTL, 0)?.into();
    let (notes, conversation) = notes(host, scope)?;
    if ttl == 0 {
        ttl = u64::from(notes.settings.default_ttl_days) * DAY;
    }
    let content = Content { until: until(host.now_ms(), ttl), key: None, text, tags: &tags };
    let value = content.value(conversation.as_ref(), "sender", &rfc_3339(notes.now));
    // A note that is said again stays what it was said first, and gets the new tags and the new end.
    let again = |old: &Note| {
        let mut tags = old.tags().to_vec();
        for tag in content.tags {
            if tags.len() < TAGS && !has_tag(&tags, tag) {
                tags.push(tag.clone());
            }
        }
        Some(Content { tags: &tags, ..content }.said_again(old))
    };
    let kept = notes.keep(text, value, &again)?;
    let mut result = result(scope);
    add_number(&mut result, "id", kept.id);
    add_flag(&mut result, "new", kept.is_new);
    if kept.until != 0 {
        add_text(&mut result, "expires", &rfc_3339(kept.until));
    }
    result.push('}');
    Ok(result)
}

/// Tags are strings. Small and capital letters are one.
fn has_tag(tags: &[Value], tag: &Value) -> bool {
    let Value::String(tag) = tag else { return false };
    tags.iter().any(|own| matches!(own, Value::String(own) if small(own) == small(tag)))
}

/// What `recall` and `list` look for.
fn query(arguments: &Arguments, by_words: bool) -> Result<Query<'_>, String> {
    let mut query = Query {
        text: None,
        tag: None,
        before: arguments.integer("before", 0..=u32::MAX, u32::MAX)?,
        limit: 0,
        most_bytes: usize::MAX,
    };
    let (mut most, mut default) = (100, 20);
    if by_words {
        (most, default) = (50, 5);
        let text = arguments.string("query")?;
        if words(text, false).is_empty() {
            return Err("recall: `query` has no word: give some, or use `list`".to_string());
        }
        query.text = Some(text);
    }
    query.limit = arguments.integer("limit", 1..=most, default)? as usize;
    if arguments.get("tag").is_some() {
        query.tag = Some(arguments.string("tag")?);
    }
    Ok(query)
}

/// `/memories [chat] [before ID]`
fn export(host: &dyn Host, arguments: &Arguments) -> Result<String, String> {
    let mut rest = "";
    if arguments.get("command").is_some() {
        rest = arguments.string("command")?.trim_ascii();
    }
    let mut scope = Scope::Person;
    if let Some(after) = rest.strip_prefix("chat") {
        scope = Scope::Chat;
        rest = after.trim_ascii();
    }
    let before = match rest.strip_prefix("before ") {
        Some(id) => id.trim_ascii().parse().ok(),
        None if rest.is_empty() => Some(u32::MAX),
        None => None,
    };
    let Some(before) = before else {
        let usage = "expected /memories, /memories chat, or one of them with `before ID`";
        return Err(usage.to_string());
    };
    let query =
        Query { text: None, tag: None, before, limit: usize::MAX, most_bytes: EXPORT_BYTES };
    find(host, scope, &query)
}

fn find(host: &dyn Host, scope: Scope, query: &Query) -> Result<String, String> {
    let (notes, _) = notes(host, scope)?;
    let mut result = result(scope);
    add(&mut result, "notes", "[");
    let mut between = "";
    let summary = notes.find(query, &mut |id, score, note| {
        let mut found = String::new();
        add_number(&mut found, "id", id);
        if query.text.is_some() {
            add(&mut found, "score", &hundredths(score));
        }
        show(&mut found, &note.json);
        result.push_str(between);
        result.push_str(&found);
        between = ",";
    })?;
    result.push(']');
    add_flag(&mut result, "more", summary.more);
    add_number(&mut result, "total", summary.total as u32);
    result.push('}');
    Ok(result)
}

fn forget(host: &dyn Host, arguments: &Arguments, scope: Scope) -> Result<String, String> {
    let (notes, _) = notes(host, scope)?;
    let forgotten = match (arguments.get("id"), arguments.get("text")) {
        (Some(_), None) => notes.forget_id(arguments.integer("id", 0..=u32::MAX, 0)?)?,
        (None, Some(_)) => notes.forget_name(arguments.string("text")?.trim_ascii())?,
        _ => return Err("forget: expected either `id` or `text`: `list` shows both".to_string()),
    };
    let mut result = result(scope);
    add_flag(&mut result, "forgotten", forgotten);
    result.push('}');
    Ok(result)
}

fn scope(arguments: &Arguments) -> Result<Scope, String> {
    if arguments.get("scope").is_none() {
        return Ok(Scope::Person);
    }
    match arguments.string("scope")? {
        "person" => Ok(Scope::Person),
        "chat" => Ok(Scope::Chat),
        _ => Err("expected `scope` to be `person` or `chat`".to_string()),
    }
}

fn tags(arguments: &Arguments) -> Result<Vec<Value>, String> {
    let mut tags = Vec::new();
    let mut is_valid = true;
    match arguments.get("tags") {
        None => {}
        Some(Value::Array(items)) => {
            for item in items {
                is_valid &=
                    matches!(item, Value::String(tag) if (1..=TAG_BYTES).contains(&tag.len()));
                if !has_tag(&tags, item) {
                    tags.push(item.clone());
                }
            }
        }
        Some(_) => is_valid = false,
    }
    if !is_valid || tags.len() > TAGS {
        let usage =
            "remember: expected `tags` to be a list of at most 16 words of at most 64 bytes";
        return Err(usage.to_string());
    }
    Ok(tags)
}

/// A number with two digits after the point; the formatting of the core library is kilobytes.
fn hundredths(number: f32) -> String {
    let rounded = (number * 100.0 + 0.5) as u64;
    let point = if rounded % 100 < 10 { ".0" } else { "." };
    [&decimal(rounded / 100), point, &decimal(rounded % 100)].concat()
}
