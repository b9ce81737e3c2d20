//! The files of skills as resources: their URIs, kinds and contents, read when somebody asks.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::catalog::{Entry, Keyed, OfferedSkill};
use super::object::{Object, array};
use super::revision::Revision;
use crate::contract::sort_by;
#[cfg(feature = "bundled")]
use crate::package::BUNDLED;
use crate::sandbox::off_executor;
#[cfg(feature = "bundled")]
use crate::skill::BUNDLED_SKILLS;
use crate::skill::OpenSkill;

/// The file that makes a folder a skill.
pub(super) const SKILL_FILE: &str = "SKILL.md";

/// What a folder is as a resource (SEP-2640).
const FOLDER_TYPE: &str = "inode/directory";

/// MIME types by the end of a name.
const TYPES: [(&str, &str); 32] = [
    ("bash", "text/x-shellscript"),
    ("c", "text/x-c"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("go", "text/x-go"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ps1", "text/plain"),
    ("py", "text/x-python"),
    ("rb", "text/x-ruby"),
    ("rs", "text/x-rust"),
    ("sh", "text/x-shellscript"),
    ("sql", "application/sql"),
    ("svg", "image/svg+xml"),
    ("toml", "application/toml"),
    ("ts", "text/x-typescript"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
];

/// The MIME type of a file, by its name.
pub(super) fn mime_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let known = end.and_then(|end| TYPES.iter().find(|(known, _)| *known == end));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

/// The URI of a file of a skill. What a path segment may not hold is percent-encoded (RFC 3986,
/// section 3.3).
pub(super) fn uri(skill: &str, path: &str) -> String {
    let mut uri = format!("skill://{skill}/");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*'
            | b'+' | b',' | b';' | b'=' | b':' | b'@' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The skill and the path that a URI names; the path is empty for the skill's own folder.
pub(super) fn named(uri: &str) -> Option<(&str, String)> {
    let rest = uri.strip_prefix("skill://")?;
    let (skill, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    Some((skill, String::from_utf8(decoded).ok()?))
}

/// A file as clients find it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) uri: String,
    /// Its path from the skill's folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    modified: Option<SystemTime>,
    json: String,
}

impl Keyed for Resource {
    fn key(&self) -> &str {
        &self.uri
    }
}

impl Entry for Resource {
    fn json(&self, _: Revision) -> &str {
        &self.json
    }
}

impl Resource {
    fn new(skill: &OfferedSkill, path: String, bytes: u64, modified: Option<SystemTime>) -> Self {
        let uri = uri(&skill.name, &path);
        let mut json = Object::new();
        json.member("uri", &uri);
        if path == SKILL_FILE {
            json.member("name", &*skill.name).member("description", &skill.document.description);
        } else {
            json.member("name", &path);
        }
        json.member("mimeType", mime_type(&path)).member("size", &bytes);
        Self { json: json.end(), uri, path, bytes, modified }
    }
}

/// The files of a skill, in the order of their paths.
///
/// # Errors
///
/// Those of its folder, and that it is more than may be offered.
pub(super) fn list(skill: &OfferedSkill) -> io::Result<Vec<Resource>> {
    let Some(folder) = &skill.folder else {
        let bytes = compiled_in(skill).len() as u64;
        return Ok(vec![Resource::new(skill, SKILL_FILE.to_owned(), bytes, None)]);
    };
    let files = OpenSkill::open(folder)?.files()?;
    let resource =
        |file: crate::skill::SkillFile| Resource::new(skill, file.path, file.bytes, file.modified);
    Ok(files.into_iter().map(resource).collect())
}

/// What is in a file of a skill.
///
/// # Errors
///
/// Those of the file; `NotFound` where there is none.
pub(super) fn read(skill: &OfferedSkill, path: &str) -> io::Result<Vec<u8>> {
    match &skill.folder {
        Some(folder) => OpenSkill::open(folder)?.read(path),
        None if path == SKILL_FILE => Ok(compiled_in(skill).into_bytes()),
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

/// The file of a skill that is compiled in. Of one that an embedder has put there only what it says is
/// known; its file is that, with the frontmatter in JSON, which is YAML.
fn compiled_in(skill: &OfferedSkill) -> String {
    #[cfg(feature = "bundled")]
    {
        let with_code = BUNDLED.iter().map(|plugin| (plugin.name, plugin.skill));
        let mut all = BUNDLED_SKILLS.iter().copied().chain(with_code);
        if let Some((_, text)) = all.find(|(name, _)| *name == &*skill.name) {
            return text.to_owned();
        }
    }
    let document = &skill.document;
    format!("---\n{}\n---\n{}", document.frontmatter.as_json(), document.instructions)
}

/// Every file of these skills, in the order of the URIs. A skill whose folder can't be listed is left
/// out, with a word to the operator.
pub(super) fn list_all(skills: &[OfferedSkill]) -> Vec<Resource> {
    let mut resources = Vec::new();
    for skill in skills {
        match list(skill) {
            Ok(files) => resources.extend(files),
            Err(error) => log::debug!("the files of skill {} are not offered: {error}", skill.name),
        }
    }
    sort_by(&mut resources, |one, other| one.uri.cmp(&other.uri));
    resources
}

/// What is directly in a folder of a skill: files as they are, folders with a type of their own.
/// `None` where there is no such folder.
pub(super) fn children(
    skill: &OfferedSkill,
    folder: &str,
    files: Vec<Resource>,
) -> Option<Vec<Resource>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut children: BTreeMap<String, Resource> = BTreeMap::new();
    for file in files {
        let Some(rest) = file.path.strip_prefix(&prefix) else { continue };
        match rest.split_once('/') {
            None => {
                children.insert(file.uri.clone(), file);
            }
            Some((name, _)) => {
                let path = format!("{prefix}{name}");
                let uri = uri(&skill.name, &path);
                let mut json = Object::new();
                json.member("uri", &uri).member("name", name).member("mimeType", FOLDER_TYPE);
                let folder = Resource { json: json.end(), uri, path, bytes: 0, modified: None };
                children.insert(folder.uri.clone(), folder);
            }
        }
    }
    (folder.is_empty() || !children.is_empty()).then(|| children.into_values().collect())
}

/// A skill with all its files and their digests, as the skills extension wants it.
///
/// # Errors
///
/// Those of its files.
pub(super) fn manifest(skill: &OfferedSkill) -> io::Result<String> {
    let mut resources = Vec::new();
    for file in list(skill)? {
        let content = read(skill, &file.path)?;
        let digest = Sha256::digest(&content);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut resource = Object::new();
        resource
            .member("uri", &file.uri)
            .member("digest", &format!("sha256:{digest}"))
            .member("size", &content.len());
        resources.push(resource.end());
    }
    let mut entry = Object::new();
    entry
        .member("uri", &uri(&skill.name, SKILL_FILE))
        .raw("frontmatter", skill.document.frontmatter.as_json())
        .raw("resources", &array(resources.iter().map(String::as_str)));
    Ok(entry.end())
}

/// What the resources were at one moment, to tell which of them have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Index(Vec<Resource>);

impl Index {
    /// Looks at the files of these skills.
    pub(super) async fn look(skills: Arc<[OfferedSkill]>) -> Self {
        Self(off_executor(move || list_all(&skills)).await)
    }

    /// Whether the list of all resources is another one than in `earlier`.
    pub(super) fn lists_others(&self, earlier: &Self) -> bool {
        let entries = |index: &Self| index.0.iter().map(|it| it.json.clone()).collect::<Vec<_>>();
        entries(self) != entries(earlier)
    }

    /// Whether a resource is another one than in `earlier`, or is not there any more.
    pub(super) fn differs(&self, earlier: &Self, uri: &str) -> bool {
        let find = |index: &Self| {
            let at = index.0.binary_search_by(|resource| resource.uri.as_str().cmp(uri));
            at.ok().map(|at| (index.0[at].bytes, index.0[at].modified))
        };
        find(self) != find(earlier)
    }
}
