//! Making modules ready ahead of time: while one plugin describes itself, the next ones are read and
//! compiled by other threads. They are handed out in their order, whichever is done first.

use std::collections::VecDeque;
use std::thread::available_parallelism;
use std::vec;

use futures_lite::future::{poll_once, ready};

use super::disk::{Disk, Place};
use crate::actor::host::PluginHost;
use crate::actor::load::LoadError;
use crate::actor::prepare::{PackageHead, Ready, Workshop};
use crate::contract::BoxFuture;
use crate::package::Descriptions;
use crate::task::off_executor;

/// Modules at once, at most: each takes memory until its turn has come.
const AT_ONCE: usize = 4;

/// The modules that will be wanted.
pub(super) struct Ahead {
    waiting: vec::IntoIter<Place>,
    under_way: VecDeque<(Place, BoxFuture<'static, Made>)>,
    at_once: usize,
    host: PluginHost,
    workshop: Workshop,
}

type Made = Result<Ready, LoadError>;

impl Ahead {
    /// For the modules at these places, in this order.
    pub(super) fn new(
        wanted: Vec<Place>,
        descriptions: Option<Descriptions>,
        host: PluginHost,
    ) -> Self {
        let at_once = match wanted.len() {
            0 | 1 => 1,
            _ => available_parallelism().map_or(1, |cores| cores.get().min(AT_ONCE)),
        };
        let (waiting, under_way) = (wanted.into_iter(), VecDeque::new());
        let workshop = host.workshop(descriptions);
        Self { waiting, under_way, at_once, host, workshop }
    }

    /// The package at this place with its module, once that is ready; `None` where there is none.
    pub(super) async fn take(&mut self, place: &Place, disk: &Disk) -> Option<Made> {
        self.begin(disk).await;
        // What comes before it was not wanted after all.
        while self.under_way.front().is_some_and(|(first, _)| first != place)
            && (self.under_way.iter().any(|(other, _)| other == place)
                || self.waiting.as_slice().contains(place))
        {
            self.under_way.pop_front();
            self.begin(disk).await;
        }
        let made = match self.under_way.front() {
            Some((first, _)) if first == place => self.under_way.pop_front()?.1,
            _ => self.make(disk.package(place)?),
        };
        let made = made.await;
        self.begin(disk).await;
        Some(made)
    }

    /// Begins with as many as may be under way.
    async fn begin(&mut self, disk: &Disk) {
        while self.under_way.len() < self.at_once {
            let Some(place) = self.waiting.next() else { return };
            let Some(package) = disk.package(&place) else { continue };
            let mut made = self.make(package);
            if let Some(done) = poll_once(&mut made).await {
                made = Box::pin(ready(done));
            }
            self.under_way.push_back((place, made));
        }
    }

    fn make(&self, package: PackageHead) -> BoxFuture<'static, Made> {
        let workshop = self.workshop.clone();
        let afterwards = self.host.afterwards(&package.manifest.id);
        let is_trusted = package.module.is_trusted();
        let make = move || package.ready(None, &workshop, afterwards);
        let work: BoxFuture<'static, Made> = match is_trusted {
            // It is small and its functions are translated later: that takes less time than to ask another
            // thread, whose allocator would keep for itself what it took for it.
            true => Box::pin(async { make() }),
            false => Box::pin(off_executor(make)),
        };
        let host = self.host.clone();
        Box::pin(async move { host.contained(work).await })
    }
}
