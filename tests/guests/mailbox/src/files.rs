//! Files that hold one number, and files that need not be there.

use crate::host;
use alloc::string::String;
use json_text::decimal;

/// The content of a file, nothing where there is none.
pub fn read(path: &str) -> Result<Option<String>, String> {
    match host::read_file(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.starts_with("file not found") => Ok(None),
        Err(error) => Err(error),
    }
}

/// The number in a file, 0 where there is none.
pub fn number(path: &str) -> Result<u64, String> {
    let Some(text) = read(path)? else { return Ok(0) };
    text.trim().parse().map_err(|_| [path, " holds no number"].concat())
}

pub fn write_number(path: &str, number: u64) -> Result<(), String> {
    host::write_file(path, &decimal(number))
}
