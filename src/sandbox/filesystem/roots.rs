//! The folders that the variables of a grant stand for, and those that no grant opens.

use std::path::Path;

use super::authority::Authority;

/// What the variables of a grant stand for.
#[derive(Debug)]
pub(in crate::sandbox) struct GrantRoots<'a> {
    /// `$WORKSPACE`
    pub(in crate::sandbox) workspace: &'a Path,
    /// `~`
    pub(in crate::sandbox) home: Option<&'a Path>,
    /// `$PLUGIN_DIR`
    pub(in crate::sandbox) plugin_dir: Option<&'a Path>,
    /// `$PLUGIN_DATA`
    pub(in crate::sandbox) plugin_data: Option<&'a Path>,
    /// What stays closed, whatever a grant covers; the plugin's own folder in it does not.
    pub(in crate::sandbox) weft_home: Option<&'a Path>,
    /// What stays closed beside it.
    pub(in crate::sandbox) authority: &'a Authority,
    /// Bytes of the plugin's data.
    pub(in crate::sandbox) data_bytes: usize,
}
