//! Deflate and gzip over texts in memory: what archives, modules and bundled plugins are packed with.

use std::io::{self, Read};

#[cfg(feature = "package")]
use miniz_oxide::DataFormat;
#[cfg(feature = "package")]
use miniz_oxide::deflate::CompressionLevel;
#[cfg(feature = "package")]
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{MZError, MZFlush};

/// How what gzip makes begins.
#[cfg(feature = "package")]
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The one method there is.
#[cfg(feature = "package")]
const DEFLATE: u8 = 8;
/// Bytes of a head without what is optional in it.
#[cfg(feature = "package")]
const HEAD_BYTES: usize = 10;
/// Bytes behind the packed text: its checksum and its length.
#[cfg(feature = "package")]
const END_BYTES: usize = 8;

/// Unpacks what is deflated. Where that is cut off, what comes out is, too.
pub(super) struct Inflate<'a> {
    packed: &'a [u8],
    state: Box<InflateState>,
}

impl<'a> Inflate<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        // Without the head and the end that zlib puts around it.
        Self { packed, state: Box::default() }
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let done = inflate(&mut self.state, self.packed, buffer, MZFlush::None);
        self.packed = self.packed.get(done.bytes_consumed..).unwrap_or_default();
        match done.status {
            Ok(_) | Err(MZError::Buf) => Ok(done.bytes_written),
            Err(_) => Err(odd("corrupt deflate stream")),
        }
    }
}

/// Unpacks what gzip made, and checks it at its end. What follows the first part of several is left.
#[cfg(feature = "package")]
pub(super) struct Gunzip<'a> {
    body: Inflate<'a>,
    crc: Crc,
    bytes: u32,
}

#[cfg(feature = "package")]
impl<'a> Gunzip<'a> {
    pub(super) fn new(packed: &'a [u8]) -> io::Result<Self> {
        Ok(Self { body: Inflate::new(behind_head(packed)?), crc: Crc::default(), bytes: 0 })
    }
}

#[cfg(feature = "package")]
impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.crc.update(&buffer[..read]);
        // The length is kept without what goes beyond 32 bits.
        self.bytes = self.bytes.wrapping_add(read as u32);
        if read == 0 && !buffer.is_empty() {
            let end = self.body.packed.get(..END_BYTES).ok_or(io::ErrorKind::UnexpectedEof)?;
            if *end != self.end() {
                return Err(odd("corrupt gzip stream does not have a matching checksum"));
            }
        }
        Ok(read)
    }
}

#[cfg(feature = "package")]
impl Gunzip<'_> {
    fn end(&self) -> [u8; END_BYTES] {
        end(self.crc, self.bytes)
    }
}

/// `text` as gzip packs it, 0 to 10 being how hard it tries. The same text always gives the same bytes.
#[cfg(feature = "package")]
pub(super) fn gzip(text: &[u8], level: CompressionLevel) -> Vec<u8> {
    let mut crc = Crc::default();
    crc.update(text);
    // No flags, no time, how hard it tried, no system.
    let hard = if level == CompressionLevel::BestCompression { 2 } else { 0 };
    let mut packed = vec![GZIP[0], GZIP[1], DEFLATE, 0, 0, 0, 0, 0, hard, 255];
    deflate(text, level, &mut |chunk| packed.extend_from_slice(chunk));
    packed.extend(end(crc, text.len() as u32));
    packed
}

/// Whether a text is so small that gzip can't bring it over `limit`, even where it adds to it.
#[cfg(feature = "package")]
pub(super) fn is_surely_within(text: &[u8], limit: usize) -> bool {
    text.len() + text.len() / 1000 + 64 <= limit
}

/// Bytes of `text` after gzip at the default level: what it costs to send a module, and a measure of what is
/// in it that padding can't hide.
#[cfg(feature = "package")]
pub(super) fn gzip_bytes(text: &[u8]) -> usize {
    let mut bytes = HEAD_BYTES + END_BYTES;
    deflate(text, CompressionLevel::DefaultLevel, &mut |chunk| bytes += chunk.len());
    bytes
}

#[cfg(feature = "package")]
fn deflate(text: &[u8], level: CompressionLevel, take: &mut dyn FnMut(&[u8])) {
    let mut state = Box::new(CompressorOxide::with_format_and_level(DataFormat::Raw, level));
    compress_to_output(&mut state, text, TDEFLFlush::Finish, |chunk| {
        take(chunk);
        true
    });
}

#[cfg(feature = "package")]
fn end(crc: Crc, bytes: u32) -> [u8; END_BYTES] {
    (u64::from(bytes) << 32 | u64::from(crc.sum())).to_le_bytes()
}

/// What follows a head: ten bytes, and four parts that may be there.
#[cfg(feature = "package")]
fn behind_head(packed: &[u8]) -> io::Result<&[u8]> {
    let cut_off = io::ErrorKind::UnexpectedEof;
    let head = packed.get(..HEAD_BYTES).ok_or(cut_off)?;
    let flags = head[3];
    if head[..2] != GZIP || head[2] != DEFLATE || flags & 0b1110_0000 != 0 {
        return Err(odd("invalid gzip header"));
    }
    let mut at = HEAD_BYTES;
    if flags & 4 != 0 {
        let extra = packed.get(at..at + 2).ok_or(cut_off)?;
        at += 2 + usize::from(u16::from_le_bytes([extra[0], extra[1]]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let mut rest = packed.get(at..).ok_or(cut_off)?.iter();
            at += 1 + rest.position(|byte| *byte == 0).ok_or(cut_off)?;
        }
    }
    if flags & 2 != 0 {
        let sum = packed.get(at..at + 2).ok_or(cut_off)?;
        let mut crc = Crc::default();
        crc.update(&packed[..at]);
        if *sum != crc.sum().to_le_bytes()[..2] {
            return Err(odd("corrupt gzip stream does not have a matching checksum"));
        }
        at += 2;
    }
    packed.get(at..).ok_or_else(|| cut_off.into())
}

fn odd(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// The checksum of gzip and zip, four bits at a time: a table of 16 KB would be four times as fast, and
/// packages are small.
#[cfg(feature = "package")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Crc(u32);

#[cfg(feature = "package")]
impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

#[cfg(feature = "package")]
impl Crc {
    const TABLE: [u32; 16] = table();

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            self.0 = self.0 >> 4 ^ Self::TABLE[self.0 as usize & 15];
            self.0 = self.0 >> 4 ^ Self::TABLE[self.0 as usize & 15];
        }
    }

    pub(super) fn sum(self) -> u32 {
        !self.0
    }
}

#[cfg(feature = "package")]
const fn table() -> [u32; 16] {
    let mut table = [0; 16];
    let mut at = 0;
    while at < table.len() {
        let mut sum = at as u32;
        let mut bit = 0;
        while bit < 4 {
            sum = sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[at] = sum;
        at += 1;
    }
    table
}

#[cfg(all(test, feature = "package"))]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Gunzip::new(packed)?.read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn what_others_pack_is_read_and_what_is_damaged_is_not() {
        let text = b"123456789".repeat(20_000);
        let head = GzBuilder::new().filename("a name").comment("a word").extra([1, 2, 3]);
        let mut other = head.write(Vec::new(), Compression::fast());
        other.write_all(&text).unwrap();
        let own = gzip(&text, CompressionLevel::BestCompression);
        for packed in [other.finish().unwrap(), own] {
            assert!(unpacked(&packed).unwrap() == text);
            for cut in [0, 9, 11, packed.len() - 9, packed.len() - 1] {
                assert!(unpacked(&packed[..cut]).is_err(), "{cut}");
            }
            for at in [0, 2, packed.len() - 8, packed.len() - 1] {
                let mut damaged = packed.clone();
                damaged[at] ^= 1;
                assert!(unpacked(&damaged).is_err(), "{at}");
            }
        }
        let default = gzip(&text, CompressionLevel::DefaultLevel);
        assert_eq!(gzip_bytes(&text), default.len());
    }
}
