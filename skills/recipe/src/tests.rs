//! Tests of the scanner and of damaged plans, beside the host that no unit test has.

use crate::plan::Plan;
use crate::run::run;
use crate::scan::{member, whole};
use core::cell::Cell;

#[test]
fn the_scanner_knows_json() {
    let good = [
        "0",
        "-1.5e+3",
        r#""a\u00e9\n""#,
        "[]",
        "{}",
        " [1, {\"a\": [true, null]}, \"x\"] ",
        r#"{"long string of plain bytes":"and \"another\" of them"}"#,
    ];
    for text in good {
        assert_eq!(whole(text.as_bytes()), Some(text.trim().as_bytes()), "{text}");
    }
    let bad = [
        "",
        "01",
        "1.",
        "1e",
        "tru",
        "[1,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":1,}",
        "{1:2}",
        "[}",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb and so on, further on\"",
        "1 2",
        "[1",
        "{\"a\":[1}",
    ];
    for text in bad {
        assert_eq!(whole(text.as_bytes()), None, "{text}");
    }
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(whole(nested(64).as_bytes()).is_some());
    assert!(whole(nested(66).as_bytes()).is_none());
}

#[test]
fn paths_lead_to_members() {
    let member = |text: &'static str, key: &str| {
        let found = member(text.as_bytes(), key.as_bytes());
        found.map(|it| str::from_utf8(it).expect("it is a part of a text"))
    };
    let text = r#"{"a": [10, {"b": 2}], "c\u0064": 3, "a": [11, {"b": 4}]}"#;
    assert_eq!(member(text, "a"), Some(r#"[11, {"b": 4}]"#));
    assert_eq!(member(text, "cd"), Some("3"));
    assert_eq!(member(text, "x"), None);
    let list = member(text, "a").expect("it is there");
    assert_eq!(member(list, "0"), Some("11"));
    assert_eq!(member(list, "1").and_then(|it| member(it, "b")), Some("4"));
    for key in ["2", "-1", "+1", "01", "", "b", "99999999999999999999"] {
        assert_eq!(member(list, key), None, "{key}");
    }
    assert_eq!(member("5", "0"), None);
}

/// Bytes that are no plan, and plans cut anywhere, are errors.
#[test]
fn damaged_plans_are_errors() {
    let part = |bytes: &[u8]| [&[bytes.len() as u8], bytes].concat();
    // A call with `[a]`, then a filled text.
    let call = [&[1, 1, 0][..], &part(&[1 << 2, b'[', 1, 0, 1 << 2, b']'])];
    let fill = [&[3, 1][..], &part(&[2 << 2, b'"', b'-', 2, 0, 1 << 2, b'"'])];
    let steps = part(&[call.concat(), fill.concat()].concat());
    let head = [2, 2, 1, b't', 2, b'{', b'}', 4, 1, b'a', 1, b'b', 2, 1, b'u', 1, 0];
    let plan = part(&[&head[..], &steps, &part(&[1 << 2 | 1, 0])].concat());
    let call = |tool: &str, params: &str| Ok([tool, params].concat());
    let go = |plan: &[u8]| run(Plan::new(plan, &Cell::new(false)), "t", r#"{"a":"v"}"#, &call);
    assert_eq!(go(&plan), Ok(r#""-v""#.into()));
    for length in 0..plan.len() {
        let mut cut = plan[..length].to_vec();
        assert!(go(&cut).is_err(), "{length}");
        cut.resize(plan.len(), 0);
        let _ = go(&cut);
    }
    for at in 0..plan.len() {
        for byte in 0..=u8::MAX {
            let mut other = plan.clone();
            other[at] = byte;
            let _ = go(&other);
        }
    }
}
