//! The skills compiled into the program that are nothing but instructions: how to use and extend
//! weft-lite. Those with code are in the table of compiled-in plugins.

/// The folders' names in `skills/`, and their `SKILL.md`.
pub const BUNDLED_SKILLS: &[(&str, &str)] = &[
    ("using-weft-lite", include_str!("../../skills/using-weft-lite/SKILL.md")),
    ("writing-a-plugin", include_str!("../../skills/writing-a-plugin/SKILL.md")),
    ("writing-a-skill", include_str!("../../skills/writing-a-skill/SKILL.md")),
];
