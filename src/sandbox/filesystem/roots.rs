//! The folders of a grant's variables, and the folders that no grant opens.

use std::path::Path;

use super::authority::Authority;

/// The folders of a grant's variables, and the folders that no grant opens.
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
    /// weft-lite's own folder: closed, whatever a grant covers, except for the plugin's own folder in it.
    pub(in crate::sandbox) weft_home: Option<&'a Path>,
    /// The other places of authority, which stay closed as well.
    pub(in crate::sandbox) authority: &'a Authority,
    /// Bytes that the plugin's data may take.
    pub(in crate::sandbox) data_bytes: usize,
}
