//! The files of skills as resources: their URIs, kinds and contents, read when somebody asks.
//!
//! Names, sizes and links in a skill's folder are its author's, so files are opened beneath the folder,
//! and both their size and their number have a limit. What reads the disk blocks, and its callers run
//! it off the executor.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::contract::{Sha256, to_hex};

use super::catalog::{CatalogEntry, OfferedSkill};
use super::object::{Object, array};
use super::revision::Revision;
use crate::contract::{SortedMap, percent_decoded, sanitize_text, sort_by};
#[cfg(feature = "bundled")]
use crate::package::BUNDLED;
#[cfg(feature = "bundled")]
use crate::skill::BUNDLED_SKILLS;
pub(super) use crate::skill::SKILL_FILE;
use crate::skill::{OpenSkill, SKILL_TOTAL_BYTES};
use crate::task::off_executor;

/// Bytes of a file that is read as a resource: its text or base64 has to fit into one message.
const RESOURCE_BYTES: u64 = 4 << 20;

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
///
/// `None` for another scheme, and for a path that can't be decoded. The path is not checked here: reading it
/// beneath the folder is.
pub(super) fn named(uri: &str) -> Option<(&str, String)> {
    let rest = uri.strip_prefix("skill://")?;
    let (skill, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((skill, percent_decoded(path)?))
}

/// A file as clients find it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileResource {
    pub(super) uri: String,
    /// Its path from the skill's folder.
    pub(super) path: String,
    /// Its size in bytes when it was listed; 0 for a folder.
    pub(super) bytes: u64,
    /// When it was changed, if the file system says so; not shown to clients.
    modified: Option<SystemTime>,
    /// Its entry in `resources/list`.
    json: String,
}

impl CatalogEntry for FileResource {
    fn key(&self) -> &str {
        &self.uri
    }

    fn json(&self, _: Revision) -> &str {
        &self.json
    }
}

impl FileResource {
    /// The resource of a file. `SKILL.md` stands for the skill, so it has the skill's name and
    /// description.
    fn new(skill: &OfferedSkill, path: String, bytes: u64, modified: Option<SystemTime>) -> Self {
        let uri = uri(&skill.name, &path);
        let mut json = Object::new();
        json.member("uri", &uri);
        if path == SKILL_FILE {
            json.member("name", &*skill.name).member("description", &skill.document.description);
        } else {
            json.member("name", &*sanitize_text(&path));
        }
        json.member("mimeType", mime_type(&path)).member("size", &bytes);
        Self { json: json.end(), uri, path, bytes, modified }
    }
}

/// The files of a skill, in the order of their paths: all of them, or only `SKILL.md` where they are more
/// than may be offered, which `remark` records.
///
/// # Errors
///
/// Those of its folder.
pub(super) fn list(
    skill: &OfferedSkill,
    remark: impl FnOnce(&io::Error),
) -> io::Result<Vec<FileResource>> {
    match list_whole(skill) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            remark(&error);
            let bytes = read(skill, SKILL_FILE)?.len() as u64;
            Ok(vec![FileResource::new(skill, SKILL_FILE.to_owned(), bytes, None)])
        }
        listed => listed,
    }
}

/// The same, or nothing.
///
/// # Errors
///
/// Those of its folder, and that it is more than may be offered.
fn list_whole(skill: &OfferedSkill) -> io::Result<Vec<FileResource>> {
    let files = match &skill.folder {
        Some(folder) => OpenSkill::open(folder)?.files()?,
        None => Vec::new(),
    };
    let mut resources: Vec<FileResource> = files
        .into_iter()
        .map(|file| FileResource::new(skill, file.path, file.bytes, file.modified))
        .collect();
    // It is compiled in, or a link to another folder: what was read of it is known.
    let place = resources.binary_search_by(|file| file.path.as_str().cmp(SKILL_FILE));
    if let Err(place) = place
        && has_known_text(skill)
    {
        let bytes = known_text(skill).len() as u64;
        resources.insert(place, FileResource::new(skill, SKILL_FILE.to_owned(), bytes, None));
    }
    Ok(resources)
}

/// What is in a file of a skill, of at most [`RESOURCE_BYTES`].
///
/// # Errors
///
/// Those of the file; `NotFound` where there is none, `FileTooLarge` with the limit.
pub(super) fn read(skill: &OfferedSkill, path: &str) -> io::Result<Vec<u8>> {
    read_bounded(skill, path, RESOURCE_BYTES)
}

/// What is in a file of at most `limit` bytes, with `SKILL.md` from memory where the folder has none of
/// its own.
fn read_bounded(skill: &OfferedSkill, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    let content = match &skill.folder {
        Some(folder) => OpenSkill::open(folder)?.read(path, limit),
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    match content {
        Err(error)
            if path == SKILL_FILE
                && error.kind() != io::ErrorKind::FileTooLarge
                && has_known_text(skill) =>
        {
            Ok(known_text(skill).into_bytes())
        }
        content => content,
    }
}

/// Whether the skill's own file is none of its folder's: it is compiled in, or a link.
fn has_known_text(skill: &OfferedSkill) -> bool {
    let is_link = |folder: &Path| {
        folder.join(SKILL_FILE).symlink_metadata().is_ok_and(|file| file.is_symlink())
    };
    skill.folder.as_deref().is_none_or(is_link)
}

/// Whether bytes that are UTF-8 are text. NUL bytes are in none, and what is made of other control
/// characters would be many times as long in JSON.
pub(super) fn is_text(content: &[u8]) -> bool {
    let escaped = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    !content.contains(&0) && content.iter().filter(escaped).count() <= content.len() / 8
}

/// The `SKILL.md` of a skill without a file of its own in its folder. Where it is not compiled in, only
/// what it says is known; its file is that, with the frontmatter in JSON, which is YAML.
fn known_text(skill: &OfferedSkill) -> String {
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
/// out, and of one with too many files only `SKILL.md` is listed. Both are logged at `level`.
pub(super) fn list_all(skills: &[OfferedSkill], level: log::Level) -> Vec<FileResource> {
    let mut resources = Vec::new();
    for skill in skills {
        let remark = |error: &io::Error| {
            log::log!(
                level,
                "of the files of skill {} only SKILL.md is offered: {error}",
                skill.name
            );
        };
        match list(skill, remark) {
            Ok(files) => resources.extend(files),
            Err(error) => {
                log::log!(level, "the files of skill {} are not offered: {error}", skill.name);
            }
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
    files: Vec<FileResource>,
) -> Option<Vec<FileResource>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut children: SortedMap<String, FileResource> = SortedMap::new();
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
                let name = sanitize_text(name);
                json.member("uri", &uri).member("name", &*name).member("mimeType", FOLDER_TYPE);
                let folder = FileResource { json: json.end(), uri, path, bytes: 0, modified: None };
                // All files of a folder make the same entry.
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
///
/// A client compares a file that it reads with its digest, so the list is whole or there is none.
pub(super) fn manifest(skill: &OfferedSkill) -> io::Result<String> {
    let mut resources = Vec::new();
    for file in list_whole(skill)? {
        let content = read_bounded(skill, &file.path, SKILL_TOTAL_BYTES)?;
        let digest = to_hex(&Sha256::of(&content));
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
pub(super) struct ResourceIndex(Vec<FileResource>);

impl ResourceIndex {
    /// Looks at the files of these skills.
    pub(super) async fn look(skills: Arc<[OfferedSkill]>) -> Self {
        Self(off_executor(move || list_all(&skills, log::Level::Debug)).await)
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
