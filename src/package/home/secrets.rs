//! The secrets that the operator keeps in `$WEFT_HOME/secrets`: a file each, for its owner alone.
//!
//! No value appears in an error, in `Debug` output or in a list.

use std::env::VarError;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{self, FileAccess, HomeError, HomeLock};
use crate::contract::{
    ActionableError, ObjectReader, Secret, SecretSource, check_host_pattern, missing,
};
use crate::skill::at_most;

/// Characters of a secret's name.
const NAME_CHARS: usize = 64;
/// Bytes of a value. A header of this size is over most servers' limits already.
const VALUE_BYTES: usize = 8 * 1024;

/// Why a secret can't be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The name breaks the rule.
    Name {
        /// The name.
        name: String,
    },
    /// A host can't be bound to.
    Host {
        /// The host.
        host: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// No host is named.
    NoHost,
    /// The value can't stand in a header.
    Value {
        /// What is wrong with it, without the value.
        problem: &'static str,
    },
    /// The store can't be read or written.
    Home(HomeError),
}

impl fmt::Display for SecretError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(formatter, "`{name}` can't be a secret's name"),
            Self::Host { host, problem } => {
                write!(formatter, "a secret can't be bound to `{host}`: {problem}")
            }
            Self::NoHost => formatter.write_str("a secret must be bound to at least one host"),
            Self::Value { problem } => write!(formatter, "the value can't be used: {problem}"),
            Self::Home(error) => error.fmt(formatter),
        }
    }
}

impl ActionableError for SecretError {
    fn next_step(&self) -> String {
        match self {
            Self::Name { .. } => format!("use 1 to {NAME_CHARS} of A-Z, a-z, 0-9, `_` and `-`"),
            Self::Host { .. } | Self::NoHost => {
                "name the host that may get it, for instance `api.example.com` or `*.example.com`"
                    .into()
            }
            Self::Value { .. } => {
                format!("give 1 to {VALUE_BYTES} bytes of visible ASCII on one line")
            }
            Self::Home(error) => error.next_step(),
        }
    }
}

impl std::error::Error for SecretError {}

impl From<HomeError> for SecretError {
    fn from(error: HomeError) -> Self {
        Self::Home(error)
    }
}

/// Where a secret's value is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Value")]
pub enum SecretValue {
    /// Here.
    Value(String),
    /// In an environment variable of the host.
    Env(String),
    /// In a file, read at every use.
    File(PathBuf),
}

impl TryFrom<Value> for SecretValue {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut source = ObjectReader::new(value)?;
        let found = match (source.text("value")?, source.text("env")?, source.text("file")?) {
            (Some(value), None, None) => Self::Value(value),
            (None, Some(name), None) => Self::Env(name),
            (None, None, Some(path)) => Self::File(path.into()),
            _ => return Err("expected one of `value`, `env` and `file`".into()),
        };
        source.end()?;
        Ok(found)
    }
}

impl SecretValue {
    /// Reads a value: one line, without its end.
    ///
    /// # Errors
    ///
    /// Those of reading; [`io::ErrorKind::InvalidData`] for what is empty, too long or can't stand
    /// in a header.
    pub fn from_reader(source: impl Read) -> io::Result<Self> {
        let value = Self::Value(line(source)?);
        value.read().map(|_| value)
    }

    /// The value as it is at this moment, from where it is.
    ///
    /// # Errors
    ///
    /// Those of reading, as [`from_reader`](Self::from_reader) has them; [`io::ErrorKind::NotFound`]
    /// for a variable that is not set.
    pub fn read(&self) -> io::Result<String> {
        let invalid = |problem| io::Error::new(io::ErrorKind::InvalidData, problem);
        let value = match self {
            Self::Value(value) => value.clone(),
            Self::Env(name) => std::env::var(name).map_err(|error| match error {
                VarError::NotPresent => io::Error::new(io::ErrorKind::NotFound, "it is not set"),
                VarError::NotUnicode(_) => invalid("it is not UTF-8 text"),
            })?,
            // Opening a pipe would wait for its writer.
            Self::File(path) if !fs::metadata(path)?.is_file() => {
                return Err(invalid("it is not a regular file"));
            }
            Self::File(path) => line(File::open(path)?)?,
        };
        check_value(&value).map_err(invalid)?;
        Ok(value)
    }

    /// The kind alone, as a list shows it.
    fn describe(&self) -> String {
        match self {
            Self::Value(_) => "value".into(),
            Self::Env(name) => format!("env {name}"),
            Self::File(path) => format!("file {}", path.display()),
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.describe())
    }
}

/// A secret as it is listed: everything but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretSummary {
    /// Its name.
    pub name: String,
    /// The hosts that may get it.
    pub hosts: Vec<String>,
    /// `value`, `env NAME` or `file PATH`.
    pub source: String,
    /// Whether it may also go over plain http, to a private host that the operator allowed.
    pub allow_http: bool,
}

/// The secrets of one `$WEFT_HOME`.
#[derive(Debug, Clone)]
pub struct FileSecrets {
    home: PathBuf,
}

#[derive(Serialize)]
struct SecretDocument {
    hosts: Vec<String>,
    from: SecretValue,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_http: bool,
}

impl TryFrom<Value> for SecretDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut secret = ObjectReader::new(value)?;
        secret.require(&["hosts"])?;
        let from = secret.value("from").ok_or_else(|| missing("from"))?;
        let document = Self {
            hosts: secret.texts("hosts")?,
            from: from.try_into()?,
            allow_http: secret.flag("allow_http")?,
        };
        secret.end()?;
        Ok(document)
    }
}

/// How a secret may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretTransport {
    /// Over https alone.
    Https,
    /// Over https, and over plain http to a private host that the operator allowed.
    HttpToPrivateHosts,
}

impl FileSecrets {
    /// The store in `home`, which need not exist.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }

    /// Whether a secret could be kept under `name` for these hosts, before its value is known.
    ///
    /// # Errors
    ///
    /// [`SecretError::Name`], [`SecretError::Host`] and [`SecretError::NoHost`].
    pub fn check(&self, name: &str, hosts: &[String]) -> Result<(), SecretError> {
        self.checked(name, hosts).map(|_| ())
    }

    /// Where the secret is kept, and the hosts in their canonical form.
    fn checked(&self, name: &str, hosts: &[String]) -> Result<(PathBuf, Vec<String>), SecretError> {
        let path = self.path(name)?;
        if hosts.is_empty() {
            return Err(SecretError::NoHost);
        }
        let hosts = hosts.iter().map(|host| bindable(host)).collect::<Result<_, _>>()?;
        Ok((path, hosts))
    }

    /// Keeps a secret under `name`, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// [`SecretError`], with any of its kinds.
    pub fn set(
        &self,
        name: &str,
        value: SecretValue,
        hosts: &[String],
        transport: SecretTransport,
    ) -> Result<(), SecretError> {
        let (path, hosts) = self.checked(name, hosts)?;
        if let SecretValue::Value(value) = &value {
            check_value(value).map_err(|problem| SecretError::Value { problem })?;
        }
        let text = serde_json::to_string(&SecretDocument {
            hosts,
            from: value,
            allow_http: transport == SecretTransport::HttpToPrivateHosts,
        })
        .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        let lock = HomeLock::acquire(&self.home)?;
        let folder = self.folder();
        folder::make_folder(&folder, FileAccess::Owner)
            .map_err(|error| HomeError::io(&folder, &error))?;
        Ok(lock.write(&path, text.as_bytes(), FileAccess::Owner)?)
    }

    /// Removes a secret. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`SecretError::Name`] and [`SecretError::Home`].
    pub fn remove(&self, name: &str) -> Result<bool, SecretError> {
        let path = self.path(name)?;
        let _lock = HomeLock::acquire(&self.home)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(HomeError::io(&path, &error).into()),
        }
    }

    /// Every secret there is, without the values.
    ///
    /// # Errors
    ///
    /// [`SecretError::Home`]
    pub fn list(&self) -> Result<Vec<SecretSummary>, SecretError> {
        let mut summaries = Vec::new();
        for (name, path) in self.named()? {
            if let Some(SecretDocument { hosts, from, allow_http }) = read_document(&path)? {
                summaries.push(SecretSummary { name, hosts, source: from.describe(), allow_http });
            }
        }
        Ok(summaries)
    }

    /// The name and the file of each secret.
    fn named(&self) -> Result<Vec<(String, PathBuf)>, HomeError> {
        let named = |path: PathBuf| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let is_ours = path.extension().is_some_and(|end| end == "json") && is_name(&name);
            is_ours.then_some((name, path))
        };
        Ok(folder::children(&self.folder())?.into_iter().filter_map(named).collect())
    }

    /// Those that can be read.
    fn documents(&self) -> impl Iterator<Item = SecretDocument> {
        let files = self.named().unwrap_or_default().into_iter();
        files.filter_map(|(_, path)| read_document(&path).ok()?)
    }

    fn folder(&self) -> PathBuf {
        self.home.join("secrets")
    }

    fn path(&self, name: &str) -> Result<PathBuf, SecretError> {
        if !is_name(name) {
            return Err(SecretError::Name { name: name.escape_debug().take(NAME_CHARS).collect() });
        }
        Ok(self.folder().join(format!("{name}.json")))
    }
}

impl SecretSource for FileSecrets {
    fn secret(&self, name: &str) -> Option<Secret> {
        let path = self.path(name).ok()?;
        let document = read_document(&path).unwrap_or_else(|error| {
            log::warn!("the secret `{name}` can't be used: {error}");
            None
        });
        let SecretDocument { hosts, from, allow_http } = document?;
        let value = from.read().inspect_err(|error| {
            log::warn!("the secret `{name}` has no usable value ({}): {error}", from.describe());
        });
        Some(Secret { value: value.ok()?, hosts, allow_http })
    }

    /// What can't be read is left out: [`secret`](Self::secret) can't send it either.
    fn all(&self) -> Vec<Secret> {
        let usable = |SecretDocument { hosts, from, allow_http }| {
            Some(Secret { value: from.read().ok()?, hosts, allow_http })
        };
        self.documents().filter_map(usable).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        let file = |SecretDocument { from, .. }| match from {
            SecretValue::File(path) => Some(path),
            _ => None,
        };
        self.documents().filter_map(file).collect()
    }
}

fn read_document(path: &Path) -> Result<Option<SecretDocument>, HomeError> {
    let Some(text) = folder::read(path)? else { return Ok(None) };
    folder::parse_json(&text).map(Some).map_err(|problem| HomeError::malformed(path, problem))
}

/// A text without the end of its line; only the beginning of one that is too long.
fn line(mut source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    at_most(&mut source, VALUE_BYTES as u64 + 3).read_to_string(&mut text)?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=NAME_CHARS).contains(&name.len()) && name.bytes().all(allowed)
}

/// A header's value: what is invisible could end the header or hide in it.
fn check_value(value: &str) -> Result<(), &'static str> {
    if value.is_empty() {
        return Err("it is empty");
    }
    if value.len() > VALUE_BYTES {
        return Err("it is too long");
    }
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err("it has line breaks or other characters that a header can't hold");
    }
    Ok(())
}

/// A host in its canonical form. All hosts there are would be no bound.
fn bindable(host: &str) -> Result<String, SecretError> {
    let refused = |problem: String| SecretError::Host { host: host.to_owned(), problem };
    match check_host_pattern(host) {
        Ok(all) if all == "*" => Err(refused("it stands for every host".into())),
        checked => checked.map_err(refused),
    }
}
