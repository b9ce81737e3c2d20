//! The bytes with which signs begin that may open a marker of models.

use memchr::{memchr2, memchr3};

use super::json_text::escapes_letters;

/// Where in a text the next signs may begin that open a marker: `<`, `[` and `#`; and their full-width forms,
/// variation selectors and tag characters. This runs over every text that comes in, and most have none of
/// these. So each kind is searched for again only after the last one found.
#[derive(Default)]
pub(super) struct FirstBytes {
    plain: Option<FoundByte>,
    others: Option<FoundByte>,
}

/// One search: where it began, and where it found a byte. `None`: nowhere.
#[derive(Clone, Copy)]
struct FoundByte {
    from: usize,
    at: Option<usize>,
}

impl FirstBytes {
    /// The next one at `from` or after it. `from` never decreases from call to call.
    pub(super) fn next(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let plain =
            FoundByte::next(&mut self.plain, from, || memchr3(b'<', b'[', b'#', &text[from..]));
        let others = FoundByte::next(&mut self.others, from, || memchr2(0xef, 0xf3, &text[from..]));
        plain.into_iter().chain(others).min()
    }
}

impl FoundByte {
    /// The result of the last search if it still holds, otherwise of `look`: it searches from `from` on and returns
    /// the offset from there.
    fn next(
        known: &mut Option<Self>,
        from: usize,
        look: impl FnOnce() -> Option<usize>,
    ) -> Option<usize> {
        let holds = |found: &Self| found.from <= from && found.at.is_none_or(|at| at >= from);
        let found = known.filter(holds);
        known.insert(found.unwrap_or_else(|| Self { from, at: look().map(|at| from + at) })).at
    }
}

/// Whether a sign that means something may be in this JSON text. The escapes that may stand for one
/// begin with `\u`.
pub(super) fn may_mean(json: &[u8]) -> bool {
    FirstBytes::default().next(json, 0).is_some() || escapes_letters(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every short text of these bytes, from every place on.
    #[test]
    fn each_first_byte_is_found_once_in_order() {
        const BYTES: [u8; 5] = [b'a', b'<', 0xef, b'#', 0xf3];
        for number in 0..BYTES.len().pow(6) {
            let text: Vec<u8> = (0..6).map(|at| BYTES[number / BYTES.len().pow(at) % 5]).collect();
            let mut first_bytes = FirstBytes::default();
            let mut at = 0;
            let mut found = Vec::new();
            while let Some(next) = first_bytes.next(&text, at) {
                found.push(next);
                at = next + 1;
            }
            let wanted: Vec<usize> = (0..6).filter(|&at| text[at] != b'a').collect();
            assert_eq!(found, wanted, "{text:?}");
        }
    }

    #[test]
    fn an_escape_may_stand_for_a_sign() {
        assert!(may_mean(br#""\u003csystem>""#));
        assert!(!may_mean(br#""a line\nand \"another\"""#));
    }
}
