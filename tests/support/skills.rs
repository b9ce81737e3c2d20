//! The entry point that takes any bytes as a `SKILL.md`: the fuzz target `frontmatter` drives it
//! without end, `tests/hostile` for a moment.

use serde_json::Value;
use weft_lite::errors::ActionableError;
use weft_lite::skill::{ParseMode, ParsedSkill, Severity, SkillDocument, parse_skill};
use weft_lite::sorted::SortedMap;

/// What stands before instructions that are read a second time.
const HEAD: &str = "---\nname: fuzzed\ndescription: Does it\n---\n";

/// Any bytes as a `SKILL.md`: there is a document, or an error says why not, and what is in the
/// document can be relied on.
pub(crate) fn frontmatter(data: &[u8]) {
    let lenient = parse_skill(data, "fuzzed", ParseMode::Lenient);
    let strict = parse_skill(data, "fuzzed", ParseMode::Strict);
    assert_eq!(lenient.document, strict.document, "the mode changes what is read");
    assert_eq!(lenient.document.is_some(), lenient.is_valid());
    assert!(lenient.is_valid() || !strict.is_valid());
    diagnosed(data, &lenient);
    diagnosed(data, &strict);
    if let Some(document) = &lenient.document {
        documented(document);
    }
}

fn diagnosed(data: &[u8], parsed: &ParsedSkill) {
    // UTF-16 has more lines than its bytes have, and lone carriage returns are lines to YAML.
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for diagnostic in &parsed.diagnostics {
        assert!(diagnostic.line as usize <= lines && diagnostic.column > 0, "{diagnostic}");
        assert!(diagnostic.line > 0 && !diagnostic.message.is_empty());
        assert!(diagnostic.suggestion.as_ref().is_some_and(|write| !write.is_empty()));
    }
    assert!(parsed.diagnostics.is_sorted_by_key(|it| (it.line, it.column)));
    let errors = parsed.diagnostics.iter().any(|it| it.severity == Severity::Error);
    assert!(parsed.document.is_some() || errors, "it is dropped in silence");
}

fn documented(document: &SkillDocument) {
    let name = document.name.as_bytes();
    assert!((1..=64).contains(&name.len()), "{:?}", document.name);
    assert!(name.iter().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || *it == b'-'));
    assert!(!document.name.starts_with('-') && !document.name.ends_with('-'));
    assert!(!document.description.trim().is_empty());
    assert!(document.allowed_tools.iter().all(|tool| !tool.is_empty()));
    assert!(matches!(document.frontmatter.to_value(), Value::Object(_)));
    assert_eq!(document.frontmatter.to_value().to_string(), document.frontmatter.as_json());
    // What has been made harmless stays as it is.
    let again = parse_skill(
        format!("{HEAD}{}", document.instructions).as_bytes(),
        "fuzzed",
        ParseMode::Lenient,
    );
    if let Some(again) = again.document {
        assert_eq!(again.instructions, document.instructions);
    }
    let values = SortedMap::from([("ARGUMENTS".to_owned(), "{{a}} $ARGUMENTS".to_owned())]);
    match document.render(&values) {
        Ok(text) => {
            let unused = !document.instructions.contains(['{', '$']);
            assert!(!unused || text == document.instructions);
        }
        Err(missing) => assert!(!missing.names.is_empty() && !missing.next_step().is_empty()),
    }
}
