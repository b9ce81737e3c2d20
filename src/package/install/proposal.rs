//! A package that is staged and checked: what it asks for is asked about now, and only then it is renamed
//! into its place. Whoever watches there finds it with its approval, and never without it for a moment.

use std::path::PathBuf;

use super::error::InstallError;
use crate::contract::PluginPermissions;
use crate::package::approval::{
    Approval, Approvals, ApprovedContent, ChangedBy, PackageContent, Pending, Prompt,
    StoredApproval, trusted_key_ids,
};
use crate::package::home::{HomeLock, InstallRecord, installed};
use crate::package::kind::PackageKind;
use crate::package::read::Package;
use crate::package::uninstall::discard_kept;

/// How far an install has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallStep {
    /// No other install or removal is at work.
    Locked,
    /// One more file is in the staging folder.
    FileStaged,
    /// Every check has passed.
    Verified,
    /// The record is written, and the disk has everything.
    Recorded,
    /// What it may have once it is in its place is written down.
    Approved,
    /// The old version has been moved aside.
    OldAside,
    /// The new version is in its place.
    InPlace,
    /// Nothing is left to do.
    Done,
}

/// What came of an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What it is. The module is in its place now, and no longer in here.
    pub package: Package,
    /// The record of what was there before; that of a package put there by hand says nothing but
    /// its id.
    pub replaced: Option<InstallRecord>,
    /// The trusted key that signed it, by its name; none for an unsigned package.
    pub signed_by: Option<String>,
    /// What the operator should know.
    pub warnings: Vec<String>,
    /// What it asks for and was not approved, in this version or an earlier one.
    pub missing: PluginPermissions,
    /// Whether it was revoked, and waits for approval whatever it asks for.
    pub revoked: bool,
    /// Why it does not have what was approved for the one before, as `kind: value`.
    pub change: Option<String>,
    /// The files that are not as they were in the one before, where that is known.
    pub changed_files: Vec<String>,
    /// All that it waits for before it runs, as `kind: value`.
    pub pending: Vec<String>,
}

/// A package that is staged and checked, and not in its place yet. Dropping it leaves what was installed
/// before as it was.
pub struct ProposedInstall<'a> {
    staged: StagedFolder,
    approval_id: String,
    content: PackageContent,
    stored: StoredApproval,
    /// The content that was approved before.
    before: Option<ApprovedContent>,
    /// What somebody said yes to, if to anything.
    consent: Option<PluginPermissions>,
    installed: Installed,
    observer: &'a dyn Fn(InstallStep),
}

/// A folder beside the packages of a kind, which nobody looks into. It goes when it is dropped, unless
/// it is a package by then.
pub(super) struct StagedFolder {
    pub(super) lock: HomeLock,
    pub(super) kind: PackageKind,
    pub(super) folder: PathBuf,
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        // What can't be cleaned up now is cleaned up by the next one.
        let _ = self.lock.repair();
    }
}

impl StagedFolder {
    fn put_in_place(&self, id: &str, observer: &dyn Fn(InstallStep)) -> Result<(), InstallError> {
        let Self { lock, kind, folder } = self;
        let place = installed::place(lock.home(), *kind, id);
        if place.symlink_metadata().is_err() {
            discard_kept(lock, *kind, id)?;
            lock.rename(folder, &place)?;
            observer(InstallStep::InPlace);
            return Ok(());
        }
        let old = lock.replaced(*kind, id)?;
        lock.rename(&place, &old)?;
        observer(InstallStep::OldAside);
        lock.rename(folder, &place)?;
        observer(InstallStep::InPlace);
        Ok(lock.discard(*kind, &old)?)
    }
}

impl<'a> ProposedInstall<'a> {
    pub(super) fn new(
        staged: StagedFolder,
        package: Package,
        replaced: Option<InstallRecord>,
        signed_by: Option<String>,
        warnings: Vec<String>,
        observer: &'a dyn Fn(InstallStep),
    ) -> Result<Self, InstallError> {
        let home = staged.lock.home();
        let approval_id = staged.kind.approval_id(&package.id);
        let stored = Approvals::read(home)?.of(&approval_id);
        let content = PackageContent::read(&staged.folder, home, package.version.as_deref());
        let known = replaced.as_ref().filter(|old| !old.digest.is_empty());
        let before = stored.content.clone().or_else(|| known.map(ApprovedContent::of_record));
        let keys = trusted_key_ids(home);
        let change = before
            .as_ref()
            .and_then(|before| content.objection(before, &keys, ChangedBy::Operator))
            .map(|reason| format!("change: {reason}"));
        let changed_files = before.as_ref().map(|before| content.changed_files(before));
        let changed_files = changed_files.unwrap_or_default();
        let missing = stored.missing(&package.permissions);
        let revoked = stored.revoked;
        let installed = Installed {
            package,
            replaced,
            signed_by,
            warnings,
            missing,
            revoked,
            change,
            changed_files,
            pending: Vec::new(),
        };
        let consent = None;
        Ok(Self { staged, approval_id, content, stored, before, consent, installed, observer })
    }

    /// What will have come of it if nobody says yes to anything.
    #[must_use]
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// What it is made of.
    #[must_use]
    pub fn content(&self) -> &PackageContent {
        &self.content
    }

    /// Asks for the permissions that it lacks, as [`Approvals::ask`] does. It has what is given from
    /// the moment at which it is in its place.
    pub fn ask(&mut self, given: Approval, prompt: &mut dyn Prompt) {
        let waiting = Pending {
            id: &self.approval_id,
            asked: &self.installed.package.permissions,
            stored: &self.stored,
            objection: self.installed.change.as_deref(),
            is_broken: self.content.is_broken(),
        };
        self.consent = waiting.ask(given, prompt);
    }

    /// Renames it into its place.
    ///
    /// # Errors
    ///
    /// [`InstallError`]; what was installed before is untouched then.
    pub fn put_in_place(self) -> Result<Installed, InstallError> {
        let Self { staged, approval_id, content, before, consent, mut installed, .. } = self;
        let lock = &staged.lock;
        let approved = content.approved();
        let is_taken = installed.change.is_none() || consent.is_some();
        let is_new = installed.replaced.is_none();
        // What nobody takes for the same package finds the approval of another one. Until the new
        // files are in place, the old ones are what was approved, and what was revoked is.
        Approvals::update(lock, &approval_id, |entry| {
            entry.incoming = is_taken.then(|| approved.clone());
            entry.content = before.or_else(|| Some(approved.clone()));
            if let Some(granted) = &consent {
                entry.grant(granted);
                entry.revoked &= !is_new;
            }
        })?;
        (self.observer)(InstallStep::Approved);
        staged.put_in_place(&installed.package.id, self.observer)?;
        if is_taken {
            Approvals::update(lock, &approval_id, |entry| {
                entry.content = Some(approved);
                entry.incoming = None;
                entry.revoked &= consent.is_none();
            })?;
            installed.change = None;
        }
        (self.observer)(InstallStep::Done);
        let stored = Approvals::read(lock.home())?.of(&approval_id);
        installed.missing = stored.missing(&installed.package.permissions);
        installed.revoked = stored.revoked;
        let keys = trusted_key_ids(lock.home());
        installed.pending = stored.waiting(&installed.package.permissions, &content, &keys);
        Ok(installed)
    }
}
