//! Limits of single calls, the same for both previews.

/// Random bytes that one call may ask for.
pub(super) const RANDOM_BYTES: u32 = 64 * 1024;
/// Output that one call accepts: the rest is for the guest's next call, as in any short write.
pub(super) const OUTPUT_BYTES: u32 = 64 * 1024;
