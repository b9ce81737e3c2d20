//! The skills that are compiled into the program.
//!
//! They have the lowest precedence, no path and no approval. Their texts are parsed once, at the
//! start of the loader.

#[cfg(feature = "bundled")]
use std::sync::Arc;

use super::super::LoaderOptions;
use crate::skill::FoundSkill;
#[cfg(feature = "bundled")]
use crate::{
    package::BUNDLED,
    skill::{BUNDLED_SKILLS, ParseMode, Readiness, SkillLevel, parse_skill},
};

/// The bundled skills: those of bundled plugins, with their plugin as the provider, and those that
/// are instructions alone.
#[cfg(feature = "bundled")]
pub(super) fn bundled(options: &LoaderOptions) -> Vec<FoundSkill> {
    if !options.bundled.is_included() {
        return Vec::new();
    }
    let with_code = BUNDLED.iter().map(|plugin| (plugin.name, plugin.skill, Some(plugin.name)));
    let instructions = BUNDLED_SKILLS.iter().map(|(name, text)| (*name, *text, None));
    let found = with_code.chain(instructions).map(|(name, text, provider)| {
        let parsed = parse_skill(text.as_bytes(), name, ParseMode::Lenient);
        FoundSkill {
            name: name.into(),
            level: SkillLevel::Bundled,
            path: None,
            document: parsed.document.map(Arc::new),
            diagnostics: parsed.diagnostics.into(),
            provider: provider.map(Into::into),
            outdated: false,
            readiness: Readiness::Ready,
        }
    });
    found.collect()
}

/// No skills are compiled in.
#[cfg(not(feature = "bundled"))]
pub(super) fn bundled(_options: &LoaderOptions) -> Vec<FoundSkill> {
    Vec::new()
}
