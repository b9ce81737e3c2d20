//! Skills as prompts, tools, resources and through their extension, with completion.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::mcp::McpOptions;
use weft_lite::skill::{FoundSkill, ParseMode, Readiness, SkillLevel, SkillRegistry, parse_skill};
use weft_lite::sorted::SortedSet;

use crate::session::{ALL, Client, LEGACY, MODERN, Server, meta};

const REVIEW: &str = "---
name: code-review
description: Reviews code
argument-hint: '[path]'
variables:
  language: { description: The language, default: rust }
  depth: { description: How deep, required: true }
---
Review {{language}} code in ${depth}: $ARGUMENTS. See {baseDir}/references/STYLE.md.
";

/// A folder of skills, and the server that offers them.
struct Skills {
    folder: TempDir,
    server: Server,
}

impl Skills {
    fn new() -> Self {
        Self::with(McpOptions::default())
    }

    fn with(options: McpOptions) -> Self {
        let skills =
            Self { folder: tempfile::tempdir().unwrap(), server: Server::with([], options) };
        skills.write("code-review/SKILL.md", REVIEW);
        skills.write("code-review/references/STYLE.md", "# Style\n");
        skills.write("code-review/references/deep/er.json", "{}");
        skills.write("code-review/a b\u{e9}.txt", "spaces");
        skills.write("code-review/logo.png", b"\x89PNG\xff");
        skills.write("plain/SKILL.md", "---\nname: plain\ndescription: Plain words\n---\nDo it.\n");
        skills.load();
        skills
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Puts what is in the folder into service.
    fn load(&self) {
        let mut found: Vec<FoundSkill> = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let file = path.join("SKILL.md");
            let parsed = parse_skill(&std::fs::read(&file).unwrap(), &name, ParseMode::Lenient);
            found.push(skill(&name, &file, parsed.document.map(Arc::new)));
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let registry = Arc::new(SkillRegistry::resolve(found, &SortedSet::new()));
        let host = self.server.runtime.host();
        assert!(self.server.runtime.block_on(host.put_skills(registry)).is_some());
    }

    fn client(&self, revision: &'static str) -> Client<'_> {
        self.server.client(revision)
    }
}

fn skill(
    name: &str,
    file: &Path,
    document: Option<Arc<weft_lite::skill::SkillDocument>>,
) -> FoundSkill {
    FoundSkill {
        name: name.into(),
        level: SkillLevel::Managed,
        path: Some(file.into()),
        document,
        diagnostics: Arc::default(),
        provider: None,
        outdated: false,
        readiness: Readiness::Ready,
    }
}

#[track_caller]
fn names(result: &Value, list: &str, member: &str) -> Vec<String> {
    let name = |entry: &Value| entry[member].as_str().unwrap().to_owned();
    result[list].as_array().unwrap().iter().map(name).collect()
}

// Prompts.

#[test]
fn skills_are_prompts_whose_variables_are_arguments() {
    let skills = Skills::new();
    for revision in ALL {
        let mut client = skills.client(revision);
        let list = client.result("prompts/list", &json!({}));
        assert_eq!(
            list["prompts"],
            json!([
                { "name": "code-review", "title": "code-review", "description": "Reviews code", "arguments": [
                    { "name": "language", "description": "The language", "required": false },
                    { "name": "depth", "description": "How deep", "required": true },
                    { "name": "ARGUMENTS", "description": "[path]", "required": false },
                ] },
                { "name": "plain", "title": "plain", "description": "Plain words" },
            ])
        );
        let arguments = json!({ "depth": "full", "ARGUMENTS": "src" });
        let params = json!({ "name": "code-review", "arguments": arguments });
        let prompt = client.result("prompts/get", &params);
        let text = "Review rust code in full: src. See skill://code-review/references/STYLE.md.\n";
        assert_eq!(
            prompt["messages"],
            json!([{ "role": "user", "content": { "type": "text", "text": text } }])
        );
        assert_eq!(prompt["description"], "Reviews code");
    }
}

#[test]
fn a_prompt_is_found_with_underscores() {
    let skills = Skills::new();
    for revision in ALL {
        let mut client = skills.client(revision);
        let arguments = json!({ "depth": "full" });
        let prompt = |name: &str| json!({ "name": name, "arguments": arguments });
        let listed = client.result("prompts/get", &prompt("code-review"));
        let spelled = client.result("prompts/get", &prompt("code_review"));
        assert_eq!(spelled["messages"], listed["messages"]);
        let argument = json!({ "name": "language", "value": "r" });
        let reference = json!({ "type": "ref/prompt", "name": "code_review" });
        let params = json!({ "ref": reference, "argument": argument });
        let completed = client.result("completion/complete", &params);
        assert_eq!(completed["completion"]["values"], json!(["rust"]));
    }
}

#[test]
fn a_prompt_without_what_it_needs_is_refused() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    for (params, words) in [
        (json!({ "name": "nothing" }), "no prompt `nothing`"),
        (json!({ "name": "code-review" }), "`depth` is required and has no value: give depth="),
        (json!({ "name": "code-review", "arguments": { "depth": 1 } }), "string"),
        (json!({}), "name"),
    ] {
        let (code, message) = client.error("prompts/get", &params);
        assert!(code == -32602 && message.contains(words), "{message}");
    }
}

#[test]
fn a_client_with_forms_fills_in_a_prompt() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    let mut params = json!({ "name": "code-review", "_meta": meta() });
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": {} });
    let asked = client.result("prompts/get", &params);
    assert_eq!(asked["resultType"], "input_required", "{asked:#}");
    let form = &asked["inputRequests"]["values"]["params"]["requestedSchema"];
    assert_eq!(form["required"], json!(["depth"]));
    let answer = |answer: Value| json!({ "values": answer });
    let mut said = params.clone();
    said["inputResponses"] =
        answer(json!({ "action": "accept", "content": { "depth": "full", "language": "C" } }));
    let prompt = client.result("prompts/get", &said);
    let text = prompt["messages"][0]["content"]["text"].as_str().unwrap();
    // What was not asked for is not taken.
    assert!(text.starts_with("Review rust code in full: "), "{text}");
    said["inputResponses"] = answer(json!({ "action": "accept", "content": { "depth": 1 } }));
    let (code, message) = client.error("prompts/get", &said);
    assert!(code == -32602 && message.contains("/depth: expected a string"), "{message}");
    said["inputResponses"] = answer(json!({ "action": "decline" }));
    let (code, message) = client.error("prompts/get", &said);
    assert!(code == -32602 && message.contains("`depth` is required"), "{message}");
}

#[test]
fn invocation_flags_decide_prompts_and_tools() {
    let skills = Skills::new();
    let text =
        |name: &str, key: &str| format!("---\nname: {name}\ndescription: d\n{key}\n---\ntext\n");
    skills.write("for-models/SKILL.md", text("for-models", "user-invocable: false"));
    skills.write("for-people/SKILL.md", text("for-people", "disable-model-invocation: true"));
    skills.load();
    let mut client = skills.client(MODERN);
    let prompts = names(&client.result("prompts/list", &json!({})), "prompts", "name");
    assert_eq!(prompts, ["code-review", "for-people", "plain"]);
    assert_eq!(client.tools(), ["skill__code-review", "skill__for-models", "skill__plain"]);
    assert_eq!(client.error("prompts/get", &json!({ "name": "for-models" })).0, -32602);
}

// Tools.

#[test]
fn an_instruction_skill_is_a_tool() {
    let skills = Skills::new();
    for revision in ALL {
        let mut client = skills.client(revision);
        let list = client.result("tools/list", &json!({}));
        let tool = &list["tools"][0];
        assert_eq!(tool["name"], "skill__code-review");
        assert_eq!(
            tool["inputSchema"]["properties"]["language"],
            json!({ "type": "string", "description": "The language", "default": "rust" })
        );
        assert_eq!(tool["inputSchema"]["required"], json!(["depth"]));
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
        let arguments = json!({ "depth": "brief", "language": "C" });
        let (text, failed) = client.call_text("skill__code-review", &arguments);
        assert!(!failed && text.starts_with("Review C code in brief: $ARGUMENTS."), "{text}");
        assert_eq!(client.call_text("skill__plain", &json!({})), ("Do it.\n".into(), false));
        for wrong in [json!({}), json!({ "depth": 1 }), json!({ "depth": "x", "other": "y" })] {
            assert!(client.call_text("skill__code-review", &wrong).1, "{wrong}");
        }
    }
}

// Resources.

#[test]
fn every_file_of_a_skill_is_a_resource() {
    let skills = Skills::new();
    for revision in ALL {
        let mut client = skills.client(revision);
        let list = client.result("resources/list", &json!({}));
        assert_eq!(
            names(&list, "resources", "uri"),
            [
                "skill://code-review/SKILL.md",
                "skill://code-review/a%20b%C3%A9.txt",
                "skill://code-review/logo.png",
                "skill://code-review/references/STYLE.md",
                "skill://code-review/references/deep/er.json",
                "skill://plain/SKILL.md",
            ]
        );
        assert_eq!(
            list["resources"][0],
            json!({
                "uri": "skill://code-review/SKILL.md", "name": "code-review",
                "description": "Reviews code", "mimeType": "text/markdown", "size": REVIEW.len(),
            })
        );
        assert_eq!(list["resources"][1]["name"], "a b\u{e9}.txt");
        let mut read = |uri: &str| {
            let result = client.result("resources/read", &json!({ "uri": uri }));
            result["contents"][0].clone()
        };
        let uri = "skill://code-review/SKILL.md";
        let whole = json!({ "uri": uri, "mimeType": "text/markdown", "text": REVIEW });
        assert_eq!(read(uri), whole);
        assert_eq!(read("skill://code-review/a%20b%C3%A9.txt")["text"], "spaces");
        let logo = read("skill://code-review/logo.png");
        assert_eq!((&logo["mimeType"], &logo["blob"]), (&json!("image/png"), &json!("iVBOR/8=")));
    }
}

#[test]
fn a_missing_resource_has_its_eras_code() {
    let skills = Skills::new();
    std::fs::write(skills.folder.path().join("outside"), "secret").unwrap();
    skills.write("plain/deep/er.txt", "deep");
    skills.write("plain/.git/config", "secret");
    for (target, link) in [("../outside", "link"), ("deep", "folder"), ("/", "root")] {
        std::os::unix::fs::symlink(target, skills.folder.path().join("plain").join(link)).unwrap();
    }
    for revision in ALL {
        let mut client = skills.client(revision);
        for uri in [
            "skill://plain/missing.md",
            "skill://nobody/SKILL.md",
            "skill://plain",
            "skill://plain/../outside",
            "skill://plain/%2e%2e/outside",
            "skill://plain/..%2Foutside",
            "skill://plain/link",
            "skill://plain/folder/er.txt",
            "skill://plain/root/etc/passwd",
            "skill://plain/.git/config",
            "skill://plain/deep",
            "skill://plain/deep//er.txt",
            "skill://plain/deep/../SKILL.md",
            "skill://plain//etc/passwd",
            "skill://plain/%ff",
            "skill://plain/%",
            "file:///etc/passwd",
            "",
        ] {
            let answer = client.ask("resources/read", &json!({ "uri": uri }));
            let code = if revision == MODERN { -32602 } else { -32002 };
            assert_eq!(answer["error"]["code"], code, "{uri}: {answer}");
            assert_eq!(answer["error"]["data"]["uri"], uri);
        }
        assert_eq!(client.error("resources/read", &json!({})).0, -32602);
    }
}

#[test]
fn templates_and_completion_lead_to_any_file() {
    let skills = Skills::new();
    for revision in ALL {
        let mut client = skills.client(revision);
        let templates = client.result("resources/templates/list", &json!({}));
        let template = templates["resourceTemplates"][0]["uriTemplate"].clone();
        let reference = json!({ "type": "ref/resource", "uri": template });
        let mut complete = |reference: &Value, name: &str, value: &str| {
            let params = json!({
                "ref": reference,
                "argument": { "name": name, "value": value },
                "context": { "arguments": { "name": "code-review" } },
            });
            client.result("completion/complete", &params)["completion"].clone()
        };
        let found =
            |values: &[&str]| json!({ "values": values, "total": values.len(), "hasMore": false });
        assert_eq!(complete(&reference, "name", "co"), found(&["code-review"]));
        assert_eq!(complete(&reference, "name", "x"), found(&[]));
        let files = ["references/STYLE.md", "references/deep/er.json"];
        assert_eq!(complete(&reference, "path", "ref"), found(&files));
        let prompt = json!({ "type": "ref/prompt", "name": "code-review" });
        assert_eq!(complete(&prompt, "language", ""), found(&["rust"]));
        assert_eq!(complete(&prompt, "depth", ""), found(&[]));
        for (reference, name) in [
            (json!({ "type": "ref/prompt", "name": "nothing" }), "a"),
            (prompt, "nothing"),
            (json!({ "type": "ref/resource", "uri": "other://{a}" }), "a"),
            (reference, "nothing"),
            (json!({ "type": "ref/other" }), "a"),
        ] {
            let params = json!({ "ref": reference, "argument": { "name": name, "value": "" } });
            assert_eq!(client.error("completion/complete", &params).0, -32602, "{params}");
        }
    }
}

// The extension.

#[test]
fn the_extension_is_announced_with_all_it_does() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    let capabilities = client.result("server/discover", &json!({}))["capabilities"].clone();
    let extension = &capabilities["extensions"]["io.modelcontextprotocol/skills"];
    assert_eq!(extension, &json!({ "directoryRead": true }));
    assert_eq!(capabilities["resources"], json!({ "listChanged": true, "subscribe": true }));
}

#[test]
fn a_listed_skill_has_frontmatter_and_digests() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    let list = client.result("skills/list", &json!({}));
    let plain = &list["skills"][1];
    assert_eq!(
        plain,
        &json!({
            "uri": "skill://plain/SKILL.md",
            "frontmatter": { "name": "plain", "description": "Plain words" },
            "resources": [{
                "uri": "skill://plain/SKILL.md",
                // What sha256sum says of the file.
                "digest": "sha256:e334f41f01f073f3b0f326180e8508496538a07ef882d81d4fec11fc00b1bcd3",
                "size": 52,
            }],
        })
    );
    let review = &list["skills"][0];
    assert_eq!(review["frontmatter"]["argument-hint"], "[path]");
    assert_eq!(review["resources"].as_array().unwrap().len(), 5);
    let got = client.result("skills/get", &json!({ "uri": review["uri"] }));
    assert_eq!(got["skill"], *review);
    for uri in ["skill://nobody/SKILL.md", "skill://plain", "skill://plain/other.md", "x"] {
        assert_eq!(client.error("skills/get", &json!({ "uri": uri })).0, -32602, "{uri}");
    }
}

#[test]
fn a_nonconforming_skill_is_not_published() {
    let skills = Skills::new();
    skills.write("other-name/SKILL.md", "---\nname: my-name\ndescription: d\n---\nx\n");
    skills.write("bare/SKILL.md", "Only text.\n");
    skills.load();
    let mut client = skills.client(MODERN);
    let list = client.result("skills/list", &json!({}));
    let uris = names(&list, "skills", "uri");
    assert_eq!(uris, ["skill://code-review/SKILL.md", "skill://plain/SKILL.md"]);
}

#[test]
fn folders_are_read_one_level_at_a_time() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    let mut read = |uri: &str| {
        let list = client.result("resources/directory/read", &json!({ "uri": uri }));
        let kinds = names(&list, "resources", "mimeType");
        names(&list, "resources", "name").into_iter().zip(kinds).collect::<Vec<_>>()
    };
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(
        read("skill://code-review"),
        pairs(&[
            ("code-review", "text/markdown"),
            ("a b\u{e9}.txt", "text/plain"),
            ("logo.png", "image/png"),
            ("references", "inode/directory"),
        ])
    );
    assert_eq!(
        read("skill://code-review/references/deep"),
        pairs(&[("references/deep/er.json", "application/json")])
    );
    for uri in [
        "skill://code-review/",
        "skill://code-review/SKILL.md",
        "skill://code-review/nothing",
        "skill://nobody",
    ] {
        let (code, _) = client.error("resources/directory/read", &json!({ "uri": uri }));
        assert_eq!(code, -32602, "{uri}");
    }
}

#[test]
fn lists_of_skills_and_files_come_in_parts() {
    let skills = Skills::with(McpOptions { page_entries: 2, ..McpOptions::default() });
    skills.write("third/SKILL.md", "---\nname: third\ndescription: d\n---\nx\n");
    skills.load();
    let mut client = skills.client(MODERN);
    for (method, list, params, count) in [
        ("prompts/list", "prompts", json!({}), 3),
        ("resources/list", "resources", json!({}), 7),
        ("skills/list", "skills", json!({}), 3),
        ("resources/directory/read", "resources", json!({ "uri": "skill://code-review" }), 4),
    ] {
        let (mut seen, mut params) = (Vec::new(), params);
        loop {
            let part = client.result(method, &params);
            let entries = part[list].as_array().unwrap();
            assert!((1..=2).contains(&entries.len()), "{method}");
            seen.extend(entries.iter().map(Value::to_string));
            match part.get("nextCursor") {
                Some(cursor) => params["cursor"] = cursor.clone(),
                None => break,
            }
        }
        assert_eq!(seen.iter().collect::<SortedSet<_>>().len(), count, "{method}");
    }
}

#[test]
fn a_skill_with_too_many_files_is_unlisted() {
    let skills = Skills::new();
    for number in 0..512 {
        skills.write(&format!("plain/{number}.txt"), "");
    }
    let mut client = skills.client(MODERN);
    let list = client.result("skills/list", &json!({}));
    assert_eq!(names(&list, "skills", "uri"), ["skill://code-review/SKILL.md"]);
    // As a resource its own file is still there.
    let list = client.result("resources/list", &json!({}));
    let listed = names(&list, "resources", "uri");
    assert!(listed.contains(&"skill://plain/SKILL.md".to_owned()), "{listed:?}");
    assert!(!listed.contains(&"skill://plain/1.txt".to_owned()));
    let uri = json!({ "uri": "skill://plain/SKILL.md" });
    assert_eq!(client.error("skills/get", &uri).0, -32602);
    // What its folder holds besides is nobody's fault who asks for this file.
    client.result("resources/read", &uri);
}

#[test]
fn foreign_files_are_no_skill_resources() {
    let skills = Skills::new();
    let ours = ["notes.md", "sub/install.json", "targets/a.md"];
    let mut ignored = vec![
        "install.json".to_owned(),
        "weft.signature.json".into(),
        "SKILL.md~".into(),
        "#SKILL.md#".into(),
        "sub/notes.md.swp".into(),
        ".#SKILL.md".into(),
        "target/debug/a".into(),
        ".venv/bin/python".into(),
        "src/__pycache__/a.pyc".into(),
        "cache/b".into(),
    ];
    ignored.extend((0..600).map(|number| format!("node_modules/{number}.js")));
    for path in ours.into_iter().chain(ignored.iter().map(String::as_str)) {
        skills.write(&format!("plain/{path}"), "x");
    }
    skills.write("plain/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    let mut client = skills.client(MODERN);
    let list = client.result("resources/list", &json!({}));
    let mut listed = names(&list, "resources", "uri");
    listed.retain(|uri| uri.starts_with("skill://plain/"));
    let mut expected: Vec<String> =
        ours.iter().chain(&["SKILL.md"]).map(|path| format!("skill://plain/{path}")).collect();
    expected.sort();
    assert_eq!(listed, expected);
    for path in ignored.iter().take(11) {
        let uri = json!({ "uri": format!("skill://plain/{}", path.replace('#', "%23")) });
        assert_eq!(client.error("resources/read", &uri).0, -32602, "{path}");
    }
    let whole = client.result("skills/list", &json!({}));
    assert!(names(&whole, "skills", "uri").contains(&"skill://plain/SKILL.md".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_linked_skill_file_is_readable() {
    use std::os::unix::fs::symlink;
    let skills = Skills::new();
    let text = "---\nname: linked\ndescription: Linked words\n---\nFollow it.\n";
    skills.write("linked/docs/SKILL.txt", text);
    symlink("docs/SKILL.txt", skills.folder.path().join("linked/SKILL.md")).unwrap();
    skills.write("shared/SKILL.md", text);
    std::fs::create_dir(skills.folder.path().join("other")).unwrap();
    symlink("../shared/SKILL.md", skills.folder.path().join("other/SKILL.md")).unwrap();
    skills.load();
    let mut client = skills.client(MODERN);
    for (name, exact) in [("linked", true), ("other", false)] {
        let uri = format!("skill://{name}/SKILL.md");
        let list = client.result("resources/list", &json!({}));
        assert!(names(&list, "resources", "uri").contains(&uri), "{list:#}");
        let result = client.result("resources/read", &json!({ "uri": uri }));
        let read = result["contents"][0]["text"].as_str().unwrap();
        assert!(read.contains("Follow it.") && read.contains("Linked words"), "{read}");
        assert!(!exact || read == text);
    }
}

#[test]
fn large_files_are_refused_and_binary_are_blobs() {
    let skills = Skills::new();
    skills.write("plain/zeros.bin", vec![0; 1 << 20]);
    skills.write("plain/large.txt", vec![b'x'; (4 << 20) + 1]);
    let mut client = skills.client(MODERN);
    let read = client.result("resources/read", &json!({ "uri": "skill://plain/zeros.bin" }));
    assert_eq!(
        read["contents"][0]["blob"].as_str().unwrap().len(),
        (1_usize << 20).div_ceil(3) * 4
    );
    assert_eq!(read["contents"][0].get("text"), None);
    let large = json!({ "uri": "skill://plain/large.txt" });
    let (code, message) = client.error("resources/read", &large);
    assert_eq!(code, -32602);
    assert!(message.contains("has 4194305 bytes, and 4194304 is the most"), "{message}");
}

// Changes.

#[test]
fn a_new_skill_is_told_and_there() {
    let skills = Skills::new();
    let filter = json!({
        "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
    });
    let mut client = skills.client(MODERN);
    let id = client.request("subscriptions/listen", &json!({ "notifications": filter }));
    client.next().unwrap();
    let mut legacy = skills.client(LEGACY[0]);
    legacy.result("ping", &json!({}));
    skills.write("new/SKILL.md", "---\nname: new\ndescription: New words\n---\nHello.\n");
    skills.load();
    for client in [&mut client, &mut legacy] {
        let told: Vec<Value> = (0..3).map(|_| client.next().unwrap()["method"].clone()).collect();
        assert_eq!(
            told,
            [
                "notifications/tools/list_changed",
                "notifications/prompts/list_changed",
                "notifications/resources/list_changed",
            ]
        );
        assert_eq!(client.call_text("skill__new", &json!({})).0, "Hello.\n");
    }
    assert!(id.is_u64());
}

#[test]
fn a_changed_file_is_reported_to_its_subscribers() {
    let skills = Skills::new();
    let watched = "skill://plain/SKILL.md";
    let uris = [watched, "skill://plain/new.md", "skill://code-review/SKILL.md"];
    let mut client = skills.client(MODERN);
    let filter = json!({ "resourceSubscriptions": uris });
    let id = client.request("subscriptions/listen", &json!({ "notifications": filter }));
    let acknowledged = client.next().unwrap();
    assert_eq!(acknowledged["params"]["notifications"]["resourceSubscriptions"], json!(uris));
    skills.write("plain/SKILL.md", "---\nname: plain\ndescription: Plain words\n---\nDo more.\n");
    skills.write("plain/new.md", "new");
    skills.load();
    for uri in &uris[..2] {
        let told = client.next().unwrap();
        assert_eq!(told["method"], "notifications/resources/updated");
        assert_eq!(told["params"]["uri"], *uri);
        assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    }
}

#[test]
fn a_new_sibling_file_is_noticed_without_reload() {
    let skills = Skills::new();
    let mut client = skills.client(MODERN);
    let uri = "skill://plain/notes.md";
    let filter = json!({ "resourcesListChanged": true, "resourceSubscriptions": [uri] });
    client.request("subscriptions/listen", &json!({ "notifications": filter }));
    client.next().unwrap();
    skills.write("plain/notes.md", "new");
    assert_eq!(client.next().unwrap()["method"], "notifications/resources/list_changed");
    assert_eq!(client.next().unwrap()["params"]["uri"], uri);
    skills.write("plain/notes.md", "longer");
    let mut told = client.next().unwrap();
    if told["method"] == "notifications/resources/list_changed" {
        // The size is in the list too.
        told = client.next().unwrap();
    }
    assert_eq!(told["params"]["uri"], uri);
}
