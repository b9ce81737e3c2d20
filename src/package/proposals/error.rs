//! Why a proposal was not taken, or not carried out.

use std::fmt;

use crate::contract::{ActionableError, did_you_mean, shown};
use crate::package::home::HomeError;
use crate::package::install::InstallError;

/// Why a proposal was not taken, or not carried out. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalError {
    /// Nothing of this name is proposed.
    Unknown {
        /// The name.
        name: String,
        /// Similar names, best first.
        similar: Vec<String>,
    },
    /// No skill of this name was approved here.
    NotApproved {
        /// The name.
        name: String,
    },
    /// As many proposals wait as may wait.
    Full {
        /// How many.
        pending: usize,
    },
    /// The same pattern is known.
    Known {
        /// What became of it: it waits, was rejected, or is a skill.
        state: &'static str,
    },
    /// Something else has the name.
    NameTaken {
        /// The name.
        name: String,
        /// What has it.
        by: String,
    },
    /// It breaks a rule for proposals.
    Invalid {
        /// The name.
        name: String,
        /// The rule.
        problem: String,
    },
    /// Its files are not what was drafted.
    Changed {
        /// The name.
        name: String,
        /// Which file, and what is different about it.
        problem: String,
    },
    /// The digest of the answer is not that of the proposal.
    OtherDigest {
        /// The name.
        name: String,
    },
    /// The module or the recipe can't be used.
    Refused {
        /// The name.
        name: String,
        /// Why.
        problem: String,
    },
    /// The installer refused it.
    Install(InstallError),
    /// `$WEFT_HOME` can't be used.
    Home(HomeError),
}

impl fmt::Display for ProposalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, .. } => {
                write!(formatter, "no skill `{}` is proposed", shown(name))
            }
            Self::NotApproved { name } => {
                write!(formatter, "`{}` is not a skill that was proposed and approved", shown(name))
            }
            Self::Full { pending } => write!(formatter, "{pending} proposals wait already"),
            Self::Known { state } => write!(formatter, "this pattern {state}"),
            Self::NameTaken { name, by } => {
                write!(formatter, "the name `{}` is taken by {by}", shown(name))
            }
            Self::Invalid { name, problem } => {
                write!(formatter, "`{}` can't be proposed: {problem}", shown(name))
            }
            Self::Changed { name, problem } => {
                write!(
                    formatter,
                    "the proposal `{}` is not as it was drafted: {problem}",
                    shown(name)
                )
            }
            Self::OtherDigest { name } => {
                write!(formatter, "this is not the digest of the proposal `{}`", shown(name))
            }
            Self::Refused { name, problem } => {
                write!(formatter, "the proposal `{}` can't be approved: {problem}", shown(name))
            }
            Self::Install(error) => error.fmt(formatter),
            Self::Home(error) => error.fmt(formatter),
        }
    }
}

impl ActionableError for ProposalError {
    fn code(&self) -> &'static str {
        "proposal"
    }

    fn next_step(&self) -> String {
        match self {
            Self::Unknown { similar, .. } => did_you_mean(similar, "")
                .unwrap_or_else(|| "`weft-lite skill pending` lists what is proposed".into()),
            Self::NotApproved { .. } => {
                "`weft-lite autonomous status` lists the skills that were".into()
            }
            Self::Full { .. } => "approve or reject one first".into(),
            Self::Known { .. } => "nothing is left to do".into(),
            Self::NameTaken { .. } | Self::Invalid { .. } => "propose it in another form".into(),
            Self::Changed { name, .. } | Self::Refused { name, .. } => {
                format!(
                    "reject it with `weft-lite skill reject {name}`; the same work brings no new one"
                )
            }
            Self::OtherDigest { name } => {
                format!("read it again with `weft-lite skill pending {name}`, and name its digest")
            }
            Self::Install(error) => error.next_step(),
            Self::Home(error) => error.next_step(),
        }
    }
}

impl std::error::Error for ProposalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Install(error) => Some(error),
            Self::Home(error) => Some(error),
            _ => None,
        }
    }
}

impl From<HomeError> for ProposalError {
    fn from(error: HomeError) -> Self {
        Self::Home(error)
    }
}

impl From<InstallError> for ProposalError {
    fn from(error: InstallError) -> Self {
        Self::Install(error)
    }
}
