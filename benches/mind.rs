//! What the bundled mind adds to a round trip with a model server on loopback, beside the same request made
//! directly. The store is in memory, and there is no memory to ask.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "shared with the tests of the mind")]

#[path = "../tests/talk/recorder.rs"]
mod recorder;
#[allow(dead_code, reason = "shared with the tests of the mind")]
#[path = "../tests/support/server.rs"]
mod server;
mod support;
#[allow(dead_code, reason = "shared with the tests of the mind")]
#[path = "../tests/mind/world.rs"]
mod world;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::Reply;
use smol::Timer;
use support::Report;
use world::{World, stream};

const TIMES: usize = 41;
const TEXT_BYTES: usize = 2_048;
/// For an answer in one piece, by the issue that asks for the mind, as is the next.
const ADDED_MS: f64 = 3.0;
const TOKEN_MS: f64 = 5.0;

fn main() -> ExitCode {
    let mut report = Report::begin("the mind, a round trip for an answer of 2 KB, median");
    for events in [1, 64, 512] {
        round_trips(&mut report, events);
    }
    token(&mut report);
    report.end()
}

/// An event as llama.cpp's server sends it, with everything that nobody asks for.
fn event(delta: &Value, finish: Option<&str>) -> Value {
    json!({
        "choices": [{ "finish_reason": finish, "index": 0, "delta": delta }],
        "created": 1_764_331_200,
        "id": "chatcmpl-Qd3Wl0XKz8kR9yB2uVf7Tn5sHa1MgPe4",
        "model": "SmolLM2-135M-Instruct",
        "system_fingerprint": "b7123-4e9f2c1a8",
        "object": "chat.completion.chunk",
    })
}

fn round_trips(report: &mut Report, events: usize) {
    let word = "a word, ".chars().cycle().take(TEXT_BYTES / events).collect::<String>();
    let mut all: Vec<Value> =
        (0..events).map(|_| event(&json!({ "content": word }), None)).collect();
    all.push(event(&json!({}), Some("stop")));
    let world = World::new((0..2 * TIMES + 2).map(|_| stream(&all)));
    let mut first = None;
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for number in 0..=TIMES {
        let chat = format!("chat{number}");
        through.push(timed(|| {
            let answer = world.ask_in(&chat, "Say words.");
            assert_eq!(answer.len(), TEXT_BYTES / events * events, "{answer}");
        }));
        let request = first.get_or_insert_with(|| world.server.requests().remove(0));
        direct.push(timed(|| ask(&world, request)));
    }
    let (direct, through) = (median(direct), median(through));
    report.figure(&format!("{events} events, directly"), direct, "ms");
    let what = format!("{events} events, what the mind adds");
    match events {
        1 => report.bounded(&what, through - direct, "ms", ADDED_MS),
        // Each event has 240 bytes beside its words, which are read as well.
        _ => report.figure(&what, through - direct, "ms"),
    }
}

/// Sends a request and reads the whole answer.
fn ask(world: &World, request: &str) {
    let mut connection = TcpStream::connect(world.server.address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    assert!(answer.len() > TEXT_BYTES, "{answer:?}");
}

/// How long a token takes from the server to the channel, one at a time.
fn token(report: &mut Report) {
    let (steps, received) = async_channel::unbounded();
    let world = World::new([Reply::Steps(received)]);
    let text = format!("data: {}\n\n", event(&json!({ "content": "word " }), None));
    let text: &'static str = text.leak();
    let mut times = Vec::new();
    world.runtime.block_on(async {
        world.say("chat", "Say words.").await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        steps.send(head).await.unwrap();
        for number in 1..=TIMES {
            let begin = Instant::now();
            steps.send(text).await.unwrap();
            while said(&world) < number {
                Timer::after(Duration::from_micros(50)).await;
            }
            times.push(milliseconds(begin));
        }
    });
    report.bounded("a token, from the server to the channel", median(times), "ms", TOKEN_MS);
}

/// How many tokens have reached the channel.
fn said(world: &World) -> usize {
    world.channel.parts.lock().unwrap().iter().map(|part| part.matches("word").count()).sum()
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    milliseconds(begin)
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
