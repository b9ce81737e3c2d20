//! The loader's handle and its actor.

use std::path::PathBuf;
use std::sync::Arc;

use smol::Executor;

use super::disk::{Disk, WatchedFolder};
use super::options::LoaderOptions;
use super::reconciler::Reconciler;
use super::scope::{Failures, Scope};
use crate::actor::host::PluginHost;
use crate::contract::SortedSet;
use crate::package::{self, Descriptions};
use crate::task::{Inbox, Mailbox, ReplySender, mailbox, off_executor, spawn_boxed};

/// Requests that wait in the mailbox. If it is full, senders wait.
const MAILBOX: usize = 16;

/// A handle to the loader, which brings what a [`PluginHost`] has in service in line with the disk.
/// Clones address the same one.
///
/// Reloads run one after another, in the order of the requests. Each becomes one generation of the
/// host, or none if nothing has changed. A plugin or skill that fails to load never replaces the
/// working version. When the last handle is dropped, the loader ends after the reloads that it has
/// accepted.
///
/// ```
/// use weft_lite::Runtime;
///
/// let home = std::env::temp_dir().join(format!("weft-loader-{}", std::process::id()));
/// let skill = home.join("skills/greet");
/// std::fs::create_dir_all(&skill)?;
/// std::fs::write(skill.join("SKILL.md"), "---\nname: greet\ndescription: Greets\n---\nSay hello.")?;
///
/// let runtime = Runtime::builder().without_bundled().weft_home(&home).build();
/// runtime.block_on(async {
///     let loader = runtime.loader();
///     let first = loader.reload().await.unwrap();
///     assert!(runtime.host().snapshot().skills.get("greet").is_some());
///
///     // Nothing has changed since.
///     assert_eq!(loader.refresh().await.unwrap().generation, first.generation);
/// });
/// # std::fs::remove_dir_all(&home)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Loader {
    mailbox: Mailbox<ReloadRequest>,
}

/// The result of a reload.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reloaded {
    /// The generation of the loader's last change. Others may have changed the host since.
    pub generation: u64,
    /// The folders and files to watch from now on.
    pub watched: Arc<Vec<WatchedFolder>>,
}

/// A request to the actor: all three kinds of reload differ only in these values.
struct ReloadRequest {
    scope: Scope,
    failures: Failures,
    reply: ReplySender<Reloaded>,
}

impl Loader {
    /// Starts a loader for `host`, whose tasks run on `executor`. It loads nothing yet.
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

    /// Scans everything: reads the files that changed, tries again what failed before, and opens files
    /// that a plugin may use and that were missing before. `None` means that the loader or the host has stopped.
    ///
    /// If the future is dropped, the reload goes on, and only its result is lost.
    pub async fn reload(&self) -> Option<Reloaded> {
        self.ask(Scope::All, Failures::TryAgain).await
    }

    /// Scans everything and reads the files that changed. Unchanged modules that failed before are
    /// not tried again, so it is cheap enough to be called often.
    pub async fn refresh(&self) -> Option<Reloaded> {
        self.ask(Scope::All, Failures::Remember).await
    }

    /// Reads these paths again, and everything beneath them. Skills elsewhere that do not depend on
    /// them are not read.
    pub async fn refresh_paths(&self, paths: SortedSet<PathBuf>) -> Option<Reloaded> {
        self.ask(Scope::Paths(paths), Failures::Remember).await
    }

    /// Stops the loader: later requests return `None`. Reloads that were accepted before go on.
    /// Stop the host as well, as [`Runtime::stop`](crate::Runtime::stop) does: then it refuses
    /// their changes.
    pub fn stop(&self) {
        self.mailbox.close();
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.mailbox.is_closed()
    }

    /// Sends a request and waits for its result.
    async fn ask(&self, scope: Scope, failures: Failures) -> Option<Reloaded> {
        self.mailbox.ask(|reply| ReloadRequest { scope, failures, reply }).await
    }
}

/// The actor. What it knows of the disk is its own, so a scan needs no lock.
struct LoaderActor {
    inbox: Inbox<ReloadRequest>,
    options: Arc<LoaderOptions>,
    /// `None` only while another thread reads it.
    disk: Option<Disk>,
    reconciler: Reconciler,
}

impl LoaderActor {
    /// Completes an interrupted install, then carries out one request after another. It ends with
    /// the last handle, or when the host has stopped.
    async fn run(mut self) {
        if let Some(home) = self.options.weft_home.clone() {
            let repaired = off_executor(move || package::recover_home(&home)).await;
            if let Err(error) = repaired {
                log::warn!("what an interrupted install left can't be repaired: {error}");
            }
        }
        while let Some(ReloadRequest { scope, failures, reply }) = self.inbox.next().await {
            let Some(reloaded) = self.load(scope, failures).await else { break };
            // Nobody may be waiting for the reply any more.
            reply.send(reloaded);
        }
    }

    /// One reload.
    async fn load(&mut self, scope: Scope, failures: Failures) -> Option<Reloaded> {
        let mut disk = self.disk.take()?;
        disk = scan(disk, scope).await;
        let generation = self.reconciler.reconcile(&mut disk, failures).await;
        let watched = Arc::new(disk.watched());
        self.disk = Some(disk);
        Some(Reloaded { generation: generation?, watched })
    }
}

/// Scans on another thread, because reading files blocks. The disk goes there and comes back.
async fn scan(mut disk: Disk, scope: Scope) -> Disk {
    off_executor(move || {
        disk.scan(&scope);
        disk
    })
    .await
}
