//! Applies the operator's `config.yaml` to a builder.
//!
//! The keys and their ranges are those of [`Config`]. Here is what needs the disk: the two files,
//! their order, and the paths in them.

use std::fmt;
#[cfg(feature = "net")]
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::builder::RuntimeBuilder;
use super::machine;
use super::workspace::same_place;
use crate::contract::{ActionableError, Config, InvalidConfig, ParsedConfig, expand_path};
use crate::package::{ConfigFile, ReadLimits, WorkspaceTrust};
#[cfg(feature = "net")]
use crate::sandbox::NetworkOptions;
use crate::skill::{at_most, open_regular};

/// The configuration in a workspace.
const WORKSPACE_FILE: &str = ".weft/config.yaml";
/// The longest configuration: 1 MiB. A larger file is refused.
const CONFIG_BYTES: u64 = 1024 * 1024;
/// Extensions of files that look like a configuration and are not read.
const OTHER_EXTENSIONS: [&str; 3] = ["yml", "json", "toml"];

/// Why a configuration can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: ConfigErrorKind,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The file, or one that it names, can't be read.
    Unreadable {
        /// The file that can't be read.
        file: PathBuf,
        /// The system's words.
        problem: String,
    },
    /// The file is not UTF-8 text.
    NotText,
    /// A path in it can't be expanded.
    Path {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Keys break the rules.
    Invalid(InvalidConfig),
    /// The network section can't be used.
    Network {
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ConfigErrorKind::Unreadable { file, problem } => {
                write!(formatter, "{} can't be read: {problem}", file.display())
            }
            ConfigErrorKind::NotText => {
                write!(formatter, "{} is not UTF-8 text", self.path.display())
            }
            ConfigErrorKind::Path { key, problem } => {
                write!(formatter, "invalid path `{key}` in {}: {problem}", self.path.display())
            }
            ConfigErrorKind::Invalid(error) => {
                write!(formatter, "invalid configuration {}:\n{error}", self.path.display())
            }
            ConfigErrorKind::Network { problem } => {
                write!(formatter, "invalid configuration {}: {problem}", self.path.display())
            }
        }
    }
}

impl ActionableError for ConfigError {
    fn next_step(&self) -> String {
        match &self.kind {
            ConfigErrorKind::Unreadable { .. } => "check the path and its permissions".into(),
            ConfigErrorKind::NotText => {
                format!("save {} as UTF-8, as every editor can", self.path.display())
            }
            ConfigErrorKind::Path { .. } => {
                format!("write the path in full in {}", self.path.display())
            }
            ConfigErrorKind::Invalid(_) | ConfigErrorKind::Network { .. } => {
                format!("correct it in {}", self.path.display())
            }
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ConfigErrorKind::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl RuntimeBuilder {
    /// Reads and applies `config.yaml` in weft-lite's own folder, and over it `.weft/config.yaml`
    /// of a trusted workspace, which can only tighten it. Call it after
    /// [`workspace`](Self::workspace), [`trust_workspace`](Self::trust_workspace) and
    /// [`user_home`](Self::user_home), which replaces `~` in paths. A missing file is an empty one.
    /// Returns the builder, and the configuration with warnings for its author.
    ///
    /// Options that the configuration has are set by it even if no file names them, and then to
    /// their defaults: set what should win after this call.
    ///
    /// ```
    /// use weft_lite::Runtime;
    ///
    /// let home = std::env::temp_dir().join(format!("weft-configure-{}", std::process::id()));
    /// std::fs::create_dir_all(&home)?;
    /// std::fs::write(home.join("config.yaml"), "limits:\n  surface_memory_mb: 8\n")?;
    ///
    /// let (builder, parsed) = Runtime::builder().weft_home(&home).configure(&home)?;
    /// assert!(parsed.warnings.is_empty());
    /// assert_eq!(builder.build().surface_memory_bytes(), 8 << 20);
    /// # std::fs::remove_dir_all(&home)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: an invalid configuration is never applied in part.
    pub fn configure(self, weft_home: &Path) -> Result<(Self, ParsedConfig), ConfigError> {
        let own = ConfigFile::path(weft_home);
        let below = read(&own)?;
        let workspace = self.workspace.join(WORKSPACE_FILE);
        let has_above = self.trust == WorkspaceTrust::Trusted && !same_place(&own, &workspace);
        let above = if has_above { read(&workspace)? } else { String::new() };
        let failed = |path: &Path, kind| ConfigError { path: path.to_owned(), kind };
        // Each file is parsed on its own first, so that an error names the right file.
        let invalid = |path, error| failed(path, ConfigErrorKind::Invalid(error));
        let mut parsed = Config::from_yaml(&below).map_err(|error| invalid(&own, error))?;
        let has_no_budget = parsed.config.memory_budget_bytes.is_none();
        if has_above {
            let above = Config::from_yaml(&above)
                .and_then(|_| Config::from_layers(&below, &above))
                .map_err(|error| invalid(&workspace, error));
            parsed = above?;
        }
        let ParsedConfig { config, warnings, loosening } = &mut parsed;
        // A workspace can't raise the machine's default either, if the operator's file sets no budget.
        if has_no_budget {
            let most = machine::default_memory_budget_bytes();
            config.memory_budget_bytes = config.memory_budget_bytes.map(|bytes| bytes.min(most));
        }
        warnings.extend(loosening.iter().map(|key| {
            let (from, to) = (workspace.display(), own.display());
            format!("`{key}` in {from} is ignored, for a workspace can't loosen; set it in {to}")
        }));
        if config.autonomous.enabled && !cfg!(feature = "autonomous") {
            let own = own.display();
            warnings.push(format!(
                "`autonomous_skills` in {own} has no effect: this program was built without it"
            ));
        }
        warnings.extend([(&own, true), (&workspace, has_above)].into_iter().filter_map(misnamed));
        let home = self.user_home.as_deref();
        expand(config, home, weft_home).map_err(|kind| failed(&own, kind))?;
        let mut builder = self.apply(config).map_err(|kind| failed(&own, kind))?;
        builder.settings = vec![(own, below)];
        builder.settings.extend(has_above.then_some((workspace, above)));
        Ok((builder, parsed))
    }

    /// An option of the builder that the configuration does not know stays as it is.
    #[cfg_attr(not(feature = "net"), expect(clippy::unnecessary_wraps))]
    fn apply(mut self, config: &Config) -> Result<Self, ConfigErrorKind> {
        self.never_env.clone_from(&config.never_env);
        self.idle_timeout = config.idle_timeout;
        self.memory_budget_bytes = config.memory_budget_bytes;
        self.surface_memory_bytes = config.surface_memory_bytes;
        self.plugin_data_bytes = config.plugin_data_bytes;
        self.read_limits = ReadLimits {
            module_bytes: config.module_bytes,
            module_gzip_bytes: config.module_gzip_bytes,
        };
        self.authority.extend(config.authority());
        self.watch = config.watch;
        self.skill_config.clone_from(&config.skill_config);
        self.channels.clone_from(&config.channels);
        self.plugin_settings.clone_from(&config.plugins);
        self.mcp.clone_from(&config.mcp);
        #[cfg(feature = "autonomous")]
        {
            self.autonomous = config.autonomous;
        }
        #[cfg(feature = "net")]
        {
            self.network = network(config)?;
        }
        Ok(self)
    }
}

/// The text of a file, empty if it is missing. Only a regular file is read: a pipe would block the
/// start.
fn read(path: &Path) -> Result<String, ConfigError> {
    let mut text = String::new();
    let opened = open_regular(path).and_then(|mut file| {
        let bytes = at_most(&mut file, CONFIG_BYTES + 1).read_to_string(&mut text)?;
        match bytes as u64 > CONFIG_BYTES {
            true => Err(io::Error::other(format!("it is over {CONFIG_BYTES} bytes"))),
            false => Ok(text),
        }
    });
    match opened {
        // A text with zeros is usually UTF-16.
        Ok(text) if text.contains('\0') => {
            Err(ConfigError { path: path.to_owned(), kind: ConfigErrorKind::NotText })
        }
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            let kind = match error.kind() {
                io::ErrorKind::InvalidData => ConfigErrorKind::NotText,
                _ => unreadable(path, &error),
            };
            Err(ConfigError { path: path.to_owned(), kind })
        }
    }
}

/// Expands `~` and `$WEFT_HOME` in every path.
///
/// # Errors
///
/// The first path that can't be expanded, with its key.
fn expand(
    config: &mut Config,
    home: Option<&Path>,
    weft_home: &Path,
) -> Result<(), ConfigErrorKind> {
    let channels = config.channels.iter_mut();
    let channels = channels
        .filter_map(|(name, it)| Some((format!("channels.{name}.path"), it.path.as_mut()?)));
    let authorities = config.ca_file.as_mut().map(|path| ("network.ca_file".to_owned(), path));
    for (key, path) in channels.chain(authorities) {
        *path = expand_path(path, home, Some(weft_home))
            .map_err(|problem| ConfigErrorKind::Path { key, problem })?;
    }
    Ok(())
}

/// A warning about a file whose name is almost that of the configuration, if there is one.
fn misnamed((path, is_read): (&PathBuf, bool)) -> Option<String> {
    let others = OTHER_EXTENSIONS.iter().map(|it| path.with_extension(it));
    let other = others.filter(|_| is_read).find(|other| other.symlink_metadata().is_ok())?;
    let is_yaml = other.extension().is_some_and(|it| it == "yml");
    let (other, file) = (other.display(), path.file_name().unwrap_or_default().display());
    Some(match (path.exists(), is_yaml) {
        (true, _) => format!("{other} is not read beside {file}; move what it says there"),
        (false, true) => format!("{other} is not read; rename it to {file}"),
        (false, false) => format!("{other} is not read; say it in {file}"),
    })
}

/// The options of requests, with the certificates that the operator adds to the built-in
/// ones.
#[cfg(feature = "net")]
fn network(config: &Config) -> Result<NetworkOptions, ConfigErrorKind> {
    let refused = |error: crate::sandbox::NetworkOptionsError| ConfigErrorKind::Network {
        problem: error.to_string(),
    };
    let options = NetworkOptions::default().allow_private_hosts(&config.allow_private_hosts);
    let options = options.map_err(refused)?;
    match &config.ca_file {
        None => Ok(options),
        Some(file) => {
            let pem = fs::read(file).map_err(|error| unreadable(file, &error))?;
            options.trust_pem(&pem).map_err(refused)
        }
    }
}

/// The error for a file that can't be read.
fn unreadable(file: &Path, error: &io::Error) -> ConfigErrorKind {
    ConfigErrorKind::Unreadable { file: file.to_owned(), problem: error.to_string() }
}
