//! Input that is made to get into a draft, to leak through the observations, to bury the user, or to get more done than
//! was looked at.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod floods;
mod logs;
mod plugins;
mod poison;
mod secrets;
mod strangers;
mod texts;
