//! The size of a module after gzip: the cost of sending it, and a measure of its content that
//! padding can't hide.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of `module` after gzip at the default level.
pub(super) fn gzip_bytes(module: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Counter { bytes: 0 }, Compression::default());
    // The counter takes everything.
    let _ = encoder.write_all(module).and_then(|()| encoder.try_finish());
    encoder.get_ref().bytes
}

/// Whether the module is so small that gzip can't bring it over `limit`, even where it adds to it.
pub(super) fn is_surely_within(module: &[u8], limit: usize) -> bool {
    module.len() + module.len() / 1000 + 64 <= limit
}

struct Counter {
    bytes: usize,
}

impl Write for Counter {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.bytes += chunk.len();
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
