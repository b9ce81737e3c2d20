//! The manifest's `channel`.

use std::time::Duration;

use serde_json::{Value, json};
use weft_lite::PluginManifest;
use weft_lite::config::ChannelSettings;
use weft_lite::errors::ManifestError;

fn read(channel: &Value) -> Result<(ChannelSettings, Vec<String>), ManifestError> {
    let manifest = json!({
        "id": "a", "name": "A", "version": "1.0.0", "capabilities": ["channel"],
        "wasm_module": "a.wasm", "channel": channel,
    });
    let parsed = PluginManifest::from_json(&manifest.to_string())?;
    let written = serde_json::to_string(&parsed.manifest).unwrap();
    let again = PluginManifest::from_json(&written).unwrap();
    assert_eq!((&again.manifest, again.warnings.len()), (&parsed.manifest, 0));
    Ok((parsed.manifest.channel, parsed.warnings))
}

#[test]
fn a_channel_polls_texts_each_second_by_default() {
    for nothing in [Value::Null, json!({})] {
        let (settings, warnings) = read(&nothing).unwrap();
        assert_eq!(settings, ChannelSettings::default());
        assert_eq!(settings.poll_interval, Duration::from_secs(1));
        assert!(!settings.threads && !settings.media);
        assert_eq!(warnings, [""; 0]);
    }
    let all = json!({ "poll_seconds": 0.25, "threads": true, "media": true });
    let (settings, warnings) = read(&all).unwrap();
    assert_eq!(settings.poll_interval, Duration::from_millis(250));
    assert!(settings.threads && settings.media);
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn the_poll_pace_is_bounded() {
    for (written, used, shown) in
        [("0", 100, "0.1"), ("-1e300", 100, "0.1"), ("3601", 3_600_000, "3600")]
    {
        let number: Value = serde_json::from_str(written).unwrap();
        let (settings, warnings) = read(&json!({ "poll_seconds": number })).unwrap();
        assert_eq!(settings.poll_interval, Duration::from_millis(used));
        let warning = format!(
            "`channel.poll_seconds` is {number}, which is out of range (0.1 to 3600); {shown} is used"
        );
        assert_eq!(warnings, [warning]);
    }
    for exact in [json!(0.1), json!(3600), json!(3600.0)] {
        assert_eq!(read(&json!({ "poll_seconds": exact })).unwrap().1, [""; 0]);
    }
}

#[test]
fn invalid_paces_and_flags_are_faults() {
    let fault = |channel: Value| read(&channel).unwrap_err().to_string();
    assert_eq!(
        fault(json!({ "poll_seconds": "1", "media": "yes" })),
        "`channel.poll_seconds`: it is text; expected a number of seconds\n\
         `channel.media`: it is text; expected true or false"
    );
    assert_eq!(fault(json!([])), "`channel`: it is a list; expected a mapping");
    let (_, warnings) = read(&json!({ "thread": true })).unwrap();
    assert_eq!(warnings, ["unknown key `channel.thread` is ignored; did you mean `threads`?"]);
}

#[test]
fn a_channel_that_is_none_is_pointed_out() {
    let text = r#"{"id": "a", "name": "A", "version": "1.0.0", "capabilities": ["tool"],
        "wasm_module": "a.wasm", "channel": {"media": true}}"#;
    let parsed = PluginManifest::from_json(text).unwrap();
    let warning = "`channel` is ignored, since `capabilities` does not name `channel`";
    assert_eq!(parsed.warnings, [warning]);
}
