//! Guests that break the ABI of the other kinds: wrong areas, lists, records and texts. Each ends in
//! an error of its own, and nothing is read that is not theirs.

use std::time::Duration;

use weft_lite::errors::{CallError, Exhausted};
use weft_lite::wasm::{AnswerOutcome, CallBudget, GuestCall, GuestInbound, GuestValue};
use weft_lite::{Audio, MemoryHit, PluginResourceConfig, limits};

use crate::guest::{Guest, start};

/// A text at 700.
const TEXT: &str = "(data (i32.const 700) \"some text\")";

/// A `result` area at 16 with two words, and the pointer to it.
pub(crate) fn area(tag: u8, first: i64, second: i64) -> String {
    format!(
        "(i32.store8 (i32.const 16) (i32.const {tag})) (i32.store (i32.const 20) (i32.const {first}))
         (i32.store (i32.const 24) (i32.const {second})) (i32.const 16)"
    )
}

/// A `result<string, string>` with a text of printable letters.
pub(crate) fn answering(tag: u8, text: &str) -> String {
    let stores: String = text
        .bytes()
        .enumerate()
        .map(|(at, byte)| format!("(i32.store8 (i32.const {}) (i32.const {byte}))", 800 + at))
        .collect();
    format!("{stores} {}", area(tag, 800, i64::try_from(text.len()).unwrap()))
}

/// An empty text, or no pairs.
const NOTHING: &str = "(i64.store (i32.const 32) (i64.const 4)) (i32.const 32)";

/// The type and the honest body of every function of the five interfaces.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("channel#poll", "", "(unreachable)"),
    ("channel#send", "i32 i32 i32 i32", "(unreachable)"),
    ("receipts#acknowledge", "i32 i32", "(unreachable)"),
    ("answered#answered", "i32 i32 i32", "(unreachable)"),
    ("drafts#draft", "i32 i32 i32 i32", "(unreachable)"),
    ("drafts#revise", "i32 i32 i32 i32 i32 i32", "(unreachable)"),
    (
        "stage#stage-type",
        "",
        "(i64.store (i32.const 48) (i64.const 0x737365636f7270)) (i32.store (i32.const 40) (i32.const 48))
         (i32.store (i32.const 44) (i32.const 7)) (i32.const 40)",
    ),
    ("stage#process", "i32 i32", "(unreachable)"),
    #[cfg(feature = "serve")]
    ("webhook#handle", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32", "(unreachable)"),
    ("skill#instructions", "", NOTHING),
    ("skill#variables", "", NOTHING),
    ("memory#store", "i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32", "(unreachable)"),
    ("memory#retrieve", "i32 i32 i32 i32 i32", "(unreachable)"),
    ("memory#search", "i32 i32 i32 i32 i32 i32", "(unreachable)"),
    ("memory#delete", "i32 i32 i32 i32 i32", "(unreachable)"),
    ("voice#process-audio", "i32 i32 i32 i32", "(unreachable)"),
    ("voice#synthesize", "i32 i32", "(unreachable)"),
];

fn interface(export: &str) -> &str {
    match export.split_once('#').unwrap().0 {
        "receipts" | "answered" | "drafts" | "webhook" => "channel",
        interface => interface,
    }
}

/// A guest of the kind that `export` belongs to, of which that function runs `body`.
pub(crate) fn kind_guest(export: &str, body: &str) -> Guest {
    let mut guest = Guest::default().with(TEXT);
    for &(name, params, honest) in FUNCTIONS {
        let of = |export: &str| export.split_once('#').unwrap().0.to_owned();
        if [of(export), interface(export).to_owned()].contains(&of(name)) {
            let body = if name == export { body } else { honest };
            guest = guest
                .with(&format!("(func (export \"{name}\") (param {params}) (result i32) {body})"));
        }
    }
    guest
}

/// A call with little in it for each function.
pub(crate) fn some_call(export: &str) -> GuestCall {
    let text = || "some".to_owned();
    match export {
        "channel#poll" => GuestCall::Poll,
        "channel#send" => GuestCall::Send { target: text(), payload_json: text() },
        "receipts#acknowledge" => GuestCall::Acknowledge { message_id: text() },
        "answered#answered" => {
            GuestCall::Answered { message_id: text(), outcome: AnswerOutcome::Failed }
        }
        #[cfg(feature = "serve")]
        "webhook#handle" => GuestCall::Webhook(weft_lite::wasm::HookRequest {
            method: text(),
            path: text(),
            query: String::new(),
            headers: vec![(text(), String::new())],
            body: vec![0xff, 0],
        }),
        "drafts#draft" => GuestCall::Draft { target: text(), payload_json: text() },
        "drafts#revise" => GuestCall::Revise { target: text(), id: text(), payload_json: text() },
        "stage#stage-type" => GuestCall::StageType,
        "stage#process" => GuestCall::Process { state_json: text() },
        "skill#instructions" => GuestCall::Instructions,
        "skill#variables" => GuestCall::Variables,
        "memory#store" => GuestCall::Store {
            key: text(),
            value: String::new(),
            namespace: None,
            ttl: Some(Duration::from_secs(1)),
            tags: vec![text(), String::new()],
        },
        "memory#retrieve" => GuestCall::Retrieve { key: text(), namespace: Some(text()) },
        "memory#search" => GuestCall::Search { query: text(), namespace: None, limit: 5 },
        "memory#delete" => GuestCall::Delete { key: text(), namespace: None },
        "voice#process-audio" => {
            GuestCall::ProcessAudio(Audio { bytes: vec![0xff, 0], mime: text() })
        }
        "voice#synthesize" => GuestCall::Synthesize { text: text() },
        other => panic!("{other} is no function of the kinds"),
    }
}

fn run_call(guest: &Guest, call: &GuestCall) -> Result<GuestValue, CallError> {
    let resources = PluginResourceConfig { max_fuel: 20_000_000, ..Default::default() };
    let mut instance = start(&guest.compile(), &resources).unwrap();
    let mut budget = CallBudget::new(&resources);
    let result = smol::block_on(instance.run(call, &mut budget));
    let good = matches!(result, Ok(_) | Err(CallError::Guest { .. }));
    assert_eq!(instance.is_usable(), good, "a faulty instance is thrown away: {result:?}");
    result
}

fn run(export: &str, body: &str) -> Result<GuestValue, CallError> {
    run_call(&kind_guest(export, body), &some_call(export))
}

#[track_caller]
fn traps(export: &'static str, body: &str, words: &str) {
    match run(export, body) {
        Err(CallError::Trap { name, during }) => {
            assert!(name.contains(words), "{name:?} is not about {words:?}");
            assert_eq!(during, export);
        }
        other => panic!("{export}: expected a trap with {words:?}, got {other:?}"),
    }
}

#[track_caller]
fn gives_too_much(export: &str, body: &str, limit: usize) {
    let expected = Err(CallError::Exhausted(Exhausted::Output { limit }));
    assert_eq!(run(export, body), expected, "{export}");
}

const RESULTS: &[&str] = &[
    "channel#poll",
    "channel#send",
    "receipts#acknowledge",
    "answered#answered",
    "drafts#draft",
    "drafts#revise",
    "stage#process",
    #[cfg(feature = "serve")]
    "webhook#handle",
    "memory#store",
    "memory#retrieve",
    "memory#search",
    "memory#delete",
    "voice#process-audio",
    "voice#synthesize",
];

#[test]
fn every_function_checks_its_result_area() {
    for &(export, _, _) in FUNCTIONS {
        traps(export, "(i32.const 18)", "not aligned to 4");
        traps(export, "(i32.const 65536)", "outside linear memory");
        traps(export, "(i32.const 65532)", "outside linear memory");
        traps(export, "(i32.const -4)", "outside linear memory");
        traps(export, "(unreachable)", "unreachable");
    }
    for &export in RESULTS {
        traps(export, &area(2, 0, 0), "unknown tag 2");
        traps(export, &area(255, 0, 0), "unknown tag 255");
    }
}

#[test]
fn every_guest_error_is_text_in_its_memory() {
    for &export in RESULTS {
        let words = run(export, &area(1, 700, 9));
        assert_eq!(words, Err(CallError::Guest { message: "some text".into() }), "{export}");
        traps(export, &area(1, 65_535, 2), "outside linear memory");
        traps(export, &area(1, -1, 2), "outside linear memory");
        let broken = format!("(i32.store8 (i32.const 700) (i32.const 0xff)) {}", area(1, 700, 9));
        traps(export, &broken, "not valid UTF-8");
    }
}

#[test]
fn no_function_is_endless() {
    for &(export, _, _) in FUNCTIONS {
        let endless = run(export, "(loop (br 0)) (unreachable)");
        let fuel = Exhausted::Fuel { limit: 20_000_000 };
        assert_eq!(endless, Err(CallError::Exhausted(fuel)), "{export}");
    }
}

#[test]
fn post_return_is_part_of_the_call() {
    for &(export, _, _) in FUNCTIONS {
        let body = if RESULTS.contains(&export) { area(1, 700, 9) } else { NOTHING.to_owned() };
        let post = format!("(func (export \"cabi_post_{export}\") (param i32) unreachable)");
        let ended = run_call(&kind_guest(export, &body).with(&post), &some_call(export));
        let trap = CallError::Trap { name: "unreachable".into(), during: "post-return" };
        assert_eq!(ended, Err(trap), "{export}");
    }
}

#[test]
fn lists_are_counted_before_they_are_read() {
    for (export, element, align) in [("channel#poll", 56, 4), ("memory#search", 24, 8)] {
        traps(export, &area(0, 8, -1), "outside linear memory");
        traps(export, &area(0, -8, 1), "outside linear memory");
        traps(export, &area(0, 65_536 - element + align, 1), "outside linear memory");
        traps(export, &area(0, align + 2, 1), &format!("not aligned to {align}"));
        traps(export, &area(0, 1, 0), &format!("not aligned to {align}"));
        let wide = |count| {
            let guest = kind_guest(export, &area(0, 65_536, count));
            Guest { memory: "(memory (export \"memory\") 40)".into(), ..guest }
        };
        let result = run_call(&wide(1_001), &some_call(export));
        let many = matches!(&result, Err(CallError::Trap { name, .. }) if name.contains("1001"));
        assert!(many, "{export}: {result:?}");
        let result = run_call(&wide(1_000), &some_call(export));
        let there = match &result {
            Ok(GuestValue::Inbound(messages)) => messages.len(),
            Ok(GuestValue::Hits(hits)) => hits.len(),
            other => panic!("{export}: {other:?}"),
        };
        assert_eq!(there, 1_000, "a list of zeros is one of empty texts");
    }
    let pairs = |pointer, count| {
        format!(
            "(i32.store (i32.const 32) (i32.const {pointer})) (i32.store (i32.const 36) (i32.const {count})) (i32.const 32)"
        )
    };
    traps("skill#variables", &pairs(4, -1), "outside linear memory");
    traps("skill#variables", &pairs(6, 1), "not aligned to 4");
    traps("skill#variables", &pairs(4096, 1_001), "1001 variables, of at most 1000");
}

#[test]
fn a_result_of_many_parts_counts_whole() {
    // A thousand hits, each with the same key of 8 KB: small for the guest, large for the host.
    let body = format!(
        "(local $at i32) (local.set $at (i32.const 131072))
         (loop $again
            (i32.store (local.get $at) (i32.const 65536))
            (i32.store offset=4 (local.get $at) (i32.const 8192))
            (local.set $at (i32.add (local.get $at) (i32.const 24)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 155072))))
         {}",
        area(0, 131_072, 997)
    );
    let guest = kind_guest("memory#search", &body);
    let guest = Guest { memory: "(memory (export \"memory\") 3)".into(), ..guest };
    let result = run_call(&guest, &some_call("memory#search"));
    let limit = limits::RESULT_BYTES;
    assert_eq!(result, Err(CallError::Exhausted(Exhausted::Output { limit })));
}

#[test]
fn texts_and_sound_have_their_limits() {
    let large = |export: &str, body: &str| {
        let guest =
            Guest { memory: "(memory (export \"memory\") 100)".into(), ..kind_guest(export, body) };
        run_call(&guest, &some_call(export))
    };
    let output = |limit| Err(CallError::Exhausted(Exhausted::Output { limit }));
    let result = i64::try_from(limits::RESULT_BYTES).unwrap();
    for export in ["channel#send", "stage#process", "voice#process-audio"] {
        assert_eq!(large(export, &area(0, 1024, result + 1)), output(limits::RESULT_BYTES));
    }
    let audio = area(0, 1024, result + 1);
    assert_eq!(large("voice#synthesize", &audio), output(limits::RESULT_BYTES));
    let instructions = format!(
        "(i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const {})) (i32.const 32)",
        limits::INSTRUCTIONS_BYTES + 1
    );
    assert_eq!(large("skill#instructions", &instructions), output(limits::INSTRUCTIONS_BYTES));
    gives_too_much("memory#delete", &huge_error(), limits::RESULT_BYTES);
}

/// An error text of 5 MB, for which the guest grows its memory.
fn huge_error() -> String {
    format!("(drop (memory.grow (i32.const 90))) {}", area(1, 1024, 5 << 20))
}

#[test]
fn nested_parts_are_checked_one_by_one() {
    // result<option<string>, string>: the option's tag is at 4, its text at 8.
    let option = |tag: u8, pointer: i32, length: i32| {
        format!(
            "(i32.store8 (i32.const 16) (i32.const 0)) (i32.store8 (i32.const 20) (i32.const {tag}))
             (i32.store (i32.const 24) (i32.const {pointer})) (i32.store (i32.const 28) (i32.const {length})) (i32.const 16)"
        )
    };
    let retrieve = |tag, pointer, length| run("memory#retrieve", &option(tag, pointer, length));
    assert_eq!(retrieve(0, -1, -1), Ok(GuestValue::OptionalText(None)));
    assert_eq!(retrieve(1, 700, 4), Ok(GuestValue::OptionalText(Some("some".into()))));
    traps("memory#retrieve", &option(2, 700, 4), "value has the unknown tag 2");
    traps("memory#retrieve", &option(1, 65_535, 2), "outside linear memory");
    // result<bool, string>
    let truth = |byte: u8| area(0, i64::from(byte), 0);
    assert_eq!(run("memory#delete", &truth(0)), Ok(GuestValue::Bool(false)));
    assert_eq!(run("memory#delete", &truth(1)), Ok(GuestValue::Bool(true)));
    assert_eq!(run("memory#delete", &truth(128)), Ok(GuestValue::Bool(true)));
    // result<audio, string>: bytes that are no text are sound, but the MIME type is a text.
    let audio = |bytes: i32, mime: i32| {
        format!(
            "(i32.store (i32.const 28) (i32.const {mime})) (i32.store (i32.const 32) (i32.const 2))
             (i32.store16 (i32.const 710) (i32.const 0xfeff)) {}",
            area(0, bytes.into(), 2)
        )
    };
    let sound = Audio { bytes: vec![0xff, 0xfe], mime: "so".into() };
    assert_eq!(run("voice#synthesize", &audio(710, 700)), Ok(GuestValue::Audio(sound)));
    traps("voice#synthesize", &audio(710, 710), "mime is not valid UTF-8");
    traps("voice#synthesize", &audio(65_535, 700), "audio at 0xffff");
}

#[test]
fn records_follow_the_worlds_field_order() {
    // record inbound: sender, chat, payload and metadata at 0, 8, 16 and 24; options at 32 and 44.
    let record = |thread: u8, id: u8| {
        let spans: String = [700, 701, 702, 703]
            .iter()
            .enumerate()
            .map(|(at, pointer)| {
                let at = 600 + 8 * at;
                format!("(i32.store (i32.const {at}) (i32.const {pointer})) (i32.store (i32.const {}) (i32.const 1))", at + 4)
            })
            .collect();
        let option = |at: usize, tag: u8| {
            format!(
                "(i32.store8 (i32.const {at}) (i32.const {tag})) (i32.store (i32.const {}) (i32.const 705))
                 (i32.store (i32.const {}) (i32.const 4))",
                at + 4,
                at + 8
            )
        };
        format!("{spans} {} {} {}", option(632, thread), option(644, id), area(0, 600, 1))
    };
    let message = |thread: Option<&str>, id: Option<&str>| GuestInbound {
        sender: "s".into(),
        chat: "o".into(),
        payload_json: "m".into(),
        metadata_json: "e".into(),
        thread: thread.map(str::to_owned),
        message_id: id.map(str::to_owned),
    };
    let poll = |thread, id| run("channel#poll", &record(thread, id));
    let one = |message| Ok(GuestValue::Inbound(vec![message]));
    assert_eq!(poll(1, 0), one(message(Some("text"), None)));
    assert_eq!(poll(0, 1), one(message(None, Some("text"))));
    traps("channel#poll", &record(3, 0), "thread has the unknown tag 3");
    traps("channel#poll", &record(0, 4), "message-id has the unknown tag 4");
    // record hit: key and value at 0 and 8, the score at 16.
    let hit = format!(
        "(i32.store (i32.const 600) (i32.const 700)) (i32.store (i32.const 604) (i32.const 4))
         (i32.store (i32.const 608) (i32.const 705)) (i32.store (i32.const 612) (i32.const 4))
         (f64.store (i32.const 616) (f64.const -0.5)) {}",
        area(0, 600, 1)
    );
    let expected = MemoryHit { key: "some".into(), value: "text".into(), score: -0.5 };
    assert_eq!(run("memory#search", &hit), Ok(GuestValue::Hits(vec![expected])));
}

#[test]
fn arguments_arrive_as_the_world_says() {
    // Gives the eleven parameters back, one byte each in hexadecimal would need code; so the guest
    // compares them itself and fails with the number of the first that is wrong.
    let checks = [
        "(i32.eq (i32.load (local.get 0)) (i32.const 0x656d6f73))", // "some"
        "(i32.eq (local.get 1) (i32.const 4))",
        "(i32.ne (local.get 2) (i32.const 0))",
        "(i32.eqz (local.get 3))",
        "(i32.eqz (local.get 4))",
        "(i32.eqz (local.get 5))",
        "(i32.eqz (local.get 6))",
        "(i32.eq (local.get 7) (i32.const 1))",
        "(i64.eq (local.get 8) (i64.const 1))",
        "(i32.eqz (i32.and (local.get 9) (i32.const 3)))",
        "(i32.eq (local.get 10) (i32.const 2))",
        "(i32.eq (i32.load (i32.load (local.get 9))) (i32.const 0x656d6f73))",
        "(i32.eq (i32.load offset=4 (local.get 9)) (i32.const 4))",
        "(i32.ne (i32.load offset=8 (local.get 9)) (i32.const 0))",
        "(i32.eqz (i32.load offset=12 (local.get 9)))",
    ];
    let checked: String = checks
        .iter()
        .enumerate()
        .map(|(at, check)| {
            format!(
                "(if (i32.eqz {check}) (then (return (block (result i32) {}))))",
                area(1, 700, at as i64)
            )
        })
        .collect();
    let body = format!("{checked} {}", area(0, 0, 0));
    assert_eq!(run("memory#store", &body), Ok(GuestValue::Unit));
}

#[test]
fn a_lying_list_allocator_is_detected() {
    let call = some_call("memory#store");
    // Only what is aligned to 4 is a list; texts get an honest answer.
    let lying = |answer: &str| {
        let guest = kind_guest("memory#store", "(unreachable)");
        let honest = guest.realloc.clone();
        let realloc = format!(
            "{honest} (drop) (if (i32.eq (local.get 2) (i32.const 4)) (then (return {answer}))) (local.get $at)"
        );
        run_call(&Guest { realloc, ..guest }, &call)
    };
    for (answer, words) in [
        ("(i32.const 4098)", "list from cabi_realloc at 0x1002 is not aligned to 4"),
        ("(i32.const 65532)", "outside linear memory"),
        ("(i32.const -4)", "outside linear memory"),
    ] {
        match lying(answer) {
            Err(CallError::Trap { name, during: "cabi_realloc" }) => {
                assert!(name.contains(words), "{name}");
            }
            other => panic!("{answer}: {other:?}"),
        }
    }
}
