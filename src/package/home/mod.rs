//! `$WEFT_HOME` and its files. `folder` has the lock, whole writes and the repair of interrupted changes. Each
//! other file here is about one file or folder in it: `record` (`install.json`), `secrets`, `switches`
//! (`skills-state.json`) and `trust` (`trusted-workspaces.json`).

pub(super) mod folder;
mod record;
mod secrets;
mod switches;
mod trust;

pub(crate) use folder::read as read_text;
pub(super) use folder::{FileAccess, HomeLock};
pub use folder::{
    HomeError, HomeErrorKind, HomeFault, installed_folder, installed_ids, recover_home, uninstall,
};
pub use record::InstallRecord;
pub(super) use record::RECORD_FILE;
pub use secrets::{FileSecrets, SecretError, SecretSummary, SecretTransport, SecretValue};
pub use switches::{SkillSwitch, SkillSwitches};
pub use trust::WorkspaceTrust;
