//! The changes that slash commands can make: approvals in `$WEFT_HOME`, and reloads.
//!
//! Each change is written to the disk first and then loaded, in the same way as if it had been made
//! at the command line. So there is one place that decides what an approval allows. The answers are
//! sentences, because they go to a person in a chat.

use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "autonomous")]
use std::time::UNIX_EPOCH;

#[cfg(feature = "autonomous")]
use super::proposals;
use crate::actor::{LoadError, Loader, PluginHost};
#[cfg(feature = "autonomous")]
use crate::command::ProposalAnswer;
use crate::command::{Administration, CommandError};
use crate::contract::{ActionableError, BoxFuture, PluginPermissions, did_you_mean, similar_names};
use crate::package::{
    Approval, Approvals, HomeError, NoPrompt, Package, PackageContent, PackageKind, PackageOrigin,
    ReadLimits, installed_ids, skill_approval_id,
};
use crate::skill::{SkillEntry, SkillLevel, SkillState};
use crate::task::off_executor;

/// The administration of one runtime. It holds handles, so it keeps the host and the loader
/// running.
pub(super) struct RuntimeAdministration {
    pub(super) host: PluginHost,
    pub(super) loader: Loader,
    /// The folder of approvals, if there is one.
    pub(super) weft_home: Option<PathBuf>,
    /// The workspace by its real path, as approvals of its skills name it.
    pub(super) workspace: PathBuf,
    /// The limits for reading a package, as in the loader.
    pub(super) read_limits: ReadLimits,
}

/// A plugin or skill whose approval is kept. Its files are not read yet.
struct LocatedPackage {
    home: PathBuf,
    kind: PackageKind,
    folder: PathBuf,
    /// The name of the skill, or the plugin's id.
    name: String,
    /// The id of its approval.
    approval_id: String,
    limits: ReadLimits,
}

impl RuntimeAdministration {
    /// The plugin or skill of this id or name, as `/approve` lists it: installed or in the workspace, in service
    /// or not.
    ///
    /// # Errors
    ///
    /// Nothing has this id, no approvals are kept, or it needs no approval.
    fn locate(&self, id: &str) -> Result<LocatedPackage, CommandError> {
        let Some(home) = self.weft_home.clone() else {
            return Err(failed("no approvals are kept", "set `WEFT_HOME` to a folder"));
        };
        let snapshot = self.host.snapshot();
        let plugin = snapshot.plugins.plugin(id).map(|plugin| &plugin.origin);
        let refused = || snapshot.plugins.refused().iter().find(|it| it.id.as_deref() == Some(id));
        let folder = match plugin {
            Some(PackageOrigin::Folder(folder)) => Some(folder.clone()),
            Some(PackageOrigin::Bundled) => None,
            None => refused().map(|it| PathBuf::from(&it.origin)),
        };
        if let Some(folder) = folder.filter(|folder| folder.starts_with(home.join("plugins"))) {
            let (kind, limits) = (PackageKind::Plugin, self.read_limits);
            let approval_id = kind.approval_id(id);
            let name = id.to_owned();
            return Ok(LocatedPackage { home, kind, folder, name, approval_id, limits });
        }
        let is_meant =
            |entry: &&Arc<SkillEntry>| *entry.name == *id || entry.provider.as_deref() == Some(id);
        let on_its_own = |entry: &Arc<SkillEntry>| {
            let approval_id = skill_approval_id(entry.level, &entry.name, &self.workspace)?;
            Some((Arc::clone(entry), entry.path.as_deref()?.parent()?.to_owned(), approval_id))
        };
        if let Some((entry, folder, approval_id)) =
            snapshot.skills.effective().filter(is_meant).find_map(on_its_own)
        {
            let name = &entry.name;
            // The trust in a workspace covers the texts of its skills.
            if entry.level == SkillLevel::Workspace && entry.is_active() && entry.provider.is_none()
            {
                return Err(nothing_but_text(name));
            }
            let (kind, name, limits) = (PackageKind::Skill, name.to_string(), self.read_limits);
            return Ok(LocatedPackage { home, kind, folder, name, approval_id, limits });
        }
        Err(match plugin {
            Some(PackageOrigin::Bundled) => failed(
                &format!("`{id}` is compiled in"),
                "start weft-lite without its bundled plugins to leave it out",
            ),
            _ => {
                let kinds = [PackageKind::Plugin, PackageKind::Skill];
                let ids: Vec<_> = kinds.iter().flat_map(|it| installed_ids(&home, *it)).collect();
                let similar = similar_names(id, ids.iter().map(String::as_str));
                let list = "`/approve` lists what waits, `/plugins` and `/skills` what is loaded";
                failed(
                    &format!("nothing that is installed is named `{id}`"),
                    &did_you_mean(&similar, "").unwrap_or_else(|| list.to_owned()),
                )
            }
        })
    }

    /// Why it can't be used after a reload; `None` if it can be used.
    fn obstacle(&self, kind: PackageKind, name: &str) -> Option<Obstacle> {
        let snapshot = self.host.snapshot();
        let refused = |id: &str| {
            if snapshot.plugins.plugin(id).is_some() {
                return None;
            }
            let refused = snapshot.plugins.refused().iter().find(|it| it.id.as_deref() == Some(id));
            Some(match refused.map(|it| &it.error) {
                Some(LoadError::Pending { unapproved, .. }) => {
                    Obstacle::Pending(unapproved.clone())
                }
                Some(error) => Obstacle::Other(format!(": {error}\n  try: {}", error.next_step())),
                None => Obstacle::Other(String::new()),
            })
        };
        let Some(entry) = snapshot.skills.get(name).filter(|_| kind == PackageKind::Skill) else {
            return refused(name);
        };
        match &entry.state {
            SkillState::Active => entry.provider.as_deref().and_then(refused),
            SkillState::Pending { unapproved } => Some(Obstacle::Pending(unapproved.clone())),
            state => Some(Obstacle::Other(format!(": it is {}", state.as_str()))),
        }
    }
}

impl LocatedPackage {
    /// Approves its present content and what of its permissions `granted` covers. Blocks on the file system.
    fn approve(&self, granted: Approval) -> Result<(), CommandError> {
        let (permissions, content) = self.read()?;
        let Self { home, approval_id, .. } = self;
        let given = Approval { change: true, ..granted };
        let asked = Approvals::ask(home, approval_id, &permissions, &content, given, &mut NoPrompt);
        asked.map(drop).map_err(|error| of_home(&error))
    }

    /// Takes its approval back, also when its package can't be read: a broken update must not protect the version
    /// that still runs. Blocks on the file system.
    fn reject(&self) -> Result<(), CommandError> {
        if let Ok(package) = Package::read(self.kind, &self.folder, self.limits)
            && is_text(&package)
        {
            self.content(&package)?;
        }
        Approvals::revoke(&self.home, &self.approval_id).map_err(|error| of_home(&error))
    }

    /// The permissions that it asks for, and the files that an approval covers.
    ///
    /// # Errors
    ///
    /// It can't be read, or it is a text that needs no approval.
    fn read(&self) -> Result<(PluginPermissions, PackageContent), CommandError> {
        let package = Package::read(self.kind, &self.folder, self.limits)
            .map_err(|error| failed(&error.to_string(), &error.next_step()))?;
        let content = self.content(&package)?;
        Ok((package.permissions, content))
    }

    /// The files that an approval covers.
    ///
    /// # Errors
    ///
    /// It is a text that needs no approval.
    fn content(&self, package: &Package) -> Result<PackageContent, CommandError> {
        let Self { home, folder, .. } = self;
        let content = PackageContent::read(folder, home, package.version.as_deref());
        let change = || Approvals::change(home, &self.approval_id, &content);
        if is_text(package) && change().map_err(|error| of_home(&error))?.is_none() {
            return Err(nothing_but_text(&self.name));
        }
        Ok(content)
    }
}

/// Whether it is a text that asks for nothing. It waits for approval only if other content of it was approved.
fn is_text(package: &Package) -> bool {
    package.module.is_none() && package.permissions.is_empty()
}

/// Why a plugin or skill can't be used.
enum Obstacle {
    /// Permissions that are not approved, as `kind: value`.
    Pending(Vec<String>),
    /// The rest of the sentence that it is not in service.
    Other(String),
}

impl Administration for RuntimeAdministration {
    fn approve<'a>(
        &'a self,
        id: &'a str,
        granted: Approval,
    ) -> BoxFuture<'a, Result<String, CommandError>> {
        Box::pin(async move {
            let located = self.locate(id)?;
            let (kind, name) = (located.kind, located.name.clone());
            // A package of many files takes a while to read and to digest: other chats go on meanwhile.
            off_executor(move || located.approve(granted)).await?;
            self.loader.reload().await;
            Ok(match self.obstacle(kind, &name) {
                None => format!("`{id}` is in service"),
                Some(Obstacle::Pending(unapproved)) => format!(
                    "`{id}` does not run before this is approved: {}\n  try: `/approve {id} network,env,secrets,tools,shell,webhook,size`, as far as you want it to have them",
                    unapproved.join(", ")
                ),
                Some(Obstacle::Other(why)) => format!("`{id}` is not in service{why}"),
            })
        })
    }

    fn reject<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, CommandError>> {
        Box::pin(async move {
            let located = self.locate(id)?;
            let (kind, name) = (located.kind, located.name.clone());
            off_executor(move || located.reject()).await?;
            self.loader.reload().await;
            if self.obstacle(kind, &name).is_none() {
                let next_step = format!("`weft-lite {kind} remove {name}` takes it away");
                return Err(failed(
                    &format!("`{id}` was rejected, yet it is in service"),
                    &next_step,
                ));
            }
            Ok(format!("`{id}` was rejected and is out of service"))
        })
    }

    #[cfg(feature = "autonomous")]
    fn proposed(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let Some(home) = self.weft_home.clone() else { return Vec::new() };
            off_executor(move || proposals::lines(&home)).await
        })
    }

    #[cfg(feature = "autonomous")]
    fn answer_proposal<'a>(
        &'a self,
        name: &'a str,
        answer: ProposalAnswer,
    ) -> BoxFuture<'a, Option<Result<String, CommandError>>> {
        Box::pin(async move {
            let (home, limits) = (self.weft_home.clone()?, self.read_limits);
            let skill = name.to_owned();
            let now = self.host.clock().wall().duration_since(UNIX_EPOCH).unwrap_or_default();
            let snapshot = self.host.snapshot();
            let answered = off_executor(move || {
                proposals::answer(&home, limits, &skill, answer, &snapshot, now.as_secs())
            });
            let (text, is_changed) = match answered.await? {
                Ok(answered) => answered,
                Err(error) => return Some(Err(error)),
            };
            if is_changed {
                self.loader.reload().await;
            }
            let is_installed = is_changed && self.host.snapshot().skills.get(name).is_some();
            Some(Ok(match self.obstacle(PackageKind::Skill, name).filter(|_| is_installed) {
                Some(Obstacle::Pending(waiting)) => {
                    format!(
                        "{text}\nit does not run before this is approved: {}",
                        waiting.join(", ")
                    )
                }
                Some(Obstacle::Other(why)) => format!("{text}\nit is not in service{why}"),
                None => text,
            }))
        })
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>> {
        Box::pin(async move {
            // The loader's own generation is not the host's: others change the host too.
            let before = self.host.snapshot().generation;
            if self.loader.reload().await.is_none() {
                return Err(failed("the program is stopping", "start it again"));
            }
            let snapshot = self.host.snapshot();
            Ok(match snapshot.generation == before {
                true => "nothing is different".to_owned(),
                false => format!(
                    "generation {}: {} plugins, {} skills active",
                    snapshot.generation,
                    snapshot.plugins.plugins().count(),
                    snapshot.skills.active().count()
                ),
            })
        })
    }
}

/// The error for a skill that can do nothing that needs approval.
fn nothing_but_text(name: &str) -> CommandError {
    failed(
        &format!("`{name}` is nothing but text, which needs no approval"),
        &format!("to do without it, use `weft-lite skill disable {name}`"),
    )
}

/// An error with its next step.
fn failed(message: &str, next_step: &str) -> CommandError {
    CommandError::Administration { message: message.to_owned(), next_step: next_step.to_owned() }
}

/// The same error for the person in the chat.
fn of_home(error: &HomeError) -> CommandError {
    failed(&error.to_string(), &error.next_step())
}
