//! Skills for tests, without files.

use std::path::Path;
use std::sync::Arc;

use weft_lite::skill::{FoundSkill, ParseMode, Readiness, SkillLevel, SkillRegistry, parse_skill};
use weft_lite::sorted::SortedSet;

/// A managed skill whose `SKILL.md` holds `text`.
pub(crate) fn skill(name: &str, text: &str) -> FoundSkill {
    let parsed = parse_skill(text.as_bytes(), name, ParseMode::Lenient);
    FoundSkill {
        name: name.into(),
        level: SkillLevel::Managed,
        path: Some(Arc::from(Path::new(&format!("/skills/{name}/SKILL.md")))),
        document: parsed.document.map(Arc::new),
        diagnostics: parsed.diagnostics.into(),
        provider: None,
        outdated: false,
        readiness: Readiness::Ready,
    }
}

pub(crate) fn registry(found: Vec<FoundSkill>) -> Arc<SkillRegistry> {
    Arc::new(SkillRegistry::resolve(found, &SortedSet::new()))
}
