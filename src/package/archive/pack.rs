//! Packing: a folder's package as one `.tar.gz`.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::error::PackError;
use super::files;

/// The package in `folder` as an archive. The same files always give the same bytes. Histories and
/// builds are left out, see [`left_out_of_package`](crate::package::left_out_of_package).
///
/// # Errors
///
/// [`PackError`] for what no package may hold, for a package over its limits and for files that
/// can't be read.
pub fn pack_folder(folder: &Path) -> Result<Vec<u8>, PackError> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for file in files::to_pack(folder)? {
        let content =
            fs::read(&file.place).map_err(|error| PackError::unreadable(&file.place, &error))?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        archive
            .append_data(&mut header, &file.path, content.as_slice())
            .map_err(|error| PackError::unreadable(&file.place, &error))?;
    }
    let packed = archive.into_inner().and_then(GzEncoder::finish);
    packed.map_err(|error| PackError::unreadable(folder, &error))
}
