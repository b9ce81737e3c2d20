//! The error numbers and descriptors that the host uses.

pub(super) const SUCCESS: i32 = 0;
pub(super) const BAD_DESCRIPTOR: i32 = 8;
pub(super) const INVALID: i32 = 28;
pub(super) const NOT_SUPPORTED: i32 = 52;
pub(super) const NOT_CAPABLE: i32 = 76;

pub(super) const STDOUT: i32 = 1;
pub(super) const STDERR: i32 = 2;
