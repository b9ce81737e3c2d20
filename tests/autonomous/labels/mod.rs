//! Sequences of calls of which a person said whether they are work that is done again and again, and which.

mod by_hand;
mod generator;
mod measure;
mod plan;
mod stream;
mod unrelated;
mod values;

use weft_lite::autonomous::{SeenCall, WorkRun};

/// Work that is to be found in a sequence.
pub(crate) struct Expected {
    pub(crate) tools: Vec<String>,
    /// The same work with new values.
    pub(crate) fresh: Vec<WorkRun>,
    /// Calls of the same tools in which one value does not come from where it should.
    pub(crate) broken: Vec<WorkRun>,
}

/// Calls with what a person says about them.
pub(crate) struct Sequence {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) calls: Vec<SeenCall>,
    pub(crate) expected: Vec<Expected>,
}
