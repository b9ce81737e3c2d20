//! A secret that comes back is `[redacted]`, wherever the plugin could show it.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use weft_lite::Secret;

use crate::server::{Reply, Server, answer, ok};
use crate::world::{Setup, World};

/// Has a character that JSON escapes, and a beginning that is a secret too.
const TOKEN: &str = r#"sesame"op3n"#;
const SHORT: &str = "sesame";

/// Every log line of this process.
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn lines_of(id: &str) -> Vec<String> {
    let prefix = format!("[PLUGIN:{id}] ");
    let lines = LINES.get().unwrap().0.lock().unwrap();
    lines.iter().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

static LINES: OnceLock<Lines> = OnceLock::new();

/// A device to which the token has been sent once; what it answers then is `reply`.
fn after_sending(id: &'static str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> World {
    let hosts = || vec!["*".to_owned()];
    let world = World::new(Setup {
        id,
        permissions: json!({
            "network": ["*"], "secrets": ["token", "short"], "filesystem": ["/nowhere"],
        }),
        resources: json!({ "max_memory_mb": 64 }),
        server: Server::start(reply),
        names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap()]),
        secrets: BTreeMap::from([
            ("token", Secret { value: format!(" {TOKEN} "), hosts: hosts(), allow_http: true }),
            ("short", Secret { value: SHORT.into(), hosts: hosts(), allow_http: true }),
        ]),
        network: |options| options.allow_private_hosts(["box.local"]).unwrap(),
        ..Setup::default()
    });
    let headers = json!([["X-Token", "{{secret:token}}"], ["X-Short", "{{secret:short}}"]]);
    // It may fail: what the device says is the test's.
    let _ = world.send(&json!({ "url": "http://box.local/first", "headers": headers }));
    assert!(world.server.request().contains(TOKEN));
    world
}

const URL: &str = "http://box.local/";

#[test]
fn in_the_body() {
    let world = after_sending("probe", |request| ok(request.replace("\r\n", "|")));
    let headers = json!([["X-Token", "{{secret:token}}"]]);
    let body = world.send(&json!({ "url": URL, "headers": headers })).unwrap();
    assert!(body.contains("x-token:  [redacted] |"), "{body}");
    let world =
        after_sending("probe", |_| ok(json!({ "you said": TOKEN, "t": SHORT }).to_string()));
    assert_eq!(world.get(URL).unwrap(), r#"{"you said":"[redacted]","t":"[redacted]"}"#);
}

#[test]
fn in_errors_also_across_the_cut() {
    let world = after_sending("probe", |_| {
        answer("302 Found", &format!("Location: /?token={TOKEN}\r\n"), "")
    });
    assert_eq!(world.get_refused(URL), "HTTP 302: /?token=[redacted]");
    for before in 1010..1030 {
        let body = format!("{}{TOKEN}{}", "x".repeat(before), "y".repeat(50));
        let world = after_sending("probe", move |_| answer("500 Oops", "", &body));
        let text = world.get_refused(URL);
        let redacted = if before < 1024 { "[redacted]" } else { "" };
        let behind = "y".repeat(1024_usize.saturating_sub(before + TOKEN.len()));
        let mut shown = format!("{}{redacted}{behind}", "x".repeat(before));
        shown.truncate(1024);
        assert_eq!(text, format!("HTTP 500: {shown}"));
    }
}

#[test]
fn in_a_long_body_across_the_cut() {
    let limit = weft_lite::limits::HTTP_RESPONSE_BODY_BYTES;
    let before = format!("{}{}", TOKEN.repeat(10), "x".repeat(limit - 10 * TOKEN.len() - 4));
    let body = format!("{before}{TOKEN}{}", "y".repeat(90));
    let world = after_sending("probe", move |_| ok(&body));
    // Too long for a result: the length of what the guest got says enough. What is redacted makes
    // room, and nothing from behind the cut comes into it.
    assert!(world.get(URL).is_err());
    let spared = 10 * (TOKEN.len() - "[redacted]".len());
    assert_eq!(world.record().bytes, (limit - spared - 4 + "[redacted]".len()) as u64);
}

#[test]
fn in_the_log_and_the_audit_log() {
    // Another test of this process may have set it.
    let _ = log::set_logger(LINES.get_or_init(|| Lines(Mutex::default())));
    log::set_max_level(LevelFilter::Trace);
    let id = "org.test.redaction";
    let world = after_sending(id, |_| ok("thanks"));
    let log = |message: String| {
        world.call("log", &json!({ "level": 2, "message": message })).unwrap();
        lines_of(id).pop().unwrap()
    };
    assert_eq!(log(format!("a {TOKEN} b {SHORT}")), "a [redacted] b [redacted]");
    let across = log(format!("{}{TOKEN}{}", "x".repeat(4090), "y".repeat(50)));
    assert_eq!(across, format!("{}[redac... [truncated]", "x".repeat(4090)));

    let _ = world.get(&format!("http://box.local/{SHORT}?{SHORT}=1"));
    assert_eq!(world.record().summary, "GET http://box.local/[redacted]?[redacted]");
    let _ = world.call("read", &json!({ "path": format!("/{TOKEN}") }));
    assert_eq!(world.record().summary, "/[redacted]");
    let _ = world.call("env", &json!({ "name": TOKEN }));
    assert_eq!(world.record().summary, "[redacted]");
}

/// A token with characters that encodings change.
const KEY: &str = "Ab/9+z==_q-Key";

/// A plugin without any secret, in a fresh world as after a reload or beside the one that sent it.
fn neighbour(url_host: &str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> World {
    let bound = vec![url_host.to_owned()];
    World::new(Setup {
        permissions: json!({ "network": ["*"] }),
        server: Server::start(reply),
        secrets: BTreeMap::from([(
            "key",
            Secret { value: KEY.into(), hosts: bound, allow_http: false },
        )]),
        ..Setup::default()
    })
}

/// `KEY` in base64 with `before` in front of it and something behind it.
fn base64(before: &str, url_safe: bool) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{before}{KEY}");
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let mut bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        bits <<= 8 * (3 - group.len());
        for at in 0..=group.len() {
            encoded.push(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize] as char);
        }
    }
    if url_safe { encoded.replace('+', "-").replace('/', "_") } else { encoded }
}

#[test]
fn in_every_form_for_a_plugin_without_secrets() {
    let hex = |upper: bool| -> String {
        let digits = KEY.bytes().map(|byte| format!("{byte:02x}"));
        digits.map(|pair| if upper { pair.to_uppercase() } else { pair }).collect()
    };
    let all = |form: fn(u8) -> String| KEY.bytes().map(form).collect::<String>();
    for form in [
        KEY.to_owned(),
        KEY.to_uppercase(),
        KEY.to_lowercase(),
        KEY.replace('/', r"\/"),
        KEY.replace('/', r"\u002F").replace('+', r"\u002b"),
        all(|byte| format!(r"\u{byte:04x}")),
        KEY.replace('/', "%2F").replace('+', "%2b"),
        KEY.replace('=', "%3D"),
        KEY.replace('/', r"\x2F").replace('=', r"\x3d"),
        KEY.replace('+', "&#43;").replace('/', "&#x2f;").replace('=', "&#061;"),
        all(|byte| format!("&#X{byte:02X};")),
        hex(false).bytes().map(|digit| format!("&#x{digit:x};")).collect(),
        all(|byte| format!("%{byte:02X}")),
        hex(false),
        hex(true),
    ] {
        let body = format!("a {form} b");
        let world = neighbour("example.com", move |_| ok(&body));
        assert_eq!(world.get("http://example.com/").unwrap(), "a [redacted] b", "{form}");
    }
}

#[test]
fn in_base64_wherever_it_begins() {
    for url_safe in [false, true] {
        for (before, shown) in [("", ""), ("x", "e"), ("xy", "eH"), ("user:", "dXNlcj")] {
            let encoded = base64(before, url_safe);
            for padding in ["", "=", "=="] {
                let body = format!("<{encoded}{padding}>");
                let world = neighbour("example.com", move |_| ok(&body));
                let text = world.get("http://example.com/").unwrap();
                assert_eq!(text, format!("<{shown}[redacted]{padding}>"), "{encoded}");
            }
            // PHP escapes slashes, forms encode what is no letter.
            let escaped = encoded.replace('/', r"\/").replace('+', "%2B");
            let world = neighbour("example.com", move |_| ok(&escaped));
            assert_eq!(world.get("http://example.com/").unwrap(), format!("{shown}[redacted]"));
        }
    }
}

#[test]
fn redirects_and_errors_hide_secrets_from_any_plugin() {
    let encoded = KEY.replace('/', "%2f");
    let location = format!("Location: /login?key={encoded}\r\n");
    let world = neighbour("example.com", move |_| answer("302 Found", &location, ""));
    assert_eq!(world.get_refused("http://example.com/"), "HTTP 302: /login?key=[redacted]");
    let world = neighbour("example.com", |_| answer("403 Forbidden", "", KEY));
    assert_eq!(world.get_refused("http://example.com/"), "HTTP 403: [redacted]");
    // What the operator reads loses it too.
    let _ = world.get(&format!("http://example.com/{}", KEY.replace('/', "%2f")));
    assert_eq!(world.record().summary, "GET http://example.com/[redacted]");
}

#[test]
fn after_a_reload_and_beside_the_plugin() {
    let world = after_sending("probe", |_| ok(TOKEN));
    let open = json!({ "network": ["*"] });
    world.load("probe", &open, &json!({}));
    assert_eq!(world.get(URL).unwrap(), "[redacted]");
    world.load("beside", &open, &json!({}));
    let answer = world.call("beside__http", &json!({ "url": URL })).unwrap();
    assert_eq!(answer["body"], "[redacted]");
}

#[test]
fn by_the_host_that_answers() {
    // Another host's answer is not changed: a server could find a secret out by letting it guess.
    let world = neighbour("other.example", |_| ok(KEY));
    assert_eq!(world.get("http://example.com/").unwrap(), KEY);
    assert_eq!(world.get("http://other.example/").unwrap(), "[redacted]");
    assert_eq!(world.get("http://example.com/").unwrap(), KEY);
    let world = neighbour("*.example", |_| ok(KEY));
    assert_eq!(world.get("http://api.other.example/").unwrap(), "[redacted]");
}

#[test]
fn a_text_made_to_take_long_is_cut() {
    let key = "a".repeat(4000) + "b";
    let world = World::new(Setup {
        permissions: json!({ "network": ["*"] }),
        server: Server::start(|_| ok("a".repeat(300_000))),
        secrets: BTreeMap::from([(
            "key",
            Secret { value: key, hosts: vec!["*.com".into()], allow_http: false },
        )]),
        ..Setup::default()
    });
    let text = world.get("http://example.com/").unwrap();
    assert!(text.ends_with("a[redacted]") && text.len() < 200_000, "{}", text.len());
}

#[test]
fn only_searchable_answers_of_hosts_with_secrets() {
    let forms = [
        ("200 OK", "Content-Encoding: gzip\r\n", "compressed by its `content-encoding`"),
        (
            "404 Not Found",
            "Content-Encoding: identity, BR\r\n",
            "compressed by its `content-encoding`",
        ),
        (
            "200 OK",
            "Content-Encoding:\r\nContent-Encoding: x-new\r\n",
            "compressed by its `content-encoding`",
        ),
        ("206 Partial Content", "Content-Range: bytes 0-9/20\r\n", "only a part of the whole"),
        ("200 OK", "Content-Range: Bytes 0-9/20\r\n", "only a part of the whole"),
        ("226 IM Used", "", "only a part of the whole"),
        (
            "200 OK",
            "Content-Type: multipart/x-byteranges; boundary=b\r\n",
            "only a part of the whole",
        ),
    ];
    let charsets = [
        "Content-Type: text/plain; Charset=\"UTF-16LE\"\r\n",
        "Content-Type: text/plain; x-charset=a; charset=utf-16\r\n",
        "Content-Type: text/plain; charset=utf-8; charset=utf-8\r\n",
        "Content-Type: text/plain; charset=cp500\r\n",
        "Content-Type: text/plain; charset=iso-8859-1,utf-16\r\n",
        "Content-Type: text/plain; charset*=utf-16''x\r\n",
        "Content-Type: text/plain; charset=\r\n",
    ]
    .map(|header| ("200 OK", header, "not in UTF-8 by its `content-type`"));
    for (status, headers, form) in forms.into_iter().chain(charsets) {
        let reply = move |_: &str| answer(status, headers, &KEY[..6]);
        let bound = neighbour("example.com", reply);
        let params = json!({ "url": "http://example.com/" });
        for tool in ["http", "fetch", "open"] {
            let text = bound.refused_by(tool, &params);
            let expected = format!(
                "response can't be searched for secrets: it is {form}; \
                 the server must send it uncompressed, whole and in UTF-8"
            );
            assert_eq!(text, expected, "{headers}");
        }
        let rule = bound.record().rule;
        assert_eq!(rule.as_deref(), Some("response can't be searched for secrets"));
        // A host without secrets may send any form.
        let free = neighbour("other.example", reply);
        assert_eq!(free.call("fetch", &params).unwrap()["body"], &KEY[..6], "{headers}");
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let world = neighbour("example.com", move |_| Reply::Bytes(chunked.into()));
    let text = world.refused_by("fetch", &json!({ "url": "http://example.com/" }));
    assert!(text.contains("compressed by its `transfer-encoding`"), "{text}");
}

#[test]
fn digests_only_of_hosts_without_secrets() {
    let digests = ["content-digest", "content-md5", "digest", "repr-digest", "unencoded-digest"]
        .map(|name| format!("{name}: x\r\n"));
    let headers = digests.concat() + "x-digest: y\r\n";
    let params = json!({ "url": "http://example.com/" });
    for (bound, kept) in [("example.com", 2), ("other.example", 7)] {
        let headers = headers.clone();
        let world = neighbour(bound, move |_| answer("200 OK", &headers, ""));
        let fetched = world.call("fetch", &params).unwrap();
        assert_eq!(fetched["headers"].as_array().unwrap().len(), kept, "{fetched}");
        let opened = world.call("open", &params).unwrap();
        assert_eq!(opened["headers"], fetched["headers"]);
    }
}

#[test]
fn plain_answers_of_hosts_with_secrets() {
    for headers in [
        "Content-Encoding: Identity\r\nContent-Type: text/html; charset=utf-8\r\n",
        "Content-Range: items 0-9/20\r\nContent-Type: multipart/mixed\r\n",
        "Content-Type: text/plain; charset=ISO-8859-15\r\n",
        "Content-Type: text/plain; charset = \"windows-1252\"; x=y\r\n",
    ] {
        let world = neighbour("example.com", move |_| answer("200 OK", headers, KEY));
        assert_eq!(world.get("http://example.com/").unwrap(), "[redacted]");
    }
    let plain = "HTTP/1.1 416 Range\r\nContent-Range: bytes */9\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let world = neighbour("example.com", move |_| Reply::Bytes(plain.into()));
    let answer = world.call("fetch", &json!({ "url": "http://example.com/" })).unwrap();
    assert_eq!((&answer["status"], &answer["body"]), (&json!(416), &json!("a")));
}
