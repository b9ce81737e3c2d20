//! Input that is made to get into a draft, to leak through the observations, to bury the user, or to get more done than
//! was looked at.

mod floods;
mod plugins;
mod poison;
mod secrets;
mod strangers;
mod texts;
