//! The content of a `SKILL.md` after parsing. Whether the skill may run is decided elsewhere.

use serde::Serialize;
use serde_json::Value;

use super::frontmatter::Frontmatter;

/// Whose dialect a file is written in. All of them are read in the same way; this is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkillFormat {
    /// The Agent Skills specification, or a file that no dialect claims.
    AgentSkills,
    /// `OpenClaw`: `metadata.openclaw`, or one of its older names, or its command keys.
    Openclaw,
    /// clawft: `variables`, `allowed_tools`, or a `module.wasm` beside it.
    Clawft,
}

impl SkillFormat {
    /// The dialect in one word, as JSON has it too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentSkills => "agent-skills",
            Self::Openclaw => "openclaw",
            Self::Clawft => "clawft",
        }
    }
}

/// What one `SKILL.md` says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkillDocument {
    /// The name it is loaded under: 1 to 64 of `a-z 0-9` and single inner hyphens.
    pub name: String,
    /// The name as it was written, where that is another one.
    pub written_name: Option<String>,
    /// What it does and when to use it.
    pub description: String,
    /// As it was written: `1.10` stays `1.10`.
    pub version: Option<String>,
    /// As it was written.
    pub license: Option<String>,
    /// What it needs, in its author's words.
    pub compatibility: Option<String>,
    /// Whose dialect it is.
    pub format: SkillFormat,
    /// The tools it asks to use: `Bash(git:*)`, `Read`.
    pub allowed_tools: Vec<String>,
    /// Whether a person can call it as a slash command.
    pub user_invocable: bool,
    /// Whether it may be offered to a model.
    pub model_invocable: bool,
    /// What to write after the slash command, for instance `[issue-number]`.
    pub argument_hint: Option<String>,
    /// Variables that its text contains, in the order they were written.
    pub variables: Vec<SkillVariable>,
    /// Where its slash command goes straight to a tool.
    pub dispatch: Option<CommandDispatch>,
    /// What has to be there for it to be of use.
    pub requirements: SkillRequirements,
    /// How its author would install what it needs. Shown, never run.
    pub install: Vec<InstallRecipe>,
    /// The whole frontmatter, with keys nobody knows.
    pub frontmatter: Frontmatter,
    /// The Markdown after the frontmatter, with imitated system and tool messages neutralised.
    pub instructions: String,
}

/// A variable of a skill's text: `{{name}}` or `${name}`, as [`SkillDocument::render`] says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkillVariable {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The value that is used if the caller passes none.
    pub default: Option<String>,
    /// Whether a value has to be given: there is no default, and the author says so.
    pub required: bool,
}

/// A slash command that calls one tool with the text after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandDispatch {
    /// The tool, by its full or bare name.
    pub tool: String,
    /// `raw`, the only mode there is: the text as it was typed, under `command`.
    pub argument_mode: String,
}

/// What has to be there for a skill to be of use (`metadata.openclaw.requires` and `os`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SkillRequirements {
    /// Programs that all have to be on the PATH.
    pub bins: Vec<String>,
    /// Programs of which one has to be.
    pub any_bins: Vec<String>,
    /// Environment variables that have to be set.
    pub env: Vec<String>,
    /// Configuration keys, with dots, that have to be true.
    pub config: Vec<String>,
    /// Systems of which this has to be one: `linux`, `darwin`, `win32`.
    pub os: Vec<String>,
    /// The variable that holds its credential.
    pub primary_env: Option<String>,
    /// It is offered whatever else is required.
    pub always: bool,
}

/// One way to install what a skill needs, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstallRecipe {
    /// `brew`, `node`, `go`, `uv`, `download`.
    pub kind: String,
    /// The whole recipe.
    pub recipe: Value,
}
