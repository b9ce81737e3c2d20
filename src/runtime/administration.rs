//! What slash commands can change: approvals in weft-lite's own folder, and what is loaded.

use std::path::PathBuf;

use crate::actor::{LoadError, Loader, PluginHost};
use crate::command::{Administration, CommandError};
use crate::contract::{BoxFuture, PluginPermissions};
use crate::package::{
    Approval, Approvals, HomeError, NoPrompt, PackageOrigin, PluginPackage, ReadLimits,
    workspace_approval_id,
};
use crate::sandbox::off_executor;
use crate::skill::SkillLevel;

/// Approves, rejects and reloads for one runtime.
pub(super) struct RuntimeAdministration {
    pub(super) host: PluginHost,
    pub(super) loader: Loader,
    /// Where approvals are kept, if anywhere.
    pub(super) weft_home: Option<PathBuf>,
    pub(super) workspace: PathBuf,
    pub(super) read_limits: ReadLimits,
}

/// A plugin, or a skill with code, whose approval is kept.
struct Kept {
    home: PathBuf,
    /// The id under which its approval is kept.
    id: String,
    permissions: PluginPermissions,
}

impl RuntimeAdministration {
    /// What is installed, in service or not, under this id.
    fn kept(&self, id: &str) -> Result<Kept, CommandError> {
        let Some(home) = self.weft_home.clone() else {
            return Err(failed("no approvals are kept", "set `WEFT_HOME` to a folder"));
        };
        let snapshot = self.host.snapshot();
        let unknown = || {
            let next_step = "`/approve` lists what waits, `/plugins` what is loaded";
            failed(&format!("nothing that is installed is named `{id}`"), next_step)
        };
        let skill = snapshot.skills.get(id).filter(|entry| entry.provider.is_some());
        let folder = match snapshot.plugins.plugin(id).map(|plugin| &plugin.origin) {
            Some(PackageOrigin::Folder(folder)) => folder.clone(),
            Some(PackageOrigin::Bundled) => {
                let next_step = "`--no-bundled` leaves it out";
                return Err(failed(&format!("`{id}` is compiled in"), next_step));
            }
            None => snapshot
                .plugins
                .refused()
                .iter()
                .find(|it| it.id.as_deref() == Some(id))
                .map(|it| PathBuf::from(&it.origin))
                .ok_or_else(unknown)?,
        };
        let kept = match skill.map(|entry| entry.level) {
            Some(SkillLevel::Workspace) => workspace_approval_id(id, &self.workspace),
            // Of what was named on the command line nothing is kept.
            None if !folder.starts_with(home.join("plugins")) => return Err(unknown()),
            _ => id.to_owned(),
        };
        let package = PluginPackage::read(&folder, self.read_limits)
            .map_err(|error| failed(&error.to_string(), &error.next_step()))?;
        Ok(Kept { home, id: kept, permissions: package.manifest.permissions })
    }

    async fn reload_and_describe(&self, id: &str) -> String {
        self.loader.reload().await;
        let registry = self.host.registry();
        if registry.plugin(id).is_some() {
            return format!("`{id}` is in service");
        }
        match registry.refused().iter().find(|it| it.id.as_deref() == Some(id)).map(|it| &it.error)
        {
            Some(LoadError::Pending { unapproved, .. }) => format!(
                "`{id}` does not run before this is approved: {}\n  try: `/approve {id} network,env,secrets,shell`, as far as you want it to have them",
                unapproved.join(", ")
            ),
            Some(error) => {
                format!("`{id}` is not in service: {error}\n  try: {}", error.next_step())
            }
            None => format!("`{id}` is not in service"),
        }
    }
}

impl Administration for RuntimeAdministration {
    fn approve<'a>(
        &'a self,
        id: &'a str,
        granted: Approval,
    ) -> BoxFuture<'a, Result<String, CommandError>> {
        Box::pin(async move {
            let Kept { home, id: kept, permissions } = self.kept(id)?;
            let granting =
                move || Approvals::ask(&home, &kept, &permissions, granted, &mut NoPrompt);
            off_executor(granting).await.map_err(|error| of_home(&error))?;
            Ok(self.reload_and_describe(id).await)
        })
    }

    fn reject<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, CommandError>> {
        Box::pin(async move {
            let Kept { home, id: kept, .. } = self.kept(id)?;
            let rejecting = move || Approvals::revoke(&home, &kept);
            off_executor(rejecting).await.map_err(|error| of_home(&error))?;
            self.loader.reload().await;
            Ok(format!("`{id}` was rejected and is out of service"))
        })
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>> {
        Box::pin(async move {
            let before = self.host.snapshot().generation;
            let Some(reloaded) = self.loader.reload().await else {
                return Err(failed("the program is stopping", "start it again"));
            };
            Ok(match reloaded.generation == before {
                true => "nothing is different".to_owned(),
                false => {
                    let snapshot = self.host.snapshot();
                    format!(
                        "generation {}: {} plugins, {} skills active",
                        snapshot.generation,
                        snapshot.plugins.plugins().count(),
                        snapshot.skills.active().count()
                    )
                }
            })
        })
    }
}

fn failed(message: &str, next_step: &str) -> CommandError {
    CommandError::Administration { message: message.to_owned(), next_step: next_step.to_owned() }
}

fn of_home(error: &HomeError) -> CommandError {
    failed(&error.to_string(), &error.next_step())
}
