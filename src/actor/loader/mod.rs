//! The loader: the actor that brings what is in service in line with the disk.
//!
//! Its handle is a sender; dropping the last one stops it. A reload has four steps:
//!
//! - *scan* (`disk`): read the files that changed, off the executor;
//! - *plan* (`plan`): decide which packages go into service, stay and go, from values alone;
//! - *fetch* (`fetch`): make the modules of new packages ready beside the old ones;
//! - *apply* (`reconciler`): hand the plugin host all of it as one change, which becomes one generation.

mod actor;
mod candidate;
mod code;
mod disk;
mod fetch;
mod history;
mod options;
mod place;
mod plan;
mod plugins;
mod reconciler;
mod scope;
mod settings;
mod skills;

pub use actor::{Loader, Reloaded};
pub use disk::{WatchDepth, WatchedFolder};
pub use options::{Bundled, LoaderOptions};

use scope::{ScanContext, Scope};
