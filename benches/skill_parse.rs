//! What reading a skill's file costs, without reading it from a disk: time, and memory for holding
//! ten thousand of them.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::fs;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use support::Report;
use weft_lite::skill::{ParseMode, parse_skill};

/// As many as are to be found at start within 0.6 seconds.
const SKILLS: usize = 10_000;

/// Bytes of the instructions: the median of what people write is about this.
const BODY: usize = 5_000;

fn main() -> ExitCode {
    let mut report = Report::begin("what reading a skill costs, means over 10,000");
    let body = body();
    let spec = format!(
        "---\nname: bench\ndescription: Waters plants when their soil is dry. Use for ferns.\n\
         license: MIT\n---\n{body}"
    );
    let openclaw = format!(
        "---\nname: bench\ndescription: Waters plants when their soil is dry.\nversion: 1.10\n\
         metadata: {{\"openclaw\":{{\"requires\":{{\"bins\":[\"curl\",\"jq\"],\"env\":[\"KEY\"]}},\
         \"primaryEnv\":\"KEY\",\"install\":[{{\"id\":\"brew\",\"kind\":\"brew\",\
         \"formula\":\"jq\"}}]}}}}\n---\n{body}"
    );
    let unquoted = spec.replace("dry. Use for", "dry. Use for: thirsty");
    report.bounded("by the specification", micros(&spec), "us", 25.0);
    report.bounded("OpenClaw's, with requirements and a number", micros(&openclaw), "us", 50.0);
    report.bounded("with a value that has to be quoted", micros(&unquoted), "us", 40.0);

    let before = resident_kb();
    let held: Vec<_> = (0..SKILLS)
        .map(|_| {
            let mut parsed = parse_skill(openclaw.as_bytes(), "bench", ParseMode::Lenient);
            if let Some(document) = &mut parsed.document {
                document.instructions = String::new();
            }
            parsed
        })
        .collect();
    let kb = resident_kb().zip(before).map(|(now, before)| now.saturating_sub(before));
    black_box(held.len());
    if let Some(kb) = kb {
        let mb = kb as f64 / 1_000.0;
        report.bounded("10,000 held, their instructions left on the disk", mb, "MB", 25.0);
    }
    report.end()
}

fn micros(file: &str) -> f64 {
    let start = Instant::now();
    for _ in 0..SKILLS {
        black_box(parse_skill(black_box(file.as_bytes()), "bench", ParseMode::Lenient));
    }
    start.elapsed().as_secs_f64() * 1e6 / SKILLS as f64
}

fn body() -> String {
    let section = "\n## Watering\n\n1. Look at the soil: `probe --deep <pot>`\n2. If it is dry, \
                   water it [as shown](water.md)\n\n```sh\ncurl -s https://example.com | jq '.[0]'\n```\n";
    section.repeat(BODY / section.len())
}

/// What this process holds, where the system tells.
fn resident_kb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
