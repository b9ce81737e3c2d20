//! `SKILL.md` files with everything that people do to them: what is read, and what is said about it.
//!
//! Each file in `tests/skills/cases` stands beside its expectation. A file is read as if in a folder
//! with its own name, or with the one that follows an `@`. `UPDATE_SKILLS=1` writes the expectations
//! anew; look at the difference before you keep it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weft_lite::errors::FolderNameFault;
use weft_lite::skill::{
    Diagnostic, FRONTMATTER_BYTES, ParseMode, ParsedSkill, SKILL_BYTES, Severity, SkillDocument,
    check_folder_name, parse_skill,
};
use weft_lite::sorted::SortedMap;
use weft_lite::text::sanitize_text;

#[test]
fn every_case_is_read_and_judged_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/skills/cases");
    let update = std::env::var_os("UPDATE_SKILLS").is_some();
    let mut wrong = String::new();
    let cases = files(&folder, "md");
    assert!(cases.len() >= 60, "{} cases", cases.len());
    for case in cases {
        let actual = outcome(&case);
        let path = case.with_extension("expected");
        if update {
            fs::write(&path, &actual).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if actual != expected {
            let name = case.file_stem().unwrap().to_string_lossy();
            let _ = writeln!(wrong, "== {name}\n-- expected\n{expected}-- actual\n{actual}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[track_caller]
fn outcome(case: &Path) -> String {
    let stem = case.file_stem().unwrap().to_str().unwrap();
    let folder = stem.rsplit('@').next().unwrap();
    let bytes = fs::read(case).unwrap();
    let lenient = parse_skill(&bytes, folder, ParseMode::Lenient);
    let strict = parse_skill(&bytes, folder, ParseMode::Strict);
    assert_eq!(lenient.document, strict.document, "{stem}: the mode changes what is read");
    assert_eq!(lenient.document.is_some(), lenient.is_valid(), "{stem}: an error that loads");
    let mut text = String::new();
    for (mode, parsed) in [("loader", &lenient), ("specification", &strict)] {
        let verdict = if parsed.is_valid() { "valid" } else { "invalid" };
        let _ = writeln!(text, "{mode}: {verdict}");
        for diagnostic in &parsed.diagnostics {
            let _ = writeln!(text, "  {diagnostic} [{}]", diagnostic.code);
            let suggestion = diagnostic.suggestion.as_deref().unwrap_or("nothing");
            let _ = writeln!(text, "    write {suggestion:?}");
        }
    }
    let document = serde_json::to_value(&lenient.document).unwrap();
    let _ = writeln!(text, "{}", serde_json::to_string_pretty(&terse(document)).unwrap());
    text
}

/// A document without what is empty or as it is nearly always.
fn terse(mut document: Value) -> Value {
    if let Some(entries) = document.as_object_mut() {
        entries.retain(|key, value| match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Bool(flag) => !*flag || !key.ends_with("invocable"),
            Value::Object(entries) if key == "requirements" => {
                entries.retain(|_, value| {
                    !value.is_null()
                        && *value != Value::Bool(false)
                        && *value != Value::Array(vec![])
                });
                !entries.is_empty()
            }
            _ => true,
        });
    }
    document
}

/// The files of a folder and those beneath it, with this ending.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn lenient(text: &str) -> ParsedSkill {
    parse_skill(text.as_bytes(), "case", ParseMode::Lenient)
}

#[track_caller]
fn document(text: &str) -> SkillDocument {
    lenient(text).document.unwrap()
}

#[track_caller]
fn only(parsed: &ParsedSkill, code: &str) -> Diagnostic {
    let found: Vec<&Diagnostic> = parsed.diagnostics.iter().filter(|it| it.code == code).collect();
    assert_eq!(found.len(), 1, "{:#?}", parsed.diagnostics);
    found[0].clone()
}

const HEAD: &str = "---\nname: case\ndescription: Does it\n---\n";

#[test]
fn an_oversized_file_is_refused_a_large_loads() {
    let file = |bytes: usize| format!("{HEAD}{}", "x".repeat(bytes - HEAD.len()));
    let refused = lenient(&file(SKILL_BYTES + 1));
    assert_eq!(only(&refused, "too-large").severity, Severity::Error);
    assert!(refused.document.is_none());
    let large = lenient(&file(SKILL_BYTES));
    assert_eq!(only(&large, "large-file").severity, Severity::Warning);
    assert!(large.document.is_some());
    assert_eq!(lenient(&file(64 * 1024)).diagnostics, []);
}

#[test]
fn a_frontmatter_over_its_limit_is_refused() {
    let file = |bytes: usize| {
        let keys = "name: case\ndescription: ";
        format!("---\n{keys}{}\n---\nText\n", "x".repeat(bytes - keys.len() - 1))
    };
    let refused = lenient(&file(FRONTMATTER_BYTES + 1));
    assert_eq!(only(&refused, "frontmatter-too-large").line, 2);
    assert!(refused.document.is_none());
    assert!(lenient(&file(FRONTMATTER_BYTES)).document.is_some());
}

#[test]
fn no_folder_leads_elsewhere_or_hides() {
    let cases = [
        ("", Some(FolderNameFault::Empty)),
        ("..", Some(FolderNameFault::Traversal)),
        ("a/b", Some(FolderNameFault::Traversal)),
        ("a\\b", Some(FolderNameFault::Traversal)),
        (".git", Some(FolderNameFault::LeadingDot)),
        (".", Some(FolderNameFault::LeadingDot)),
        ("a\u{1b}[2J", Some(FolderNameFault::ControlCharacter)),
        ("a\u{202e}b", Some(FolderNameFault::ControlCharacter)),
        ("My Skill (1)", None),
        ("技能", None),
    ];
    for (name, fault) in cases {
        assert_eq!(check_folder_name(name).err(), fault, "{name:?}");
        let parsed = parse_skill(HEAD.as_bytes(), name, ParseMode::Lenient);
        assert_eq!(parsed.document.is_none(), fault.is_some(), "{name:?}");
    }
    assert_eq!(check_folder_name(&"x".repeat(256)), Err(FolderNameFault::TooLong));
}

#[test]
fn ten_levels_are_read_and_eleven_are_not() {
    let flow = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("---\nname: case\ndescription: Does it\nmore: {open}{close}\n---\nText\n")
    };
    assert!(lenient(&flow(9)).document.is_some());
    let deep = lenient(&flow(10));
    let refused = only(&deep, "yaml-bounds");
    assert_eq!((refused.line, refused.column, deep.document), (4, 16, None));

    let block = |levels: usize| {
        let nested: String = (1..levels).map(|at| format!("{}a:\n", "  ".repeat(at))).collect();
        format!(
            "---\nname: case\ndescription: Does it\nmore:\n{nested}{}b\n---\nText\n",
            "  ".repeat(levels)
        )
    };
    assert!(lenient(&block(10)).document.is_some());
    assert_eq!(only(&lenient(&block(11)), "yaml-bounds").line, 14);
}

#[test]
fn aliases_do_not_multiply() {
    let mut yaml =
        String::from("name: case\ndescription: Does it\na0: &a0 [x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let uses = format!("*a{}, ", level - 1).repeat(8);
        let _ = writeln!(yaml, "a{level}: &a{level} [{uses}]");
    }
    let parsed = lenient(&format!("---\n{yaml}---\nText\n"));
    assert_eq!(only(&parsed, "yaml-bounds").severity, Severity::Error);
    let few = "---\nname: case\ndescription: &d Does it\nsummary: *d\n---\nText\n";
    assert_eq!(document(few).frontmatter.to_value()["summary"], "Does it");
}

#[test]
fn files_of_other_editors_are_read_and_diagnosed() {
    let text = "---\nname: case\ndescription: Does it\n---\nText\n";
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let cases = [
        (wide(u16::to_le_bytes), "utf-16", "save the file as UTF-8"),
        (wide(u16::to_be_bytes), "utf-16", "save the file as UTF-8"),
        (
            text.replace('\n', "\r").into_bytes(),
            "carriage-returns",
            "save the file with line feeds at the ends of lines",
        ),
    ];
    for (bytes, code, write) in cases {
        let parsed = parse_skill(&bytes, "case", ParseMode::Lenient);
        let diagnostic = only(&parsed, code);
        assert_eq!(diagnostic.suggestion.as_deref(), Some(write));
        assert_eq!(parsed.document.as_ref().unwrap().instructions, "Text\n");
        assert!(!parse_skill(&bytes, "case", ParseMode::Strict).is_valid());
    }
}

#[test]
fn text_without_imitations_is_kept_byte_for_byte() {
    // Pieces of all that Markdown is made of, in every order that chance gives them.
    let pieces = [
        "# Title\n",
        "\r\n",
        "\t",
        "`<username>`",
        "<username>",
        "<systemd>",
        "< ",
        "<",
        "[x](y)",
        "[ ]",
        "[INSTALL]",
        "<!-- system -->",
        "<|",
        "|>",
        "a < b | c > d",
        "**bold**",
        "```sh\n",
        "\u{1f600}",
        "\u{fffd}",
        "$ARGUMENTS",
        "{{x}}",
        "</",
        "<br/>",
        "---\n",
        "~~~\n",
        "|a|b|\n",
        "&lt;",
        "<tooltip>",
        "\u{0}",
        "systems>",
        "<https://a.b>",
        "<a@b.c>",
        "[[",
        "]]",
        "<<EOF\n",
        "Human: hi\n",
    ];
    let open = "Print with svn <system or <tool_result, and 2 < 3\n";
    assert_eq!(document(&format!("{HEAD}{open}")).instructions, open);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2_000 {
        let mut body = String::new();
        for _ in 0..40 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let piece = pieces[usize::try_from(state % pieces.len() as u64).unwrap()];
            body.push_str(piece);
        }
        assert_eq!(document(&format!("{HEAD}{body}")).instructions, body);
    }
}

#[test]
fn imitated_system_or_tool_text_is_neutralized() {
    let cases = [
        ("<system>", "&lt;system>"),
        ("</system>", "&lt;/system>"),
        ("<SYSTEM>", "&lt;SYSTEM>"),
        ("< / system >", "&lt; / system >"),
        ("<system role=\"x\">", "&lt;system role=\"x\">"),
        ("<system\n>", "&lt;system\n>"),
        ("<system-reminder>", "&lt;system-reminder>"),
        ("<system_prompt/>", "&lt;system_prompt/>"),
        ("<tool_result>", "&lt;tool_result>"),
        ("<function_calls>", "&lt;function_calls>"),
        ("<invoke name=\"x\">", "&lt;invoke name=\"x\">"),
        ("<antml:anything>", "&lt;antml:anything>"),
        ("<|im_start|>", "&lt;|im_start|>"),
        ("<|start_header_id|>", "&lt;|start_header_id|>"),
        ("<\u{ff5c}User\u{ff5c}>", "&lt;\u{ff5c}User\u{ff5c}>"),
        ("<<SYS>>", "&lt;<SYS>>"),
        ("[INST]", "&#91;INST]"),
        ("[/TOOL_RESULTS]", "&#91;/TOOL_RESULTS]"),
    ];
    for (written, shown) in cases {
        let parsed = lenient(&format!("{HEAD}Before {written} after\n"));
        assert_eq!(
            parsed.document.as_ref().unwrap().instructions,
            format!("Before {shown} after\n")
        );
        let diagnostic = only(&parsed, "imitated-message");
        assert_eq!((diagnostic.line, diagnostic.column), (5, 8), "{written}");
        // What is written once in this way stays so.
        let again = lenient(&format!("{HEAD}Before {shown} after\n"));
        assert_eq!(again.diagnostics, [], "{written}");
    }
    let described = document("---\nname: case\ndescription: A <system> b\n---\nText\n");
    assert_eq!(described.description, "A &lt;system> b");
}

#[test]
fn values_replace_only_variables() {
    let skill = document(
        "---\nname: case\ndescription: Does it\nvariables:\n  - name: topic\n    required: true\n  \
         - name: tone\n    default: calm\n  - style\n---\n{{topic}} {{ topic }} ${topic} ${tone} \
         {{style}} ${HOME} $HOME $1 {{other}} $ARGUMENTS $ARGUMENTS_X {baseDir}/a {x}\n",
    );
    let values = |list: &[(&str, &str)]| -> SortedMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let missing = skill.render(&values(&[])).unwrap_err();
    assert_eq!(missing.names, ["topic"]);
    assert_eq!(missing.to_string(), "`topic` is required and has no value");
    assert_eq!(
        skill.render(&values(&[("topic", "{{tone}}")])).unwrap(),
        "{{tone}} {{tone}} {{tone}} calm {{style}} ${HOME} $HOME $1 {{other}} $ARGUMENTS \
         $ARGUMENTS_X {baseDir}/a {x}\n"
    );
    let given = values(&[
        ("topic", "a"),
        ("style", "b"),
        ("ARGUMENTS", "c d"),
        ("baseDir", "/s"),
        ("HOME", "not declared"),
    ]);
    assert_eq!(
        skill.render(&given).unwrap(),
        "a a a calm b ${HOME} $HOME $1 {{other}} c d $ARGUMENTS_X /s/a {x}\n"
    );
}

/// The corpus of real files, where this machine has it.
fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("WEFT_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    Some(named.unwrap_or_else(beside)).filter(|folder| folder.is_dir())
}

#[test]
fn every_real_file_loads_or_explains_itself() {
    let Some(folder) = corpus() else {
        println!("skipped: there is no corpus, which WEFT_CORPUS can name");
        return;
    };
    let files = files(&folder.join("skills"), "md");
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let parent = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for mode in [ParseMode::Lenient, ParseMode::Strict] {
            let parsed = parse_skill(&bytes, parent, mode);
            let lines = u32::try_from(text.lines().count()).unwrap();
            for diagnostic in &parsed.diagnostics {
                assert!((1..=lines + 1).contains(&diagnostic.line), "{}", file.display());
                assert!(diagnostic.suggestion.is_some(), "{}: {diagnostic}", file.display());
            }
            let has_error = parsed.diagnostics.iter().any(|it| it.severity == Severity::Error);
            assert!(parsed.document.is_some() || has_error, "{}", file.display());
            let Some(document) = parsed.document else { continue };
            // The text is what was written, but for placeholders like `<user>`, which a model would
            // take for the beginning of a message.
            let shown = sanitize_text(&text);
            let told = |it: &Diagnostic| it.message.contains("imitates a marker");
            let changed = shown.len() != text.len();
            assert_eq!(changed, parsed.diagnostics.iter().any(told), "{}", file.display());
            assert!(shown.ends_with(&document.instructions), "{}", file.display());
            assert!(!document.description.is_empty(), "{}", file.display());
        }
    }
}
