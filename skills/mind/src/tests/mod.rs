//! Conversations against a scripted host and a scripted model server.

mod commands;
mod failures;
mod history;
mod rounds;
mod streams;

use crate::doors::{Answered, Head, Host};
use crate::turn;
use json_text::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

const SETTINGS: &str = r#"{"base_url":"http://127.0.0.1:8080/v1/","model":"small"}"#;
const CHAT: &str = r#"{"channel":"console","chat":"one","sender":"owner","is_owner":true}"#;
const TOOLS: &str = r#"[
    {"name":"text-stats__text_stats","description":"Counts.","input_schema":
        {"type":"object","properties":{"text":{"type":"string","minLength":1.0}}}},
    {"name":"com.example.clock__now","description":"The time."}
]"#;

/// What the server does with one request.
struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    /// Parts of the body; an error breaks the connection.
    parts: VecDeque<Answered<Vec<u8>>>,
    /// Why no connection comes about; empty if one does.
    refused: &'static str,
}

type Tool = dyn Fn(&str, &str) -> Answered<String>;

struct World {
    settings: RefCell<String>,
    current: RefCell<Option<String>>,
    tools: RefCell<Answered<String>>,
    tool: RefCell<Box<Tool>>,
    store: RefCell<BTreeMap<String, Vec<u8>>>,
    store_fails: Cell<bool>,
    /// Bytes of all keys and values that the store takes.
    store_bytes: Cell<usize>,
    server: RefCell<VecDeque<Scripted>>,
    open: RefCell<Vec<Scripted>>,
    /// Bodies, as they were sent.
    requests: RefCell<Vec<String>>,
    headers: RefCell<Vec<(String, String)>>,
    batches: RefCell<Vec<Vec<(String, String)>>>,
    said: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
    warnings: RefCell<Vec<String>>,
    /// Milliseconds, which pass while the plugin sleeps and with each part of a body.
    now: Cell<u64>,
    /// Milliseconds since 1970; as it begins: Sun, 06 Nov 1994 08:49:37 GMT.
    wall: Cell<u64>,
    part_takes: Cell<u64>,
    /// After how many parts nobody waits any more.
    leaves_after: Cell<u32>,
}

impl World {
    fn new() -> Rc<World> {
        Rc::new(World {
            settings: RefCell::new(SETTINGS.into()),
            current: RefCell::new(Some(CHAT.into())),
            tools: RefCell::new(Ok("[]".into())),
            tool: RefCell::new(Box::new(|name, _| Err(format!("no {name} in this test")))),
            store: RefCell::default(),
            store_fails: Cell::new(false),
            store_bytes: Cell::new(4096 * 1024),
            wall: Cell::new(784_111_777_000),
            server: RefCell::default(),
            open: RefCell::default(),
            requests: RefCell::default(),
            headers: RefCell::default(),
            batches: RefCell::default(),
            said: RefCell::default(),
            notes: RefCell::default(),
            warnings: RefCell::default(),
            now: Cell::new(1_000),
            part_takes: Cell::new(0),
            leaves_after: Cell::new(u32::MAX),
        })
    }

    fn set(&self, settings: &str) {
        *self.settings.borrow_mut() = format!("{},{settings}}}", SETTINGS.trim_end_matches('}'));
    }

    fn with_tools(&self, tool: impl Fn(&str, &str) -> Answered<String> + 'static) {
        *self.tools.borrow_mut() = Ok(TOOLS.into());
        *self.tool.borrow_mut() = Box::new(tool);
    }

    fn reply_with(&self, status: u16, headers: &[(&str, &str)], parts: &[Answered<Vec<u8>>]) {
        let headers = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let parts = parts.iter().cloned().collect();
        self.server.borrow_mut().push_back(Scripted { status, headers, parts, refused: "" });
    }

    /// One part each.
    fn reply(&self, parts: &[&str]) {
        let parts: Vec<_> = parts.iter().map(|part| Ok(part.as_bytes().to_vec())).collect();
        self.reply_with(200, &[], &parts);
    }

    fn refuse(&self, status: u16, body: &str) {
        self.reply_with(status, &[], &[Ok(body.into())]);
    }

    fn no_connection(&self, refused: &'static str) {
        let parts = VecDeque::new();
        let scripted = Scripted { status: 0, headers: Vec::new(), parts, refused };
        self.server.borrow_mut().push_back(scripted);
    }

    /// A stream that says this and ends well.
    fn says(&self, text: &str) {
        self.reply(&[&delta(text), &end("stop")]);
    }

    fn process(&self, state: &str) -> Result<String, String> {
        let result = turn::process(self, state)?;
        let answer = json_text::read(result).unwrap();
        Ok(text(answer.get("answer").unwrap().get("text").unwrap()))
    }

    fn ask(&self, said: &str) -> Result<String, String> {
        self.process(&format!(r#"{{"text":{},"prompt":"Be kind."}}"#, quoted(said)))
    }

    fn requests(&self) -> Vec<Value> {
        self.requests.borrow().iter().map(|body| json_text::read(body).unwrap()).collect()
    }

    /// Roles and texts of the newest request.
    fn messages(&self) -> Vec<(String, String)> {
        let request = self.requests().pop().unwrap();
        let Some(Value::Array(messages)) = request.get("messages") else { panic!("no messages") };
        let member = |message: &Value, name| text(message.get(name).unwrap());
        messages.iter().map(|it| (member(it, "role"), member(it, "content"))).collect()
    }

    fn said(&self) -> String {
        self.said.borrow().concat()
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_text()
}

#[track_caller]
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => panic!("expected a string, got {}", other.to_text()),
    }
}

/// An event with a part of the text.
fn delta(text: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n",
        quoted(text)
    )
}

/// An event with fragments of calls.
fn calls(fragments: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":{fragments}}}}}]}}\n\n")
}

/// The last events.
fn end(reason: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\ndata: [DONE]\n\n"
    )
}

impl Host for World {
    fn settings(&self) -> String {
        self.settings.borrow().clone()
    }

    fn stored(&self, key: &str) -> Answered<Option<Vec<u8>>> {
        match self.store_fails.get() {
            true => Err("the disk is gone".into()),
            false => Ok(self.store.borrow().get(key).cloned()),
        }
    }

    fn store(&self, key: &str, value: &[u8]) -> Answered<()> {
        assert!(key.len() <= 512, "{key}");
        if self.store_fails.get() {
            return Err("the disk is full".into());
        }
        let mut store = self.store.borrow_mut();
        let others = store.iter().filter(|(other, _)| *other != key);
        let used: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if used + key.len() + value.len() > self.store_bytes.get() {
            return Err("the store is full: 4096 KB of keys and values; delete some".into());
        }
        store.insert(key.into(), value.into());
        Ok(())
    }

    fn delete(&self, key: &str) -> Answered<bool> {
        Ok(self.store.borrow_mut().remove(key).is_some())
    }

    fn keys(&self, prefix: &str) -> Answered<Vec<String>> {
        let store = self.store.borrow();
        Ok(store.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn tools(&self) -> Answered<String> {
        self.tools.borrow().clone()
    }

    fn call_all(&self, calls: &[(&str, &str)]) -> Vec<Answered<String>> {
        assert!((1..=16).contains(&calls.len()));
        let owned = |call: &(&str, &str)| (call.0.to_string(), call.1.to_string());
        self.batches.borrow_mut().push(calls.iter().map(owned).collect());
        let tool = self.tool.borrow();
        calls.iter().map(|(name, arguments)| tool(name, arguments)).collect()
    }

    fn open(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Answered<Head> {
        assert_eq!(url, "http://127.0.0.1:8080/v1/chat/completions");
        self.requests.borrow_mut().push(body.into());
        *self.headers.borrow_mut() =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let next = self.server.borrow_mut().pop_front().expect("a request too many");
        if !next.refused.is_empty() {
            return Err(next.refused.into());
        }
        let (status, headers) = (next.status, next.headers.clone());
        self.open.borrow_mut().push(next);
        Ok(Head { stream: self.open.borrow().len() as u32, status, headers })
    }

    fn read(&self, stream: u32) -> Answered<Option<Vec<u8>>> {
        self.now.set(self.now.get() + self.part_takes.get());
        self.leaves_after.set(self.leaves_after.get().saturating_sub(1));
        self.open.borrow_mut()[stream as usize - 1].parts.pop_front().transpose()
    }

    fn close(&self, stream: u32) {
        self.open.borrow_mut()[stream as usize - 1].parts.clear();
    }

    fn current(&self) -> Option<String> {
        self.current.borrow().clone()
    }

    fn say(&self, text: &str) {
        self.said.borrow_mut().push(text.into());
    }

    fn note(&self, text: &str) {
        self.notes.borrow_mut().push(text.into());
    }

    fn cancelled(&self) -> bool {
        self.leaves_after.get() == 0
    }

    fn wall_ms(&self) -> u64 {
        self.wall.get()
    }

    fn monotonic_ms(&self) -> u64 {
        self.now.get()
    }

    fn sleep_ms(&self, duration: u64) {
        self.now.set(self.now.get() + duration);
    }

    fn warn(&self, message: &str) {
        self.warnings.borrow_mut().push(message.into());
    }
}
