//! What a plugin asks for, beyond computing.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::limits;
use super::manifest::findings::wrong_kind;
use super::manifest::rules::{self, Flaw, quoted};
use super::object_reader::{ObjectReader, wrong};
use super::setting_key::setting_key;

/// The permissions of a manifest. Each is empty unless the manifest names it: a plugin without
/// permissions can compute and log, nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct PluginPermissions {
    /// Hosts that requests may reach: exact names, `*.example.com` for everything below, or
    /// `*` for all. `settings:KEY` is the host and port of the URL that the operator set under this key of the
    /// plugin's settings.
    pub network: Vec<String>,
    /// Folders and single files that `read-file` and `write-file` may reach. `~`, `$WORKSPACE` and
    /// `$PLUGIN_DIR` are expanded.
    pub filesystem: Vec<FileGrant>,
    /// Environment variables that `get-env` may read.
    pub env_vars: Vec<String>,
    /// Recorded and shown; this runtime has no shell function, so it opens nothing.
    pub shell: bool,
    /// Secrets that may be sent in header values, by the names under which the operator keeps them.
    /// `settings:KEY` is the secret that the operator named under this key.
    pub secrets: Vec<String>,
    /// Tools of others that the door `tools` may call: full names, where `*` at the end stands for any rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// KB that the plugin may keep in the door `store`. A manifest says it as `storage: {"max_kb": 64}`.
    #[serde(
        rename = "storage",
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_storage"
    )]
    pub storage_kb: Option<NonZeroU32>,
    /// Whether anybody may send the plugin HTTP requests, at `/hook/<id>`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub webhook: bool,
    /// KB of a module that is larger than what comes without a question. No manifest says it: it is
    /// measured when the package is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_kb: Option<NonZeroU32>,
}

impl TryFrom<Value> for PluginPermissions {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut given = ObjectReader::new(value)?.without_nulls(&["module_kb"]);
        let number = |name: &str, value: &Value| {
            let number = value.as_u64().and_then(|it| u32::try_from(it).ok());
            number.and_then(NonZeroU32::new).ok_or_else(|| wrong(name, "a number above 0"))
        };
        let storage =
            |it: Map<String, Value>| number(MAX_KB, it.get(MAX_KB).unwrap_or(&Value::Null));
        let permissions = Self {
            network: given.texts("network")?,
            filesystem: given.list("filesystem", FileGrant::try_from)?,
            env_vars: given.texts("env_vars")?,
            shell: given.flag("shell")?,
            secrets: given.texts("secrets")?,
            tools: given.texts("tools")?,
            storage_kb: given.object("storage")?.map(storage).transpose()?,
            webhook: given.flag("webhook")?,
            module_kb: given.value("module_kb").map(|it| number("module_kb", &it)).transpose()?,
        };
        given.end()?;
        Ok(permissions)
    }
}

/// The one key under `storage`.
const MAX_KB: &str = limits::STORAGE_KB.key;

fn as_storage<S: Serializer>(kb: &Option<NonZeroU32>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(kb.iter().map(|kb| (MAX_KB, kb)))
}

/// Whether a pattern of full tool names covers all that `asked` does: a name, or a pattern.
pub(crate) fn covers_tool(pattern: &str, asked: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => asked.starts_with(beginning),
        None => pattern == asked,
    }
}

/// Whether a pattern of tool names is not about the tools of one plugin: nobody can tell whose they are.
pub(crate) fn is_wide_tools(pattern: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|beginning| !beginning.contains("__"))
}

/// A folder or file that a manifest asks for. It is the text of its path to all who don't ask for
/// more, and two of the same path are the same permission.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct FileGrant {
    /// The path as the manifest spells it.
    pub path: String,
    /// Whether it is well that nothing is there: nobody is warned of it.
    pub optional: bool,
}

impl Deref for FileGrant {
    type Target = str;

    fn deref(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for FileGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

impl PartialEq for FileGrant {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl PartialEq<&str> for FileGrant {
    fn eq(&self, path: &&str) -> bool {
        self.path == *path
    }
}

impl From<String> for FileGrant {
    fn from(path: String) -> Self {
        Self { path, optional: false }
    }
}

impl From<&str> for FileGrant {
    fn from(path: &str) -> Self {
        path.to_owned().into()
    }
}

/// The keys of a grant that is a mapping.
const FILE_KEYS: [&str; 2] = ["path", "optional"];

impl FileGrant {
    /// A folder or file of the host: its path, or a mapping that says with it whether it may be missing.
    pub(in crate::contract) fn read(value: &Value) -> Result<Self, Flaw> {
        let Value::Object(entries) = value else {
            return match value {
                Value::String(path) => rules::host_path(path).map(FileGrant::from),
                other => Err(wrong_kind(other, "a path, or a mapping with a `path`")),
            };
        };
        if let Some(key) = entries.keys().find(|key| !FILE_KEYS.contains(&key.as_str())) {
            let problem = format_args!("unknown key `{}`", quoted(key));
            return Err(Flaw::new(&problem, &format_args!("allowed: {}", FILE_KEYS.join(", "))));
        }
        let path = match entries.get("path") {
            Some(Value::String(path)) => rules::host_path(path)?,
            _ => return Err(Flaw::new(&"a grant without a path", &"expected text under `path`")),
        };
        match entries.get("optional") {
            None => Ok(path.into()),
            Some(Value::Bool(optional)) => Ok(FileGrant { path, optional: *optional }),
            Some(other) => Err(wrong_kind(other, "true or false under `optional`")),
        }
    }
}

impl TryFrom<Value> for FileGrant {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Self::read(&value).map_err(|flaw| format!("{}; {}", flaw.problem, flaw.expected))
    }
}

impl From<FileGrant> for Value {
    fn from(FileGrant { path, optional }: FileGrant) -> Self {
        if optional { json!({ "path": path, "optional": true }) } else { path.into() }
    }
}

/// Environment variables that nobody gets, whatever a manifest lists. Compared without regard to case.
const NEVER_GIVEN: [&str; 8] = [
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
];

/// Whether the environment variable of this name is given to nobody.
pub(crate) fn is_never_given(name: &str) -> bool {
    NEVER_GIVEN.iter().any(|never| never.eq_ignore_ascii_case(name))
}

/// Whether a grant of this path is never opened, whatever is there: it begins with nothing that stands for
/// a folder.
pub(crate) fn is_never_opened(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let roots = ["~", "$WORKSPACE", "$PLUGIN_DIR", "$PLUGIN_DATA"];
    !path.starts_with('/') && !roots.contains(&first)
}

impl PluginPermissions {
    /// Whether a plugin may write, send or spend with them.
    #[cfg(feature = "autonomous")]
    pub(crate) fn may_do_harm(&self) -> bool {
        let Self { network, filesystem, tools, storage_kb, shell, .. } = self;
        !network.is_empty()
            || !filesystem.is_empty()
            || !tools.is_empty()
            || storage_kb.is_some()
            || *shell
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one of the `network` patterns covers all that `host` does: a host, or a pattern.
    #[must_use]
    pub fn reaches(&self, host: &str) -> bool {
        self.network.iter().any(|pattern| covers(pattern, host))
    }
}

/// The domain below which a `network` pattern names every host, if that is all there are or those of a top-level
/// domain: nobody can tell whose hosts they are. Without a list of public suffixes, no other one is known.
pub(crate) fn wide_domain(pattern: &str) -> Option<&str> {
    let domain = pattern.strip_prefix('*')?;
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    (!domain.contains('.')).then_some(domain)
}

fn covers(pattern: &str, asked: &str) -> bool {
    if pattern == "*" || pattern == asked {
        return true;
    }
    // The end of a key is no domain.
    if setting_key(asked).is_some() {
        return false;
    }
    let below = pattern.strip_prefix('*').filter(|suffix| suffix.starts_with('.'));
    below.is_some_and(|suffix| asked.len() > suffix.len() && asked.ends_with(suffix))
}
