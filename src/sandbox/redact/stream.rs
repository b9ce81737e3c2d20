//! Replaces secrets in a body that comes bit by bit, also those that lie across two parts of it.
//!
//! What is held back depends on the lines of the body and on the length of the longest secret alone. If it depended
//! on whether bytes can be the beginning of a secret, a guest whose own text is in the body could find a secret out,
//! one character after the other.

use std::sync::Arc;

use super::redactor::{RedactedBytes, Redactor};

/// The redactor of one body. It holds back at most the last line, and no more of it than the longest form of a
/// secret. Not `Debug`.
pub(in crate::sandbox) struct StreamRedactor {
    redactor: Arc<Redactor>,
    /// The end of the body so far.
    bytes: Vec<u8>,
    /// The bytes of it that are passed on or replaced.
    passed: usize,
    /// The bytes of it before the last line.
    line: usize,
    /// The comparisons that may be made.
    steps: usize,
}

/// A part of a body without secrets.
pub(in crate::sandbox) struct RedactedPart {
    pub(in crate::sandbox) bytes: Vec<u8>,
    /// Whether the body ends here, because it was made to take long.
    pub(in crate::sandbox) is_cut: bool,
}

impl StreamRedactor {
    pub(in crate::sandbox) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, bytes: Vec::new(), passed: 0, line: 0, steps: 0 }
    }

    /// Adds a part of the body. Returns what can be passed on, which may be nothing.
    pub(in crate::sandbox) fn add(&mut self, part: &[u8]) -> RedactedPart {
        if let Some(at) = part.iter().rposition(|&byte| is_outside(byte)) {
            self.line = self.bytes.len() + at + 1;
        }
        self.bytes.extend_from_slice(part);
        let (longest, length) = (self.redactor.longest_bytes(), self.bytes.len());
        // What is left over from quiet parts is no reserve for one that was made to take long.
        self.steps = self
            .redactor
            .steps(longest + part.len())
            .min(self.steps + self.redactor.steps(part.len()));
        // A value that begins before `searched` is whole. It may share the character before it, which is held.
        let end = length.saturating_sub(longest).max(self.line);
        let searched = (length + 1).saturating_sub(longest).max(self.line);
        self.pass(searched, end)
    }

    /// Ends the body. Returns what was held back.
    pub(in crate::sandbox) fn finish(&mut self) -> Vec<u8> {
        let end = self.bytes.len();
        self.steps = self.redactor.steps(end);
        self.pass(end, end).bytes
    }

    /// Replaces the values that begin before `searched`, and passes on what is before `end`.
    fn pass(&mut self, searched: usize, end: usize) -> RedactedPart {
        let rest = &self.bytes[self.passed..];
        let (searched, end) =
            (searched.saturating_sub(self.passed), end.saturating_sub(self.passed));
        let RedactedBytes { redacted, rest, is_cut } =
            self.redactor.redact_bytes(rest, searched, end, &mut self.steps);
        let (bytes, held) = (redacted.into_owned(), rest.len());
        self.passed = self.bytes.len() - held;
        // Moving the rest only now and then keeps many small parts cheap.
        if self.passed > held {
            self.bytes.drain(..self.passed);
            self.line = self.line.saturating_sub(self.passed);
            self.passed = 0;
        }
        RedactedPart { bytes, is_cut }
    }
}

/// Whether no form of a secret has this byte: secrets are header values, so they are one line of ASCII.
fn is_outside(byte: u8) -> bool {
    !matches!(byte, b'\t' | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::redact::PluginSecrets;

    const KEY: &str = "Ab/9+z==_q-Key";

    fn redactor(values: &[&str]) -> Arc<Redactor> {
        let values: Vec<_> = values.iter().map(|&value| value.to_owned()).collect();
        PluginSecrets::default().for_answer(&values)
    }

    /// The whole of a body that comes in parts of so many bytes.
    fn redacted(redactor: &Arc<Redactor>, body: &str, part_bytes: usize) -> String {
        let mut stream = StreamRedactor::new(Arc::clone(redactor));
        let mut whole: Vec<u8> =
            body.as_bytes().chunks(part_bytes).flat_map(|part| stream.add(part).bytes).collect();
        whole.extend(stream.finish());
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        let redactor = redactor(&[KEY, "Ab/9", "100%", r"back\slash", r#"<q&a>"it's""#]);
        let all = |form: fn(u8) -> String| KEY.bytes().map(form).collect::<String>();
        let bodies = [
            format!("a {KEY} b Ab/9 c {}", &KEY[..9]),
            format!("{KEY}{KEY}Ab/9{}", KEY.to_uppercase()),
            all(|byte| format!(r"\u{byte:04x}")),
            all(|byte| format!("<%{byte:02X}>")) + &all(|byte| format!("%{byte:02X}")),
            all(|byte| format!("{byte:02x}")) + "0",
            all(|byte| format!("{byte:02x}").bytes().map(|it| format!(r"\u{it:04x}")).collect()),
            "QWIvOSt6PT1fcS1LZXk= xBYi85K3o9PV9xLUtleQ== xyQWIvOSt6PT1fcS1LZXkz".into(),
            "eEFiLzkrej09X3EtS2V5 eHlBYi85K3o9PV9xLUtleQ== dXNlcjpBYi85K3o9PV9xLUtleQ".into(),
            r"100% 100%25 %3100% back\slash back\\slash back%5cslash back\u005Cslash \ \u %".into(),
            r#"<q&a>"it's" &lt;q&amp;a&gt;&quot;it&apos;s&quot; <q&#38;a>\"it\'s\x22 &lt;q& &#"#
                .into(),
        ];
        for body in &bodies {
            let whole = redactor.redact(body);
            assert_ne!(whole, *body);
            for part_bytes in [1, 2, 3, 5, 7, 16, body.len()] {
                assert_eq!(redacted(&redactor, body, part_bytes), whole, "{body} by {part_bytes}");
            }
        }
        let whole = redactor.redact(&bodies[bodies.len() - 1]);
        assert_eq!(whole, "[redacted] [redacted] [redacted] &lt;q& &#");
    }

    #[test]
    fn only_the_last_line_is_held() {
        let mut stream = StreamRedactor::new(redactor(&[KEY]));
        let mut add = |part: &str| String::from_utf8(stream.add(part.as_bytes()).bytes).unwrap();
        assert_eq!(add("data: one\n\n"), "data: one\n\n");
        assert_eq!(add("data: Ab\n\nda"), "data: Ab\n\n");
        assert_eq!(add("ta: Ab/9+z==_q-K"), "");
        assert_eq!(add("ey\n"), "data: [redacted]\n");
        assert_eq!(add("é word5"), "é");
        assert_eq!(String::from_utf8(stream.finish()).unwrap(), " word5");
        let mut without = StreamRedactor::new(Arc::default());
        assert_eq!(without.add(b"data").bytes, b"data");
    }

    #[test]
    fn what_is_held_depends_on_no_value() {
        let body = KEY[..13].repeat(20);
        let passed = [KEY, "0123456789abcd"].map(|value| {
            let mut stream = StreamRedactor::new(redactor(&[value]));
            body.as_bytes().chunks(7).map(|part| stream.add(part).bytes.len()).collect::<Vec<_>>()
        });
        assert_eq!(passed[0], passed[1]);
        assert_eq!(passed[0].iter().sum::<usize>(), body.len() - (12 * KEY.len() + 1));
    }

    #[test]
    fn a_body_made_to_take_long_ends() {
        let key = "a".repeat(4000) + "b";
        let mut stream = StreamRedactor::new(redactor(&[&key]));
        let part = stream.add(&vec![b'a'; 64 << 10]);
        assert!(part.is_cut && part.bytes.ends_with(b"[redacted]"));
    }
}
