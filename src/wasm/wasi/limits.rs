//! Limits of single calls, the same for both previews.

/// Random bytes that one call may ask for.
pub(super) const RANDOM_BYTES: u32 = 64 * 1024;
/// Bytes of output that one call accepts. More is a short write in the first preview, and a fault in the second.
pub(super) const OUTPUT_BYTES: u32 = 64 * 1024;
