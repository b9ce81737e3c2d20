//! Replaces secrets in a body that comes bit by bit, also those that lie across two parts of it.

use std::sync::Arc;

use super::redactor::{RedactedBytes, Redactor};

/// The redactor of one body. It holds back only bytes that may be the beginning of a secret. Not `Debug`.
pub(in crate::sandbox) struct StreamRedactor {
    redactor: Arc<Redactor>,
    held: Vec<u8>,
}

/// A part of a body without secrets.
pub(in crate::sandbox) struct RedactedPart {
    pub(in crate::sandbox) bytes: Vec<u8>,
    /// Whether the body ends here, because it was made to take long.
    pub(in crate::sandbox) is_cut: bool,
}

impl StreamRedactor {
    pub(in crate::sandbox) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, held: Vec::new() }
    }

    /// Adds a part of the body. Returns what can be passed on, which may be nothing.
    pub(in crate::sandbox) fn add(&mut self, part: &[u8]) -> RedactedPart {
        self.held.extend_from_slice(part);
        let RedactedBytes { redacted, rest, is_cut } = self.redactor.redact_beginning(&self.held);
        let (bytes, rest) = (redacted.into_owned(), rest.to_vec());
        self.held = rest;
        RedactedPart { bytes, is_cut }
    }

    /// Ends the body. Returns what was held back.
    pub(in crate::sandbox) fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.redactor.redact_end(&held).redacted.into_owned()
    }
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
        let redactor = redactor(&[KEY, "Ab/9", "100%", r"back\slash"]);
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
        ];
        for body in &bodies {
            let whole = redactor.redact(body);
            assert_ne!(whole, *body);
            for part_bytes in [1, 2, 3, 5, 7, 16, body.len()] {
                assert_eq!(redacted(&redactor, body, part_bytes), whole, "{body} by {part_bytes}");
            }
        }
    }

    #[test]
    fn only_a_possible_beginning_is_held() {
        let redactor = redactor(&[KEY]);
        let mut stream = StreamRedactor::new(redactor);
        let mut add = |part: &str| String::from_utf8(stream.add(part.as_bytes()).bytes).unwrap();
        assert_eq!(add("data: one\n\n"), "data: one\n\n");
        assert_eq!(add("data: Ab"), "data: ");
        assert_eq!(add("ove\n\n"), "Above\n\n");
        // The last character may hold bits of a secret in base64.
        assert_eq!(add("word5"), "word");
        assert_eq!(String::from_utf8(stream.finish()).unwrap(), "5");
        let mut without = StreamRedactor::new(Arc::default());
        assert_eq!(without.add(b"data").bytes, b"data");
    }

    #[test]
    fn a_body_made_to_take_long_ends() {
        let key = "a".repeat(4000) + "b";
        let mut stream = StreamRedactor::new(redactor(&[&key]));
        let part = stream.add(&vec![b'a'; 64 << 10]);
        assert!(part.is_cut && part.bytes.ends_with(b"[redacted]"));
    }
}
