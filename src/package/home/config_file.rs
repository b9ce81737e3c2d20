//! `config.yaml`, as a program edits it: replaced whole, and only if nobody else has changed it meanwhile.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::folder::{self, FileAccess, HomeError, HomeLock};
use crate::contract::ActionableError;

/// Why the configuration was not replaced. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigFileError {
    /// Somebody else has changed the file since it was read.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is a link, which would be replaced by a file.
    Linked {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be written.
    Home(HomeError),
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { path } => {
                write!(formatter, "{} has changed meanwhile", path.display())
            }
            Self::Linked { path } => write!(formatter, "{} is a link", path.display()),
            Self::Home(error) => error.fmt(formatter),
        }
    }
}

impl ActionableError for ConfigFileError {
    fn next_step(&self) -> String {
        match self {
            Self::Changed { .. } => "run the command again".into(),
            Self::Linked { .. } => "edit the file that it leads to".into(),
            Self::Home(error) => error.next_step(),
        }
    }
}

impl std::error::Error for ConfigFileError {}

impl From<HomeError> for ConfigFileError {
    fn from(error: HomeError) -> Self {
        Self::Home(error)
    }
}

/// The operator's configuration as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    home: PathBuf,
    text: Option<String>,
}

impl ConfigFile {
    /// The file's path.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("config.yaml")
    }

    /// Reads the file, which may be missing.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if it can't be read.
    pub fn read(home: &Path) -> Result<Self, HomeError> {
        let text = folder::read(&Self::path(home))?;
        Ok(Self { home: home.to_owned(), text })
    }

    /// Its text, empty if it is missing.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether the file is a link, which [`replace`](Self::replace) refuses.
    #[must_use]
    pub fn is_link(&self) -> bool {
        Self::path(&self.home).is_symlink()
    }

    /// Replaces the text. Who may read the file stays as it is; a new one is for its owner alone.
    ///
    /// # Errors
    ///
    /// [`ConfigFileError`]
    pub fn replace(&self, text: &str) -> Result<(), ConfigFileError> {
        let path = Self::path(&self.home);
        let lock = HomeLock::acquire(&self.home)?;
        if folder::read(&path)? != self.text {
            return Err(ConfigFileError::Changed { path });
        }
        if self.is_link() {
            return Err(ConfigFileError::Linked { path });
        }
        let before = path.metadata().ok();
        lock.write(&path, text.as_bytes(), FileAccess::Owner)?;
        match before {
            Some(before) => fs::set_permissions(&path, before.permissions())
                .map_err(|error| HomeError::io(&path, &error).into()),
            None => Ok(()),
        }
    }
}
