//! Lengths and counts of a text.

use crate::words::words;
use json_text::{Members, Value, characters};

/// Silent reading of prose by adults; the mean of the studies that Brysbaert (2019) reviews.
const WORDS_PER_MINUTE: usize = 238;

pub fn measure(text: &str) -> Value {
    let word_count = words(text).count();
    let (longest_at, longest) = longest_line(text);
    let mut result = Members::new();
    result.count("characters", characters(text));
    result.count("characters_without_spaces", text.chars().filter(|c| !c.is_whitespace()).count());
    result.count("bytes", text.len());
    result.count("words", word_count);
    result.count("lines", text.lines().count());
    result.count("paragraphs", paragraphs(text));
    result.count("sentences", sentences(text));
    result.count("longest_line", longest);
    result.count("longest_line_number", longest_at);
    result.count("reading_seconds", (word_count * 60).div_ceil(WORDS_PER_MINUTE));
    result.build()
}

/// The number of the longest line, from 1, and its characters; zeros for a text without lines.
fn longest_line(text: &str) -> (usize, usize) {
    let mut longest = (0, 0);
    for (number, line) in (1..).zip(text.lines()) {
        let characters = characters(line);
        if number == 1 || characters > longest.1 {
            longest = (number, characters);
        }
    }
    longest
}

/// Runs of lines that aren't blank.
fn paragraphs(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    for line in text.lines() {
        let blank = line.trim().is_empty();
        count += usize::from(!blank && !inside);
        inside = !blank;
    }
    count
}

/// Ends of sentences, by punctuation: `3.5` and `a.b` end nothing, `etc. and` does. A paragraph
/// that stops without punctuation counts its last words as a sentence.
fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut open = false;
    let mut stopped = false;
    let mut after_newline = false;
    for c in text.chars() {
        let blank_line = c == '\n' && after_newline;
        if open && (blank_line || (stopped && c.is_whitespace())) {
            count += 1;
            open = false;
        }
        match c {
            '。' | '！' | '？' => {
                count += usize::from(open);
                open = false;
            }
            '.' | '!' | '?' | '…' => stopped = true,
            // Closing marks after the full stop belong to the sentence.
            '"' | '\'' | '”' | '’' | '»' | ')' | ']' => {}
            _ => {
                stopped = false;
                open |= c.is_alphanumeric();
            }
        }
        if !c.is_whitespace() {
            after_newline = false;
        } else if c == '\n' {
            after_newline = true;
        }
    }
    count + usize::from(open)
}
