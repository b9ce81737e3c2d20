//! Any bytes as a `SKILL.md`.

#![no_main]

#[path = "../../support/skills.rs"]
mod skills;

libfuzzer_sys::fuzz_target!(|data: &[u8]| skills::frontmatter(data));
