//! The loader: the actor that knows what is on the disk, and brings what is in service in line
//! with it.
//!
//! Its handle is a sender; dropping the last one stops it. It reads off the executor and only what
//! changed, makes new modules ready beside the old ones, and hands the plugin host all of it as one
//! change, which becomes one generation.

mod ahead;
mod code;
mod disk;
mod plan;
mod plugins;
mod settings;
mod skills;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use smol::Executor;

pub use disk::{WatchDepth, WatchedFolder};

use disk::{Disk, Place};
use plan::Reconciler;

use super::host::PluginHost;
use super::tasks::spawn_boxed;
use crate::contract::{SortedMap, SortedSet};
use crate::package::{self, Approval, Approvals, Descriptions, PackageContent, ReadLimits};
use crate::sandbox::{Authority, off_executor};
use crate::skill::{Readiness, SkillDocument, SkillHost, SkillLevel};
use crate::task::{Asker, Inbox, Mailbox, mailbox};

/// Requests that wait before those who make them do.
const MAILBOX: usize = 16;

/// Where the loader looks, and what it goes by.
#[derive(Clone)]
pub struct LoaderOptions {
    /// Folders of skills with their level, in path order. Only [`SkillLevel::Workspace`] and
    /// [`SkillLevel::Managed`] belong here: the others come with plugins and with the program.
    pub skill_roots: Vec<(PathBuf, SkillLevel)>,
    /// Plugins' folders, or folders of such folders.
    pub plugin_folders: Vec<PathBuf>,
    /// What plugins from `plugin_folders` may have.
    pub approval: Approval,
    /// `$WEFT_HOME`, with installed plugins, approvals and switches.
    pub weft_home: Option<PathBuf>,
    /// The workspace, by its real path: approvals for its skills hold for it alone.
    pub workspace: PathBuf,
    /// Whether what is compiled in is loaded.
    pub bundled: Bundled,
    /// The sizes of what is read from packages.
    pub read_limits: ReadLimits,
    /// The configuration's files and what they said when they were read, once and for all. That one
    /// of them is another now is logged.
    pub settings: Vec<(PathBuf, String)>,
    /// What skills find around them.
    pub surroundings: Arc<dyn SkillHost>,
}

/// Whether the plugins and skills that are compiled in are loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bundled {
    /// They are.
    #[default]
    Included,
    /// They are not.
    LeftOut,
}

impl Bundled {
    #[cfg(feature = "bundled")]
    fn is_included(self) -> bool {
        self == Self::Included
    }
}

/// A handle to the loader. Clones address the same one.
#[derive(Clone)]
pub struct Loader {
    mailbox: Mailbox<Message>,
}

/// What came of a reload.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reloaded {
    /// The generation that is in service now. Where nothing was different, it is the one before.
    pub generation: u64,
    /// What has to be watched from now on.
    pub watched: Arc<Vec<WatchedFolder>>,
}

struct Message {
    scope: Scope,
    failures: Failures,
    reply: Asker<Reloaded>,
}

/// What may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    All,
    /// These paths, and what is beneath them.
    Paths(SortedSet<PathBuf>),
}

/// What becomes of modules that failed before and are still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failures {
    TryAgain,
    Remember,
}

/// What became of the packages with code, by place.
type Outcomes = SortedMap<Place, Readiness>;

impl Loader {
    /// Starts a loader for `host`, whose tasks run on `executor`. Nothing is loaded yet.
    #[must_use]
    pub fn start(executor: &Executor<'static>, host: PluginHost, options: LoaderOptions) -> Self {
        let (mailbox, inbox) = mailbox(MAILBOX);
        let options = Arc::new(options);
        let disk = Disk::new(Arc::clone(&options), host.shared.options.sandbox.clone());
        let descriptions = options.weft_home.as_deref().map(Descriptions::of);
        let reconciler = Reconciler::new(host, descriptions);
        let actor = LoaderActor { inbox, options, disk: Some(disk), reconciler };
        spawn_boxed(executor, Box::pin(actor.run())).detach();
        Self { mailbox }
    }

    /// Looks at everything: reads what changed, tries again what failed before, and opens the files
    /// that a plugin may use and that were not there before. `None` means that
    /// the loader or the host has stopped.
    pub async fn reload(&self) -> Option<Reloaded> {
        self.ask(Scope::All, Failures::TryAgain).await
    }

    /// Looks at everything and reads what changed.
    pub async fn refresh(&self) -> Option<Reloaded> {
        self.ask(Scope::All, Failures::Remember).await
    }

    /// Looks at what is at these paths and beneath them. Skills elsewhere that have nothing to do
    /// with them are not even looked at.
    pub async fn refresh_paths(&self, paths: SortedSet<PathBuf>) -> Option<Reloaded> {
        self.ask(Scope::Paths(paths), Failures::Remember).await
    }

    /// Stops the loader: nothing is put into service any more.
    pub fn stop(&self) {
        self.mailbox.close();
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.mailbox.is_closed()
    }

    async fn ask(&self, scope: Scope, failures: Failures) -> Option<Reloaded> {
        self.mailbox.ask(|reply| Message { scope, failures, reply }).await
    }
}

struct LoaderActor {
    inbox: Inbox<Message>,
    options: Arc<LoaderOptions>,
    /// `None` only while another thread reads it.
    disk: Option<Disk>,
    reconciler: Reconciler,
}

impl LoaderActor {
    async fn run(mut self) {
        if let Some(home) = self.options.weft_home.clone() {
            let repaired = off_executor(move || package::recover_home(&home)).await;
            if let Err(error) = repaired {
                log::warn!("what an interrupted install left can't be repaired: {error}");
            }
        }
        while let Some(Message { scope, failures, reply }) = self.inbox.next().await {
            let Some(reloaded) = self.load(scope, failures).await else { break };
            // A reply that nobody waits for any more is no failure.
            reply.send(reloaded);
        }
    }

    async fn load(&mut self, scope: Scope, failures: Failures) -> Option<Reloaded> {
        let mut disk = self.disk.take()?;
        disk = read(disk, scope).await;
        let skills = self.reconciler.skills(&mut disk);
        self.reconciler.find_stale(failures).await;
        let generation = self.reconciler.reconcile(&mut disk, skills, failures).await;
        let watched = Arc::new(disk.watched());
        self.disk = Some(disk);
        Some(Reloaded { generation: generation?, watched })
    }
}

async fn read(mut disk: Disk, scope: Scope) -> Disk {
    off_executor(move || {
        disk.refresh(&scope);
        disk
    })
    .await
}

impl Scope {
    /// Whether all of `root` may have changed.
    fn covers(&self, root: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|path| root.starts_with(path)),
        }
    }

    /// Whether anything in `root`, or above it, may have changed.
    fn touches(&self, root: &Path) -> bool {
        self.names(root) || self.covers(root)
    }

    /// Whether something in `folder` is said to have changed, whatever its times say.
    fn names(&self, folder: &Path) -> bool {
        match self {
            Self::All => false,
            Self::Paths(paths) => {
                // What is in a folder comes right after it.
                paths.range_from(folder).next().is_some_and(|path| path.starts_with(folder))
            }
        }
    }
}

/// What decides how files are read and whether skills can be used.
struct Surroundings {
    limits: ReadLimits,
    host: Arc<dyn SkillHost>,
    /// `$WEFT_HOME`, and what is approved there.
    home: Option<PathBuf>,
    approvals: Approvals,
    /// What plugins may not open, which grows by what is found.
    authority: Authority,
}

impl Surroundings {
    /// What the package in a folder is made of, where approvals are kept at all.
    fn made_of(&self, folder: &Path, version: Option<&str>) -> Option<PackageContent> {
        let home = self.home.as_ref()?;
        Some(PackageContent::read(folder, home, version))
    }

    fn unmet(&self, document: &SkillDocument) -> Vec<String> {
        document.requirements.unmet(&*self.host)
    }
}
