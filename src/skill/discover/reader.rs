//! Reading a skill's file from its folder, never past the limit and never outside the root.

use std::io::{self, Read};
use std::path::Path;

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::regular::at_most;
use super::walk::{SkillRoot, refusal};
use crate::skill::format::Diagnostic;
use crate::skill::format::{ParseMode, ParsedSkill, SKILL_BYTES, parse_skill};

/// A root as a handle, beneath which the kernel keeps every path.
#[derive(Debug)]
pub struct SkillReader(Dir);

impl SkillReader {
    /// The handle of a root.
    ///
    /// # Errors
    ///
    /// The system's, if it can't be opened.
    pub fn open(root: &SkillRoot) -> io::Result<Self> {
        Dir::open_ambient_dir(&root.real, ambient_authority()).map(Self)
    }

    /// Reads the skill's file at `path`, which is relative to the root, as the loader does: what
    /// can be repaired is repaired. A file that can't be read results in a diagnostic.
    #[must_use]
    pub fn read(&self, path: &Path, folder: &str) -> ParsedSkill {
        match self.content(path) {
            Ok(bytes) => parse_skill(&bytes, folder, ParseMode::Lenient),
            Err(error) => ParsedSkill { document: None, diagnostics: vec![unreadable(&error)] },
        }
    }

    /// Reads one byte more than a skill may have, so that the caller sees that it is too large.
    fn content(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut options = OpenOptions::new();
        // Opening a pipe would wait for its writer otherwise.
        options.read(true).nonblock(true);
        let mut file = self.0.open_with(path, &options)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // One byte more, so that the end is found without growing.
        let expected = usize::try_from(metadata.len()).unwrap_or(SKILL_BYTES).min(SKILL_BYTES) + 1;
        let mut bytes = Vec::with_capacity(expected);
        at_most(&mut file, SKILL_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The diagnostic for a file that can't be opened or read.
fn unreadable(error: &io::Error) -> Diagnostic {
    // Containment refuses with an error of its own; a lack of permission has the system's number.
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        let message =
            "the file is a link that leads out of the folder of skills, or an absolute one".into();
        return refusal("link-outside", message, "copy the file to here instead");
    }
    refusal("unreadable", format!("the file can't be read: {error}"), "check who may read it")
}
