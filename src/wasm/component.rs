//! Finds the core module in a component that wit-component wrapped around it.
//!
//! Only section headers are read: wit-component puts the author's module first, and this host doesn't need the
//! shims that follow it.

use crate::package::{COMPONENT_PREAMBLE, CORE_MODULE_SECTION, CORE_PREAMBLE, section};

/// The format of a file by its first bytes, with the core module in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer<'a> {
    /// A core module: the bytes as they are.
    Core(&'a [u8]),
    /// A component: its first core module.
    Component(&'a [u8]),
    /// A component in which no core module was found.
    ComponentWithoutModule,
    /// Neither.
    NotWasm,
}

/// Reads headers only: what is in the core module is not checked.
pub(super) fn layer(bytes: &[u8]) -> Layer<'_> {
    if bytes.starts_with(&CORE_PREAMBLE) {
        return Layer::Core(bytes);
    }
    let Some(mut rest) = bytes.strip_prefix(&COMPONENT_PREAMBLE) else {
        return Layer::NotWasm;
    };
    while let Some((id, payload, after)) = section(rest) {
        if id == CORE_MODULE_SECTION {
            return match payload.starts_with(&CORE_PREAMBLE) {
                true => Layer::Component(payload),
                false => Layer::ComponentWithoutModule,
            };
        }
        rest = after;
    }
    Layer::ComponentWithoutModule
}
