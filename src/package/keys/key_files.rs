//! Keys: those that sign packages, and those whose signatures the operator trusts.
//!
//! A private key is in no error and in no `Debug` output.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::ed25519;
use crate::contract::{ActionableError, ObjectReader, from_hex, json_lines, to_hex};
use crate::package::digest::sha256_hex;
use crate::package::home::{FileAccess, HomeError, HomeErrorKind, HomeFault, HomeLock, folder};

/// The one algorithm there is.
pub(in crate::package) const ALGORITHM: &str = "ed25519";
/// Hex digits of a key's id.
const KEY_ID_DIGITS: usize = 16;
/// Characters of a trusted key's name.
const NAME_CHARS: usize = 64;

/// Why a key can't be made, read or trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(Box<KeyFault>);

/// What is wrong, and with what: the fields of a [`KeyError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// The key's file.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: KeyErrorKind,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// There is a file already, which is never overwritten.
    Exists,
    /// There is no such file, or no folder for it.
    Missing,
    /// The file can't be read or written.
    Io {
        /// The system's words.
        problem: String,
    },
    /// The file holds no such key.
    Malformed {
        /// What is wrong with it; never a part of the content.
        problem: String,
    },
    /// The name for a trusted key can't be shown.
    Name,
}

impl KeyError {
    fn io(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::AlreadyExists => KeyErrorKind::Exists,
            io::ErrorKind::NotFound => KeyErrorKind::Missing,
            _ => KeyErrorKind::Io { problem: error.to_string() },
        };
        Self::new(path, kind)
    }

    fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        let kind = KeyErrorKind::Malformed { problem: problem.into() };
        Self::new(path, kind)
    }

    fn new(path: &Path, kind: KeyErrorKind) -> Self {
        Self(Box::new(KeyFault { path: path.to_owned(), kind }))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            KeyErrorKind::Exists => write!(formatter, "{path} exists already"),
            KeyErrorKind::Missing => write!(formatter, "there is no {path}"),
            KeyErrorKind::Io { problem } => write!(formatter, "{path} can't be used: {problem}"),
            KeyErrorKind::Malformed { problem } => write!(formatter, "{path} is no key: {problem}"),
            KeyErrorKind::Name => write!(formatter, "the key in {path} needs another name"),
        }
    }
}

impl ActionableError for KeyError {
    fn next_step(&self) -> String {
        match self.kind {
            KeyErrorKind::Exists => "name another file".into(),
            KeyErrorKind::Missing => {
                "check the path, or make a key with `weft-lite key new`".into()
            }
            KeyErrorKind::Io { .. } => "check the path and who may read it".into(),
            KeyErrorKind::Malformed { .. } => {
                "give a file that `weft-lite key new` wrote: NAME to sign, NAME.pub to trust".into()
            }
            KeyErrorKind::Name => {
                format!("give it a name of one line, of at most {NAME_CHARS} characters")
            }
        }
    }
}

impl std::error::Error for KeyError {}

impl std::ops::Deref for KeyError {
    type Target = KeyFault;

    fn deref(&self) -> &KeyFault {
        &self.0
    }
}

/// A key that signs packages.
pub struct PrivateKey(Ed25519KeyPair);

struct PrivateDocument {
    algorithm: String,
    key_id: String,
    private_key: String,
}

impl TryFrom<Value> for PrivateDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?;
        Ok(Self {
            algorithm: document.required_text("algorithm")?,
            key_id: document.required_text("key_id")?,
            private_key: document.required_text("private_key")?,
        })
    }
}

impl PrivateKey {
    /// Makes a new key and writes it to `path`, for its owner alone, and its public half to
    /// [`public_path`](Self::public_path).
    ///
    /// # Errors
    ///
    /// [`KeyError`]. A file that exists stays as it is.
    pub fn create(path: &Path) -> Result<PublicKey, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|error| KeyError::io(path, &io::Error::other(error.to_string())))?;
        let public = Self::of(path, &seed)?.public();
        let (key_id, private_key) = (public.key_id(), to_hex(&seed));
        let text = json_lines(&json!({
            "algorithm": ALGORITHM,
            "key_id": key_id,
            "private_key": private_key,
        }));
        folder::write_new(path, text.as_bytes(), FileAccess::Owner)
            .map_err(|error| KeyError::io(path, &error))?;
        let public_path = Self::public_path(path);
        let written =
            folder::write_new(&public_path, public.json().as_bytes(), FileAccess::Everyone);
        if let Err(error) = written {
            // Half a pair is of no use to anybody.
            let _ = fs::remove_file(path);
            return Err(KeyError::io(&public_path, &error));
        }
        Ok(public)
    }

    /// Where the public half of the key in `path` is.
    #[must_use]
    pub fn public_path(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".pub");
        name.into()
    }

    /// Reads a key that [`create`](Self::create) wrote.
    ///
    /// # Errors
    ///
    /// [`KeyError`]
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let document: PrivateDocument = read_json(path)?;
        check_algorithm(path, &document.algorithm)?;
        let seed: [u8; 32] = from_hex(&document.private_key)
            .ok_or_else(|| KeyError::malformed(path, "`private_key` is not 32 bytes in hex"))?;
        let key = Self::of(path, &seed)?;
        check_id(path, &document.key_id, &key.public())?;
        Ok(key)
    }

    fn of(path: &Path, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed);
        key.map(Self).map_err(|error| KeyError::malformed(path, error.to_string()))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let (mut bytes, public) = ([0; 32], self.0.public_key().as_ref());
        bytes.iter_mut().zip(public).for_each(|(byte, of_key)| *byte = *of_key);
        PublicKey(bytes)
    }

    /// The signature over `message`, as hex.
    pub(in crate::package) fn sign(&self, message: &[u8]) -> String {
        to_hex(self.0.sign(message).as_ref())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({})", self.public().key_id())
    }
}

/// The half of a key that verifies signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

struct PublicDocument {
    algorithm: String,
    key_id: String,
    public_key: String,
    name: Option<String>,
}

impl TryFrom<Value> for PublicDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?.without_nulls(&["name"]);
        Ok(Self {
            algorithm: document.required_text("algorithm")?,
            key_id: document.required_text("key_id")?,
            public_key: document.required_text("public_key")?,
            name: document.text("name")?,
        })
    }
}

impl PublicKey {
    /// The first 16 hex digits of the key's SHA-256 digest.
    #[must_use]
    pub fn key_id(&self) -> String {
        let mut digest = sha256_hex(&self.0);
        digest.truncate(KEY_ID_DIGITS);
        digest
    }

    /// Reads a key's public half.
    ///
    /// # Errors
    ///
    /// [`KeyError`]
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        read_public(path).map(|(key, _)| key)
    }

    /// Whether `signature`, as hex, is this key's over `message`.
    pub(in crate::package) fn verify(&self, message: &[u8], signature: &str) -> bool {
        from_hex(signature).is_some_and(|signature| ed25519::is_valid(&self.0, message, &signature))
    }

    fn document(&self) -> Value {
        let (key_id, public_key) = (self.key_id(), to_hex(&self.0));
        json!({ "algorithm": ALGORITHM, "key_id": key_id, "public_key": public_key })
    }

    fn json(&self) -> String {
        json_lines(&self.document()) + "\n"
    }
}

/// A key whose signatures count.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// What the operator calls it.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// The keys in `trusted-keys/` of `$WEFT_HOME`.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    keys: Vec<TrustedKey>,
}

impl TrustedKeys {
    /// Reads all trusted keys; none if the folder is missing.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if a `*.json` file holds no key. A damaged store trusts nobody.
    pub fn read(home: &Path) -> Result<Self, KeyError> {
        let read = |path: &PathBuf| {
            let (key, name) = read_public(path)?;
            let name = name.unwrap_or_else(|| key.key_id());
            Ok(TrustedKey { name, key })
        };
        let keys = key_files(home)?.iter().map(read).collect::<Result<_, KeyError>>()?;
        Ok(Self { keys })
    }

    /// Stops trusting the key with this id. What it signed stays installed; see
    /// [`InstallRecord::signed_by`](crate::package::InstallRecord::signed_by). Returns whether it was
    /// trusted.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for a damaged store, and one that can't be written.
    pub fn distrust(home: &Path, key_id: &str) -> Result<bool, KeyError> {
        let _lock = HomeLock::acquire(home).map_err(of_home)?;
        let mut trusted = false;
        // Whoever put a key there by hand may have called the file anything.
        for path in key_files(home)? {
            if read_public(&path)?.0.key_id() == key_id {
                fs::remove_file(&path).map_err(|error| KeyError::io(&path, &error))?;
                trusted = true;
            }
        }
        Ok(trusted)
    }

    /// Trusts the key in the file `path` from now on; without a name, it is called as its file. Some
    /// values that are not keys are accepted. No signature fits them, so they do no harm.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the file holds no public key, or the store can't be written.
    pub fn trust(home: &Path, path: &Path, name: Option<&str>) -> Result<TrustedKey, KeyError> {
        let key = PublicKey::read(path)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = name.map_or(stem.unwrap_or_default(), str::to_owned);
        let is_shown = !name.is_empty() && !name.chars().any(char::is_control);
        if !is_shown || name.chars().count() > NAME_CHARS {
            return Err(KeyError::new(path, KeyErrorKind::Name));
        }
        let mut document = key.document();
        document["name"] = name.as_str().into();
        let text = json_lines(&document);
        let folder = home.join("trusted-keys");
        let file = folder.join(format!("{}.json", key.key_id()));
        let lock = HomeLock::acquire(home).map_err(of_home)?;
        folder::make_folder(&folder, FileAccess::Owner)
            .map_err(|error| KeyError::io(&folder, &error))?;
        lock.write(&file, text.as_bytes(), FileAccess::Everyone).map_err(of_home)?;
        Ok(TrustedKey { name, key })
    }

    /// The key of this id, if it is trusted.
    #[must_use]
    pub fn get(&self, key_id: &str) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.key_id() == key_id)
    }

    /// Every key, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.iter()
    }
}

/// The files of the keys that are trusted, in the order of their names.
fn key_files(home: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let mut paths = folder::children(&home.join("trusted-keys")).map_err(of_home)?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    Ok(paths)
}

fn read_public(path: &Path) -> Result<(PublicKey, Option<String>), KeyError> {
    let document: PublicDocument = read_json(path)?;
    check_algorithm(path, &document.algorithm)?;
    let key = from_hex(&document.public_key)
        .filter(|key| !ed25519::is_weak(key))
        .map(PublicKey)
        .ok_or_else(|| KeyError::malformed(path, "`public_key` is not an Ed25519 key in hex"))?;
    check_id(path, &document.key_id, &key)?;
    Ok((key, document.name))
}

fn read_json<T: TryFrom<Value>>(path: &Path) -> Result<T, KeyError> {
    let text = folder::read(path).map_err(of_home)?;
    let text = text.ok_or_else(|| KeyError::io(path, &io::ErrorKind::NotFound.into()))?;
    folder::parse_json(&text).map_err(|problem| KeyError::malformed(path, problem))
}

fn check_algorithm(path: &Path, algorithm: &str) -> Result<(), KeyError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(KeyError::malformed(path, format!("`algorithm` is not `{ALGORITHM}`")))
}

fn check_id(path: &Path, key_id: &str, key: &PublicKey) -> Result<(), KeyError> {
    if key_id == key.key_id() {
        return Ok(());
    }
    Err(KeyError::malformed(path, "`key_id` is another key's"))
}

fn of_home(error: HomeError) -> KeyError {
    let HomeFault { path, kind } = error.into();
    let kind = match kind {
        HomeErrorKind::Io { problem } => KeyErrorKind::Io { problem },
        HomeErrorKind::Busy => {
            KeyErrorKind::Io { problem: "another process keeps it locked".to_owned() }
        }
        HomeErrorKind::Malformed { problem } => KeyErrorKind::Malformed { problem },
    };
    KeyError::new(&path, kind)
}
