//! The error numbers and descriptors that the host uses.
//!
//! Source: `errno` in the witx of snapshot preview 1.

/// No error.
pub(super) const SUCCESS: i32 = 0;
/// `badf`: the descriptor is not open.
pub(super) const BAD_DESCRIPTOR: i32 = 8;
/// `inval`: an argument is out of its range.
pub(super) const INVALID: i32 = 28;
/// `nosys`: this host doesn't have the function.
pub(super) const NOT_SUPPORTED: i32 = 52;
/// `notcapable`: no folder is open to the guest.
pub(super) const NOT_CAPABLE: i32 = 76;

/// The descriptor of the standard output, which goes to the log.
pub(super) const STDOUT: i32 = 1;
/// The descriptor of the standard error, which goes to the log.
pub(super) const STDERR: i32 = 2;
