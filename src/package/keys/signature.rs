//! The signature of a package: Ed25519 over the digests of all its files.
//!
//! What is verified is the list made of the files that are there. The list inside the signature's
//! file is only for telling which of them changed.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::{Difference, DigestList};
use super::key_files::{ALGORITHM, PrivateKey, TrustedKey, TrustedKeys};
use crate::contract::{ActionableError, ObjectReader, json_lines, shown};
use crate::package::archive::PackError;
use crate::package::digest::SIGNATURE_FILE;
use crate::package::home::{FileAccess, folder};

/// What stands before the digest list in what is signed, so that the signature is good for
/// nothing else.
const PURPOSE: &str = "weft-lite package\n";

/// Why a package's signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is none.
    Missing,
    /// The signature's file can't be read as one.
    Malformed {
        /// What is wrong with it.
        problem: String,
    },
    /// It is by a key that the operator does not trust.
    UnknownKey {
        /// The key's id.
        key_id: String,
    },
    /// A file is not what was signed.
    File {
        /// The path inside the package.
        path: String,
        /// What became of it.
        difference: Difference,
    },
    /// It is not by the key that it names.
    Invalid {
        /// The key's id.
        key_id: String,
    },
    /// The registry's index has another signature.
    NotAsIndexed,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("the package is not signed"),
            Self::Malformed { problem } => {
                write!(formatter, "`{SIGNATURE_FILE}` is no signature: {problem}")
            }
            Self::UnknownKey { key_id } => {
                write!(formatter, "the package is signed by the key {key_id}, which is not trusted")
            }
            Self::File { path, difference } => {
                let what = match difference {
                    Difference::Added => "was added",
                    Difference::Removed => "was removed",
                    Difference::Changed => "was changed",
                };
                write!(formatter, "`{}` {what} after the package was signed", shown(path))
            }
            Self::Invalid { key_id } => {
                write!(formatter, "the signature is not by the key {key_id}, which it names")
            }
            Self::NotAsIndexed => formatter
                .write_str("the package's signature is not the one in the registry's index"),
        }
    }
}

impl ActionableError for SignatureError {
    fn next_step(&self) -> String {
        match self {
            Self::Missing => {
                "ask its author for a signed package (`weft-lite plugin sign`)".into()
            }
            Self::UnknownKey { .. } => {
                "if you trust its author, get the public key from them and run `weft-lite key trust FILE`"
                    .into()
            }
            Self::Malformed { .. }
            | Self::File { .. }
            | Self::Invalid { .. }
            | Self::NotAsIndexed => "get the package again, from its author".into(),
        }
    }
}

impl std::error::Error for SignatureError {}

/// A signature as it lies in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct PackageSignature {
    algorithm: String,
    /// The id of the key.
    pub key_id: String,
    digests: Vec<String>,
    /// The signature in hex.
    pub signature: String,
}

impl TryFrom<Value> for PackageSignature {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?;
        document.require(&["digests"])?;
        let signature = Self {
            algorithm: document.required_text("algorithm")?,
            key_id: document.required_text("key_id")?,
            digests: document.texts("digests")?,
            signature: document.required_text("signature")?,
        };
        document.end()?;
        Ok(signature)
    }
}

impl PackageSignature {
    /// Signs the package in `folder`, in place of an earlier signature.
    ///
    /// # Errors
    ///
    /// [`PackError`] if the package can't be read or breaks a rule, or the signature can't be
    /// written.
    pub fn create(folder: &Path, key: &PrivateKey) -> Result<Self, PackError> {
        let digests = DigestList::to_pack(folder)?;
        let signature = Self {
            algorithm: ALGORITHM.into(),
            key_id: key.public().key_id(),
            signature: key.sign(message(&digests).as_bytes()),
            digests: digests.lines(),
        };
        let path = folder.join(SIGNATURE_FILE);
        let text = json_lines(&json!({
            "algorithm": ALGORITHM,
            "key_id": signature.key_id,
            "digests": signature.digests,
            "signature": signature.signature,
        }));
        let written = std::fs::remove_file(&path)
            .or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
            .and_then(|()| folder::write_new(&path, text.as_bytes(), FileAccess::Everyone));
        written.map_err(|error| PackError::unreadable(&path, &error))?;
        Ok(signature)
    }

    /// The signature in `folder`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Missing`] and [`SignatureError::Malformed`].
    pub fn read(folder: &Path) -> Result<Self, SignatureError> {
        let malformed = |problem: String| SignatureError::Malformed { problem };
        let text = folder::read(&folder.join(SIGNATURE_FILE))
            .map_err(|error| malformed(error.to_string()))?
            .ok_or(SignatureError::Missing)?;
        let signature: Self = folder::parse_json(&text).map_err(malformed)?;
        if signature.algorithm != ALGORITHM {
            return Err(malformed(format!("`algorithm` is not `{ALGORITHM}`")));
        }
        Ok(signature)
    }

    /// Checks that these are the files that were signed, as the signature tells of them; by whom is for
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// [`SignatureError::File`] and [`SignatureError::Malformed`].
    pub fn is_of(&self, files: &DigestList) -> Result<(), SignatureError> {
        let signed = DigestList::from_lines(&self.digests).ok_or_else(|| {
            SignatureError::Malformed { problem: "its digests can't be read".into() }
        })?;
        match files.difference(&signed) {
            Some((path, difference)) => Err(SignatureError::File { path, difference }),
            None => Ok(()),
        }
    }

    /// Checks that a trusted key signed just these files.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: the key is not trusted, a file is not what was signed, or the signature
    /// is wrong.
    pub fn verify<'k>(
        &self,
        files: &DigestList,
        keys: &'k TrustedKeys,
    ) -> Result<&'k TrustedKey, SignatureError> {
        let key_id = || self.key_id.escape_debug().take(64).collect();
        let trusted = keys
            .get(&self.key_id)
            .ok_or_else(|| SignatureError::UnknownKey { key_id: key_id() })?;
        if trusted.key.verify(message(files).as_bytes(), &self.signature) {
            return Ok(trusted);
        }
        let signed = DigestList::from_lines(&self.digests);
        Err(match signed.and_then(|signed| files.difference(&signed)) {
            Some((path, difference)) => SignatureError::File { path, difference },
            None => SignatureError::Invalid { key_id: key_id() },
        })
    }
}

fn message(files: &DigestList) -> String {
    [PURPOSE, &files.text()].concat()
}
