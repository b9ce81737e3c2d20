//! What an operator configures about skills that are drafted from repeated work.

use super::limits::Range;
use super::manifest::findings::{ManifestFindings, Table, amount};

/// The switch of the section `autonomous_skills`.
const ENABLED: &str = "enabled";
/// How often the same work is seen before a skill is proposed for it. With two runs there is none to try a draft on.
const THRESHOLD: Range = Range::new("threshold", 3, 3, 20);

/// The section `autonomous_skills` of the operator's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutonomousConfig {
    /// Whether calls are observed and skills proposed. Off unless the operator says so.
    pub enabled: bool,
    /// How often the same work is seen before a skill is proposed for it: 2 to 20.
    pub threshold: usize,
}

impl Default for AutonomousConfig {
    fn default() -> Self {
        Self { enabled: false, threshold: THRESHOLD.default as usize }
    }
}

impl AutonomousConfig {
    pub(super) fn read(section: &Table<'_>, findings: &mut ManifestFindings) -> Self {
        section.warn_unknown(&[ENABLED, THRESHOLD.key], findings);
        Self {
            enabled: section.flag(ENABLED, findings),
            threshold: amount(section, THRESHOLD, findings) as usize,
        }
    }
}
