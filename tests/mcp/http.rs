//! MCP over HTTP, with raw sockets: the rules for headers, who may ask, streams, limits and the end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use weft_lite::errors::ActionableError;
use weft_lite::mcp::{BearerToken, HttpError, HttpOptions, McpListener, McpOptions, McpServer};
use weft_lite::{Approval, PluginHost, PluginPackage, Runtime, limits};

use crate::session::{ALL, LEGACY, MODERN, answering, guest, initialize, meta, package};
use crate::{schemas, shapes};

pub(crate) const TOKEN: &str = "0123456789abcdef-token";

/// A server on a free port of this machine, run by a thread of its own.
pub(crate) struct Http {
    pub(crate) address: SocketAddr,
    pub(crate) host: PluginHost,
    server: McpServer,
    thread: Option<JoinHandle<()>>,
}

impl Http {
    fn probe() -> Self {
        Self::new([package("probe", guest("probe"), &json!({}))], HttpOptions::default())
    }

    fn new(packages: impl IntoIterator<Item = PluginPackage>, options: HttpOptions) -> Self {
        let runtime = Runtime::builder().without_bundled().build();
        let packages = packages.into_iter().map(|it| (it, Approval::ALL));
        runtime.block_on(runtime.host().load(packages, []));
        Self::serving(runtime, options)
    }

    /// The same for a runtime in which everything is loaded.
    pub(crate) fn serving(runtime: Runtime, options: HttpOptions) -> Self {
        let host = runtime.host().clone();
        let server = McpServer::new(host.clone(), runtime.executor(), McpOptions::default());
        let listener = McpListener::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let address = listener.address();
        let serving = server.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(serving.serve_http(listener));
            runtime.block_on(runtime.stop());
        });
        Self { address, host, server, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // A test that would hang fails instead.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends one request on a connection of its own and reads the response.
    pub(crate) fn send(&self, request: &str) -> Response {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        Response::read(&mut BufReader::new(stream))
    }

    fn post(&self, headers: &[(&str, &str)], body: &str) -> Response {
        self.send(&self.request("POST", "/mcp", headers, body))
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send(&self.request("GET", path, headers, ""))
    }

    /// The text of a request; a header that is given goes before the one there would be.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let mut all = vec![
            ("Host", self.address.to_string()),
            ("Accept", "application/json, text/event-stream".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", body.len().to_string()),
        ];
        all.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let lines: String = all
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!("{method} {path} HTTP/1.1\r\n{lines}\r\n{body}")
    }

    /// Sends a modern request with the headers that belong to it.
    fn modern(&self, method: &str, params: &Value) -> Response {
        let (body, headers) = modern(method, params);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post(&headers, &body)
    }

    /// Opens a stream of events and gives what follows its head.
    fn open(&self, request: &str) -> (Response, BufReader<TcpStream>) {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        (Response::head(&mut reader), reader)
    }

    fn listen(&self, filter: &Value) -> (Response, BufReader<TcpStream>) {
        let (body, headers) = modern("subscriptions/listen", &json!({ "notifications": filter }));
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.open(&self.request("POST", "/mcp", &headers, &body))
    }

    fn load(&self, plugin: PluginPackage) {
        smol::block_on(self.host.load([(plugin, Approval::ALL)], []));
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.server.stop();
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// The body and headers of a modern request.
fn modern(method: &str, params: &Value) -> (String, Vec<(&'static str, String)>) {
    let mut params = params.clone();
    params["_meta"] = match params.get("_meta") {
        Some(more) => {
            let mut whole = meta();
            for (key, value) in more.as_object().unwrap() {
                whole[key] = value.clone();
            }
            whole
        }
        None => meta(),
    };
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut headers =
        vec![("MCP-Protocol-Version", MODERN.to_owned()), ("Mcp-Method", method.to_owned())];
    if let Some(name) = params["name"].as_str().or_else(|| params["uri"].as_str()) {
        headers.push(("Mcp-Name", name.to_owned()));
    }
    (body.to_string(), headers)
}

#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    fn head(reader: &mut impl BufRead) -> Self {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => return Self { status, headers, body: String::new() },
            }
        }
    }

    pub(crate) fn read(reader: &mut impl BufRead) -> Self {
        let mut response = Self::head(reader);
        if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = chunk(reader) {
                response.body.push_str(&chunk);
            }
        } else {
            let length = response.header("content-length").map_or(0, |it| it.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            response.body = String::from_utf8(body).unwrap();
        }
        response
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of the error, which is as its schema says.
    #[track_caller]
    fn code(&self) -> i64 {
        let message = self.json();
        shapes::check(&message, MODERN, None);
        schemas::check(&message, MODERN, None);
        message["error"]["code"].as_i64().unwrap()
    }
}

/// The next chunk of a body; `None` at its end.
fn chunk(reader: &mut impl BufRead) -> Option<String> {
    let mut size = String::new();
    reader.read_line(&mut size).ok().filter(|read| *read > 0)?;
    let size = usize::from_str_radix(size.trim(), 16).unwrap();
    let mut data = vec![0; size + 2];
    reader.read_exact(&mut data).unwrap();
    data.truncate(size);
    (size > 0).then(|| String::from_utf8(data).unwrap())
}

/// The messages of one chunk; comments are left out.
fn events(chunk: &str) -> Vec<Value> {
    let blocks = chunk.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks
        .map(|block| {
            let data = block.strip_prefix("event: message\ndata: ").unwrap();
            serde_json::from_str(data).unwrap()
        })
        .collect()
}

#[track_caller]
fn next_events(reader: &mut impl BufRead) -> Vec<Value> {
    loop {
        let chunk = chunk(reader).expect("the stream goes on");
        let events = events(&chunk);
        if !events.is_empty() {
            return events;
        }
    }
}

fn one_tool(id: &str) -> PluginPackage {
    package(id, answering(&json!([{ "name": "run" }]), "1"), &json!({}))
}

// Answers.

#[test]
fn both_eras_are_served_at_one_endpoint() {
    let http = Http::probe();
    for revision in LEGACY {
        let hello = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(revision),
        });
        let response = http.post(&[], &hello.to_string());
        assert_eq!(response.is(200).json()["result"]["protocolVersion"], revision);
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let response = http.post(&[("MCP-Protocol-Version", revision)], ready);
        assert_eq!(response.is(202).body, "");
        let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
        let response = http.post(&[("MCP-Protocol-Version", revision)], list);
        let message = response.is(200).json();
        shapes::check(&message, revision, Some("tools/list"));
        schemas::check(&message, revision, Some("tools/list"));
    }
    // Who names no revision is of the one before they were named.
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    assert_eq!(http.post(&[], list).is(200).json()["result"].get("resultType"), None);

    let arguments = json!({ "a": 1 });
    let call = json!({ "name": "probe__echo", "arguments": arguments });
    for (method, params) in
        [("server/discover", json!({})), ("tools/list", json!({})), ("tools/call", call)]
    {
        let response = http.modern(method, &params);
        assert_eq!(response.is(200).header("content-type"), Some("application/json"));
        let message = response.json();
        shapes::check(&message, MODERN, Some(method));
        schemas::check(&message, MODERN, Some(method));
    }
}

#[test]
fn a_legacy_client_gets_an_unused_session_id() {
    let http = Http::probe();
    let mut given = Vec::new();
    for revision in LEGACY {
        let hello = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(revision),
        });
        let response = http.post(&[], &hello.to_string());
        let name = response.is(200).header("mcp-session-id").unwrap().to_owned();
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
        assert!(!given.contains(&name), "{name} is given twice");
        given.push(name);
    }
    // Another instance has given this one, say, or one before a restart.
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    for session in [&given[0], "another"] {
        http.post(&[("Mcp-Session-Id", session)], list).is(200);
    }
    let end = http.request("DELETE", "/mcp", &[("Mcp-Session-Id", &given[0])], "");
    let response = http.send(&end);
    assert_eq!(response.is(405).header("allow"), Some("GET, POST"));
    let response = http.modern("server/discover", &json!({}));
    assert_eq!(response.is(200).header("mcp-session-id"), None, "the modern era has no sessions");
}

#[test]
fn one_connection_takes_many_requests() {
    let http = Http::probe();
    let mut stream = http.connect();
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..3 {
        stream.write_all(http.request("POST", "/mcp", &[], list).as_bytes()).unwrap();
        Response::read(&mut reader).is(200);
    }
}

#[test]
fn headers_contradicting_the_body_are_refused() {
    let http = Http::probe();
    let (body, right) = modern("tools/call", &json!({ "name": "probe__echo" }));
    let with = |changed: &str, value: &str| {
        let headers: Vec<(&str, &str)> = right
            .iter()
            .map(|(name, right)| (*name, if *name == changed { value } else { right.as_str() }))
            .collect();
        http.post(&headers, &body)
    };
    with("", "").is(200);
    for (header, wrong) in [
        ("MCP-Protocol-Version", ""),
        ("MCP-Protocol-Version", "2025-11-25"),
        ("MCP-Protocol-Version", "1900-01-01"),
        ("Mcp-Method", ""),
        ("Mcp-Method", "tools/list"),
        ("Mcp-Method", "Tools/Call"),
        ("Mcp-Name", ""),
        ("Mcp-Name", "probe__spin"),
        ("Mcp-Name", "=?base64?cHJvYmVfX3NwaW4=?="),
        ("Mcp-Name", "=?base64?!?="),
    ] {
        assert_eq!(with(header, wrong).is(400).code(), -32020, "{header}: {wrong}");
    }
    with("Mcp-Name", "=?base64?cHJvYmVfX2VjaG8=?=").is(200);
}

#[test]
fn header_arguments_of_a_schema_are_checked() {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "more": { "properties": { "count": { "type": "integer", "x-mcp-header": "Count" } } },
        },
    });
    let tools = json!([{ "name": "run", "input_schema": schema }]);
    let http =
        Http::new([package("test", answering(&tools, "1"), &json!({}))], HttpOptions::default());
    let call = |arguments: Value, more: &[(&str, &str)]| {
        let params = json!({ "name": "test__run", "arguments": arguments });
        let (body, headers) = modern("tools/call", &params);
        let mut headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(more);
        http.post(&headers, &body)
    };
    let both = json!({ "region": "w\u{e9}st", "more": { "count": 42 } });
    let region = ("Mcp-Param-Region", "=?base64?d8Opc3Q=?=");
    call(both.clone(), &[region, ("Mcp-Param-Count", "42.0")]).is(200);
    call(json!({}), &[]).is(200);
    call(json!({ "region": null }), &[]).is(200);
    for (arguments, headers) in [
        (both.clone(), &[region][..]),
        (both.clone(), &[region, ("Mcp-Param-Count", "41")]),
        (both, &[("Mcp-Param-Region", "west"), ("Mcp-Param-Count", "42")]),
        (json!({}), &[region]),
    ] {
        assert_eq!(call(arguments, headers).is(400).code(), -32020);
    }
}

/// A guest's result is no error of this server, whatever is written in it.
#[test]
fn a_result_never_sets_the_http_status() {
    let http = Http::probe();
    for code in [-32601, -32021] {
        let arguments = json!({ "error": { "code": code, "message": "x" } });
        let call = json!({ "name": "probe__echo", "arguments": arguments });
        let answer = http.modern("tools/call", &call).is(200).json();
        assert_eq!(answer["result"]["structuredContent"], arguments, "{answer}");
    }
    let named = json!({ "jsonrpc": "2.0", "id": "\"error\":{\"code\":-32601,", "method": "no/such",
        "params": { "_meta": meta() } });
    let headers = [("MCP-Protocol-Version", MODERN), ("Mcp-Method", "no/such")];
    http.post(&headers, &named.to_string()).is(404);
}

#[test]
fn an_invalid_modern_request_sets_the_http_status() {
    let http = Http::probe();
    let version = [("MCP-Protocol-Version", MODERN), ("Mcp-Method", "tools/list")];
    let without_meta = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
    assert_eq!(http.post(&version, without_meta).is(400).code(), -32602);
    let unknown = [("MCP-Protocol-Version", "1900-01-01")];
    let answer = http.post(&unknown, without_meta);
    assert_eq!(answer.is(400).code(), -32022);
    assert_eq!(answer.json()["error"]["data"]["supported"], json!(ALL));
    assert_eq!(http.modern("no/such", &json!({})).is(404).code(), -32601);
    assert_eq!(http.modern("ping", &json!({})).is(404).code(), -32601);
    // The method is there, and its tool is not.
    assert_eq!(http.modern("tools/call", &json!({ "name": "nothing" })).is(200).code(), -32602);
    // The tool is there, and needs what the client has not declared.
    let asker = Http::new([package("asker", guest("asker"), &json!({}))], HttpOptions::default());
    let asks = json!({ "requests": { "where": { "method": "roots/list" } } });
    let arguments = json!({ "result": { "weft:input": asks } });
    let params = json!({ "name": "asker__ask", "arguments": arguments });
    let answer = asker.modern("tools/call", &params);
    assert_eq!(answer.is(400).code(), -32021);
    assert_eq!(answer.json()["error"]["data"]["requiredCapabilities"], json!({ "roots": {} }));
    assert_eq!(http.post(&[], "{").is(400).code(), -32700);
    assert_eq!(http.post(&[], "[]").is(400).code(), -32600);
    assert_eq!(http.post(&[], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).is(202).body, "");
}

#[test]
fn other_methods_paths_and_types_are_refused() {
    let http = Http::probe();
    for (method, allowed) in
        [("DELETE", "GET, POST"), ("PUT", "GET, POST"), ("OPTIONS", "GET, POST")]
    {
        let response = http.send(&http.request(method, "/mcp", &[], ""));
        assert_eq!(response.is(405).header("allow"), Some(allowed), "{method}");
    }
    http.get("/mcp", &[("MCP-Protocol-Version", MODERN)]).is(405);
    http.get("/mcp", &[("MCP-Protocol-Version", "1900-01-01")]).is(405);
    http.get("/mcp", &[("Accept", "application/json")]).is(405);
    http.get("/", &[]).is(404);
    http.post(&[("Content-Type", "text/plain")], "{}").is(415);
    http.post(&[("Content-Type", "")], "{}").is(415);
    http.post(&[("Accept", "text/html")], "{}").is(406);
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    http.post(&[("Accept", "*/*"), ("Content-Type", "Application/JSON; charset=utf-8")], ping)
        .is(200);
}

#[test]
fn a_client_gets_an_accepted_content_type() {
    let http = Http::probe();
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(LEGACY[0]),
    });
    let progress = json!({ "progressToken": 1 });
    let call = json!({ "name": "probe__echo", "arguments": { "a": 1 }, "_meta": progress });
    let (body, headers) = modern("tools/call", &call);
    let legacy = vec![("MCP-Protocol-Version", LEGACY[0].to_owned())];
    let null = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}"#;
    for (body, headers) in [(hello.to_string(), vec![]), (body, headers), (null.to_owned(), legacy)]
    {
        let mut headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("Accept", "application/json"));
        let response = http.post(&headers, &body);
        assert_eq!(response.is(200).header("content-type"), Some("application/json"));
        assert!(response.json()["result"].is_object(), "{response:?}");
        headers.pop();
        headers.push(("Accept", "text/event-stream"));
        let response = http.post(&headers, &body);
        assert_eq!(response.is(200).header("content-type"), Some("text/event-stream"));
        assert!(events(&response.body).pop().unwrap()["result"].is_object(), "{response:?}");
    }
    // What only a stream can answer.
    let (body, headers) = modern("subscriptions/listen", &json!({ "notifications": {} }));
    let mut headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.push(("Accept", "application/json"));
    assert_eq!(http.post(&headers, &body).is(406).code(), -32600);
}

// Who may ask.

#[test]
fn only_our_own_hosts_and_pages_are_served() {
    let options =
        HttpOptions { allowed_hosts: vec!["tools.example.com".into()], ..HttpOptions::default() };
    let http = Http::new([], options);
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    for host in [
        "localhost",
        "LOCALHOST:1",
        "LOCALHOST.",
        "localhost.:80",
        "127.0.0.1:99",
        "[::1]:1",
        "10.1.2.3",
        "Tools.Example.com.",
    ] {
        http.post(&[("Host", host)], ping).is(200);
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "a b", ":1"]
    {
        http.post(&[("Host", host)], ping).is(403);
        http.get("/healthz", &[("Host", host)]).is(403);
    }
    for origin in ["http://localhost:6274", "https://tools.example.com", "http://[::1]:3000"] {
        http.post(&[("Origin", origin)], ping).is(200);
    }
    for origin in
        ["https://evil.example", "null", "http://localhost.evil.example", "http://10.1.2.3"]
    {
        let response = http.post(&[("Origin", origin)], ping);
        assert_eq!(response.is(403).code(), -32600, "{origin}");
        http.get("/mcp", &[("Origin", origin)]).is(403);
    }
}

#[test]
fn a_page_of_an_allowed_origin_may_ask() {
    let token = Some(BearerToken::new(TOKEN).unwrap());
    let http = Http::new([], HttpOptions { token, ..HttpOptions::default() });
    let origin = ("Origin", "http://localhost:6274");
    let method = ("Access-Control-Request-Method", "POST");
    let wanted = ("Access-Control-Request-Headers", "authorization,mcp-param-region");
    // A browser shows no token before it knows that it may.
    let response = http.send(&http.request("OPTIONS", "/mcp", &[origin, method, wanted], ""));
    response.is(204);
    assert_eq!(response.header("access-control-allow-origin"), Some(origin.1));
    assert_eq!(response.header("access-control-allow-headers"), Some(wanted.1));
    assert_eq!(response.header("vary"), Some("Origin"));
    assert!(response.header("access-control-allow-methods").unwrap().contains("POST"));
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    let shown = format!("Bearer {TOKEN}");
    let response = http.post(&[origin, ("Authorization", &shown)], ping);
    assert_eq!(response.is(200).header("access-control-allow-origin"), Some(origin.1));
    let refused = http.post(&[origin], ping);
    assert_eq!(refused.is(401).header("access-control-allow-origin"), Some(origin.1));
    let stranger = ("Origin", "https://evil.example");
    let response = http.send(&http.request("OPTIONS", "/mcp", &[stranger, method], ""));
    assert_eq!(response.is(403).header("access-control-allow-origin"), None);
}

#[test]
fn a_token_is_needed_where_there_is_one() {
    let token = Some(BearerToken::new(&format!("  {TOKEN}\n")).unwrap());
    let http = Http::new([], HttpOptions { token, ..HttpOptions::default() });
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    for wrong in ["", "Bearer", "Bearer ", "Bearer wrong", &format!("Basic {TOKEN}"), TOKEN] {
        let response = http.post(&[("Authorization", wrong)], ping);
        assert_eq!(response.is(401).header("www-authenticate"), Some("Bearer"), "{wrong}");
        http.get("/metrics", &[("Authorization", wrong)]).is(401);
    }
    let right = format!("bearer {TOKEN}");
    http.post(&[("Authorization", &right)], ping).is(200);
    http.get("/metrics", &[("Authorization", &right)]).is(200);
    http.get("/healthz", &[]).is(200);
    http.get("/.well-known/oauth-protected-resource", &[]).is(404);
}

#[test]
fn clients_are_told_who_gives_out_tokens() {
    let http = Http::new(
        [],
        HttpOptions {
            token: Some(BearerToken::new(TOKEN).unwrap()),
            authorization_server: Some("https://auth.example.com".into()),
            allowed_hosts: vec!["tools.example.com".into()],
            ..HttpOptions::default()
        },
    );
    let host = [("Host", "tools.example.com")];
    let response = http.post(&host, "{}");
    assert_eq!(
        response.is(401).header("www-authenticate"),
        Some(
            "Bearer resource_metadata=\"https://tools.example.com/.well-known/oauth-protected-resource/mcp\""
        )
    );
    let told = http.get("/.well-known/oauth-protected-resource/mcp", &host).is(200).json();
    assert_eq!(told["resource"], "https://tools.example.com/mcp");
    assert_eq!(told["authorization_servers"], json!(["https://auth.example.com"]));
}

#[test]
fn other_machines_are_served_only_with_a_token() {
    let open = "0.0.0.0:0".parse().unwrap();
    let error = McpListener::bind(open, HttpOptions::default()).unwrap_err();
    assert!(matches!(error, HttpError::TokenNeeded { .. }));
    assert!(error.next_step().contains("give it a token"));
    let kept = TcpListener::bind(open).unwrap();
    let address = kept.local_addr().unwrap();
    let error = McpListener::adopt(kept.into(), address, HttpOptions::default()).unwrap_err();
    assert!(matches!(error, HttpError::TokenNeeded { .. }));
    let token = Some(BearerToken::new(TOKEN).unwrap());
    McpListener::bind(open, HttpOptions { token, ..HttpOptions::default() }).unwrap();
    for weak in ["", "short", "with spaces in the middle", "not-ascii-\u{e9}-not-ascii"] {
        assert!(matches!(BearerToken::new(weak), Err(HttpError::Token)), "{weak}");
    }
}

// Streams.

#[test]
fn a_subscription_is_a_stream_with_a_result() {
    let http = Http::new([], HttpOptions::default());
    let (head, mut stream) = http.listen(&json!({ "toolsListChanged": true }));
    assert_eq!(head.is(200).header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("x-accel-buffering"), Some("no"));
    let first = next_events(&mut stream).remove(0);
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    for name in ["a", "b"] {
        http.load(one_tool(name));
        let told = next_events(&mut stream).remove(0);
        assert_eq!(told["method"], "notifications/tools/list_changed");
        schemas::check(&told, MODERN, None);
    }
    http.server.stop();
    let last = next_events(&mut stream).remove(0);
    shapes::check(&last, MODERN, Some("subscriptions/listen"));
    schemas::check(&last, MODERN, Some("subscriptions/listen"));
    assert_eq!(chunk(&mut stream), None, "it is the end of the stream");
}

#[test]
fn a_legacy_get_receives_changes() {
    let http = Http::new([], HttpOptions::default());
    for headers in [&[][..], &[("MCP-Protocol-Version", LEGACY[0])]] {
        let (head, mut stream) = http.open(&http.request("GET", "/mcp", headers, ""));
        assert_eq!(head.is(200).header("content-type"), Some("text/event-stream"));
        // The head comes before anything is told; a second client sees that it is heard.
        http.load(one_tool(if headers.is_empty() { "a" } else { "b" }));
        let told = next_events(&mut stream).remove(0);
        assert_eq!(told, json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
    }
}

#[test]
fn an_idle_stream_carries_keep_alives() {
    let keep_alive = Duration::from_millis(20);
    let http = Http::new([], HttpOptions { keep_alive, ..HttpOptions::default() });
    let (_, mut stream) = http.listen(&json!({}));
    assert_eq!(events(&chunk(&mut stream).unwrap()).len(), 1);
    for _ in 0..3 {
        assert_eq!(chunk(&mut stream).as_deref(), Some(":\n\n"));
    }
}

#[test]
fn progress_comes_before_the_answer_on_one_stream() {
    let more = json!({ "resources": { "max_fuel": 2_000_000_000_u64 } });
    let http = Http::new([package("probe", guest("probe"), &more)], HttpOptions::default());
    let params = json!({ "name": "probe__spin", "_meta": { "progressToken": 7 } });
    let response = http.modern("tools/call", &params);
    assert_eq!(response.is(200).header("content-type"), Some("text/event-stream"));
    let mut messages = events(&response.body);
    let answer = messages.pop().unwrap();
    assert_eq!(answer["result"]["isError"], true);
    assert!(!messages.is_empty());
    for message in &messages {
        schemas::check(message, MODERN, None);
        assert_eq!(message["params"]["progressToken"], 7);
    }
}

#[test]
fn the_end_of_the_connection_stops_the_guest() {
    let more = json!({ "resources": { "max_fuel": 10_000_000_000_u64 } });
    let http = Http::new([package("probe", guest("probe"), &more)], HttpOptions::default());
    // One more request behind it keeps nobody from noticing.
    let told = || json!({ "progressToken": 1 });
    for (meta, requests) in [(json!({}), 1), (told(), 1), (json!({}), 2), (told(), 2)] {
        let (body, all) = modern("tools/call", &json!({ "name": "probe__spin", "_meta": meta }));
        let all: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut stream = http.connect();
        let request = http.request("POST", "/mcp", &all, &body).repeat(requests);
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
        // The plugin runs one call at a time: this one would wait for the other.
        http.modern("tools/call", &json!({ "name": "probe__echo" })).is(200);
    }
}

#[test]
fn a_leaving_client_in_the_queue_is_released() {
    let more =
        json!({ "resources": { "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 } });
    let keep_alive = Duration::from_secs(3_600);
    let options = HttpOptions { keep_alive, ..HttpOptions::default() };
    let http = Http::new([package("probe", guest("probe"), &more)], options);
    let request = |meta: Value| {
        let (body, all) = modern("tools/call", &json!({ "name": "probe__spin", "_meta": meta }));
        let all: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        http.request("POST", "/mcp", &all, &body)
    };
    let mut first = http.connect();
    first.write_all(request(json!({})).as_bytes()).unwrap();
    // With an answer and with a stream, with and without more behind it.
    for (meta, requests) in
        [(json!({}), 1), (json!({ "progressToken": 1 }), 1), (json!({ "progressToken": 1 }), 2)]
    {
        let mut stream = http.connect();
        stream.write_all(request(meta).repeat(requests).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!String::from_utf8(rest).unwrap().contains("\"result\""));
    }
}

// Limits.

#[test]
fn an_oversized_body_is_refused_with_any_framing() {
    let http = Http::new([], HttpOptions { body_bytes: 1_000, ..HttpOptions::default() });
    let fits = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping"}}{}"#, " ".repeat(900));
    http.post(&[], &fits).is(200);
    let refused = http.post(&[], &" ".repeat(1_001));
    assert!(refused.is(413).body.contains("the body is over 1000 bytes"), "{refused:?}");
    let chunked = format!("3E9\r\n{}\r\n0\r\n\r\n", " ".repeat(1_001));
    http.post(&[("Content-Length", ""), ("Transfer-Encoding", "chunked")], &chunked).is(413);
}

#[test]
fn the_largest_arguments_fit_into_a_body() {
    let http = Http::probe();
    let text = "x".repeat(limits::PARAMS_BYTES - r#"{"a":""}"#.len());
    let call = json!({ "name": "probe__echo", "arguments": { "a": text } });
    let (mut body, headers) = modern("tools/call", &call);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    body.push_str(&" ".repeat(limits::MESSAGE_BYTES - body.len()));
    let answer = http.post(&headers, &body);
    assert!(answer.is(200).json()["result"]["structuredContent"]["a"] == text);
}

#[test]
fn a_connection_too_many_is_closed() {
    let http = Http::new([], HttpOptions { connections: 2, ..HttpOptions::default() });
    let (_, one) = http.listen(&json!({}));
    let (_, two) = http.listen(&json!({}));
    let mut third = http.connect();
    // It may be closed before or after this is written.
    let _ = third.write_all(http.request("GET", "/healthz", &[], "").as_bytes());
    let mut rest = Vec::new();
    let read = third.read_to_end(&mut rest);
    assert!(rest.is_empty() && read.is_ok_and(|read| read == 0) || rest.is_empty());
    drop((one, two));
    // Their places are free again as soon as their ends are seen.
    loop {
        let mut again = http.connect();
        let _ = again.write_all(http.request("GET", "/healthz", &[], "").as_bytes());
        let mut byte = [0];
        if again.read(&mut byte).is_ok_and(|read| read == 1) {
            break;
        }
    }
}

#[test]
fn a_slow_sender_is_disconnected() {
    let write_timeout = Duration::from_millis(50);
    let http = Http::new([], HttpOptions { write_timeout, ..HttpOptions::default() });
    // One that says nothing, one that stops within the head, and one within the body.
    for start in ["", "POST /mcp HTTP/1.1\r\nHost: loc"] {
        let mut stream = http.connect();
        stream.write_all(start.as_bytes()).unwrap();
        let mut rest = String::new();
        let _ = stream.read_to_string(&mut rest);
        assert!(!rest.contains("200 OK"), "{rest}");
    }
    let mut stream = http.connect();
    let whole = http.request("POST", "/mcp", &[("Content-Length", "100")], "{\"jsonrpc\"");
    stream.write_all(whole.as_bytes()).unwrap();
    let response = Response::read(&mut BufReader::new(stream));
    response.is(408);
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let tools = json!([{ "name": "run" }]);
    let large = "x".repeat(60_000);
    let write_timeout = Duration::from_millis(200);
    let http = Http::new(
        [package("test", answering(&tools, &large), &json!({}))],
        HttpOptions { write_timeout, connections: 1, ..HttpOptions::default() },
    );
    let (body, headers) = modern("tools/call", &json!({ "name": "test__run" }));
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = http.request("POST", "/mcp", &headers, &body);
    let mut lazy = http.connect();
    // It asks again and again without reading, until nothing more is taken from it.
    lazy.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    while lazy.write_all(request.as_bytes()).is_ok() {}
    // There is one place: it is free again because that client has lost it.
    loop {
        let mut next = http.connect();
        let _ = next.write_all(http.request("GET", "/healthz", &[], "").as_bytes());
        let mut byte = [0];
        if next.read(&mut byte).is_ok_and(|read| read == 1) {
            break;
        }
    }
}

// What is told beside MCP.

#[test]
fn health_and_metrics_are_told() {
    let http = Http::probe();
    assert_eq!(http.get("/healthz", &[]).is(200).body, "ok\n");
    http.modern("tools/call", &json!({ "name": "probe__echo" })).is(200);
    http.modern("tools/call", &json!({ "name": "probe__fail", "arguments": { "message": "x" } }))
        .is(200);
    let metrics = http.get("/metrics", &[]);
    assert!(
        metrics.is(200).header("content-type").unwrap().starts_with("text/plain; version=0.0.4")
    );
    let value = |name: &str| -> f64 {
        let line = metrics.body.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("{name}")).split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert_eq!(value("weft_calls_total"), 2.0);
    assert_eq!(value("weft_call_errors_total"), 1.0);
    assert!(value("weft_call_fuel_total") > 0.0);
    assert!(value("weft_guest_memory_bytes") > 0.0);
    assert_eq!(value("weft_plugins"), 1.0);
    http.load(one_tool("more"));
    let after = http.get("/metrics", &[]).body;
    assert!(
        after.contains("\nweft_plugins 2\n") && after.contains("\nweft_reloads_total 2\n"),
        "{after}"
    );
}

// The program.

#[cfg(feature = "cli")]
mod program {
    use super::*;
    use crate::support::Dir;

    #[test]
    fn the_program_serves_an_address_until_a_signal() {
        let dir = Dir::with_probe();
        let token = dir.write("token", TOKEN);
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&token, rights).unwrap();
        let token = token.to_str().unwrap();
        let mut running = dir.start(&["run", "--mcp", "127.0.0.1:0", "--token-file", token]);
        let mut said = BufReader::new(running.child.stderr.take().unwrap());
        let mut line = String::new();
        // Others can read the file.
        said.read_line(&mut line).unwrap();
        said.read_line(&mut line).unwrap();
        let step = format!("  try: run `chmod 600 {token}`\n");
        assert_eq!(line, format!("warning: other users can read {token}\n{step}"));
        line.clear();
        said.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("serving MCP at http://").unwrap();
        let address = address.strip_suffix("/mcp").unwrap().to_owned();
        let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
        for (authorization, status) in [("no", "401"), (TOKEN, "200")] {
            let mut stream = TcpStream::connect(&address).unwrap();
            let request = format!(
                "POST /mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {authorization}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{ping}",
                ping.len()
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
        // While it still loads, a signal would have cancelled that.
        while !line.starts_with("1 plugin, ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it does not say what is loaded");
        }
        // One that is refused for its host is a matter of the configuration.
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /mcp HTTP/1.1\r\nHost: tools.example.com\r\n\r\n").unwrap();
        while !line.contains("host: tools.example.com") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it does not say what was refused");
        }
        assert!(line.contains("`mcp.allowed_hosts`"), "{line}");
        // A page without an origin has no name that could be added.
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!("GET /mcp HTTP/1.1\r\nHost: {address}\r\nOrigin: null\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        while !line.contains("origin: null") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it does not say what was refused");
        }
        assert!(line.contains("a host of its own") && !line.contains("allowed_hosts"), "{line}");
        running.signal("TERM");
        assert_eq!(running.end(), (Some(0), String::new()));
    }

    #[test]
    fn a_public_address_needs_a_token() {
        let dir = Dir::new();
        dir.run(&["run", "--mcp", "0.0.0.0:0"])
            .exits(1)
            .says("other machines can reach 0.0.0.0:0, and there is no token")
            .says("--token-file");
        let weak = dir.write("weak", "short");
        dir.run(&["run", "--mcp", "127.0.0.1:0", "--token-file", weak.to_str().unwrap()])
            .exits(1)
            .says("the token is not 16 visible characters");
        dir.run(&["run", "--mcp", "127.0.0.1:0", "--token-file", "missing"]).exits(1);
    }
}
