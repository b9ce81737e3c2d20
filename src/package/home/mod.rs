//! `$WEFT_HOME` and its files. `folder` has the lock, whole writes and the repair of interrupted changes;
//! `installed` finds installed packages.
//!
//! Each other file here is about one file or folder: `config_file` (`config.yaml`), `descriptions`, `record`
//! (`install.json`), `secrets`, `switches` (`skills-state.json`) and `trust` (`trusted-workspaces.json`).

mod config_file;
mod descriptions;
pub(super) mod folder;
pub(super) mod installed;
mod record;
mod secrets;
mod switches;
mod trust;

pub use config_file::{ConfigFile, ConfigFileError};
pub(crate) use descriptions::{Descriptions, program_mark};
pub(crate) use folder::read as read_text;
pub(super) use folder::{FileAccess, HomeLock, data_folder};
pub use folder::{HomeError, HomeErrorKind, HomeFault, recover_home};
pub(crate) use installed::is_installed;
pub use installed::{installed_folder, installed_ids};
pub use record::InstallRecord;
pub use secrets::{FileSecrets, SecretError, SecretSummary, SecretTransport, SecretValue};
pub use switches::{SkillSwitch, SkillSwitches};
pub use trust::WorkspaceTrust;
