//! The loader: the actor that knows what is on the disk, and brings what is in service in line
//! with it.
//!
//! Its handle is a sender; dropping the last one stops it. It reads off the executor and only what
//! changed, makes new modules ready beside the old ones, and hands the plugin host all of it as one
//! change, which becomes one generation.

mod actor;
mod ahead;
mod code;
mod disk;
mod options;
mod plan;
mod plugins;
mod scope;
mod settings;
mod skills;

pub use actor::{Loader, Reloaded};
pub use disk::{WatchDepth, WatchedFolder};
pub use options::{Bundled, LoaderOptions};

use scope::{Failures, Outcomes, Scope, Surroundings};
