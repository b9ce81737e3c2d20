//! Fetches packages: reads and compiles their modules, and lets each plugin describe itself.
//!
//! While one plugin describes itself, other threads read and compile the next ones.

use std::collections::VecDeque;
use std::thread::available_parallelism;
use std::vec;

use futures_lite::future::{poll_once, ready};

use super::disk::Disk;
use super::place::PackagePlace;
use super::plan::Fetched;
use crate::actor::host::PluginHost;
use crate::actor::load::LoadError;
use crate::actor::prepare::{PrepareContext, PreparedPlugin, ReadyPackage, prepare};
use crate::contract::BoxFuture;
use crate::package::{Descriptions, MANIFEST_NAMES, PackageError, PackageErrorKind};
use crate::task::off_executor;

/// The most modules that are fetched at once: each holds memory until its turn.
const AT_ONCE: usize = 4;

/// The slow part of preparing a package.
type Readying = BoxFuture<'static, Result<ReadyPackage, LoadError>>;

/// Prepares the packages at these places for service.
///
/// Nothing in service changes: the results stand beside the plugins in service until the plan is
/// applied.
pub(super) async fn fetch(
    places: Vec<PackagePlace>,
    disk: &Disk,
    host: &PluginHost,
    descriptions: &Option<Descriptions>,
) -> Fetched<PreparedPlugin> {
    let at_once = match places.len() {
        0 | 1 => 1,
        _ => available_parallelism().map_or(1, |cores| cores.get().min(AT_ONCE)),
    };
    let mut fetched = Fetched::new();
    let context = host.prepare_context(descriptions.clone());
    let (waiting, under_way) = (places.into_iter(), VecDeque::new());
    let mut ahead = Ahead { waiting, under_way, at_once, disk, host, context };
    while let Some((place, readying)) = ahead.next().await {
        let ready = readying.await;
        ahead.begin().await;
        let prepared = match ready {
            Ok(ready) => host.contained(Box::pin(prepare(ready))).await,
            Err(error) => Err(error),
        };
        fetched.insert(place, prepared);
    }
    fetched
}

/// The packages whose turn has not come, of which the first are already under way.
struct Ahead<'a> {
    waiting: vec::IntoIter<PackagePlace>,
    under_way: VecDeque<(PackagePlace, Readying)>,
    at_once: usize,
    disk: &'a Disk,
    host: &'a PluginHost,
    context: PrepareContext,
}

impl Ahead<'_> {
    /// The next package, and the work on it, which has begun.
    async fn next(&mut self) -> Option<(PackagePlace, Readying)> {
        self.begin().await;
        self.under_way.pop_front()
    }

    /// Begins with as many as may be under way.
    async fn begin(&mut self) {
        while self.under_way.len() < self.at_once {
            let Some(place) = self.waiting.next() else { return };
            let mut readying = self.readying(&place);
            // A future does nothing before its first poll. This one hands the work to another
            // thread, or does that of a bundled module at once.
            if let Some(done) = poll_once(&mut readying).await {
                readying = Box::pin(ready(done));
            }
            self.under_way.push_back((place, readying));
        }
    }

    /// Reads and compiles one package. A package that is gone since the scan is a failure like any
    /// other.
    fn readying(&self, place: &PackagePlace) -> Readying {
        let Some(package) = self.disk.package(place) else {
            let kind = PackageErrorKind::NoManifest { looked_for: &MANIFEST_NAMES };
            let gone = LoadError::Package(PackageError::new(place.to_string(), kind));
            return Box::pin(ready(Err(gone)));
        };
        let context = self.context.clone();
        let warmth = self.host.warmth(&package.manifest.id);
        let is_trusted = package.module.is_trusted();
        let make = move || package.ready(None, &context, warmth);
        let work: Readying = match is_trusted {
            // A bundled module is small and its functions are translated later: that takes less time than to
            // ask another thread, whose allocator would keep the memory.
            true => Box::pin(async { make() }),
            false => Box::pin(off_executor(make)),
        };
        let host = self.host.clone();
        Box::pin(async move { host.contained(work).await })
    }
}
