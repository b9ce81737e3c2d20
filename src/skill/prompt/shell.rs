//! What a skill's `allowed-tools` allow, and which of them reach a shell, by the words in their names.

use crate::skill::format::SkillDocument;

/// Words that name a shell, or something that runs commands as one does.
const WORDS: [&str; 13] = [
    "bash",
    "cmd",
    "command",
    "commands",
    "exec",
    "powershell",
    "process",
    "pwsh",
    "sh",
    "shell",
    "subprocess",
    "terminal",
    "zsh",
];

impl SkillDocument {
    /// Whether the skill lets what it does call this tool. A skill that lists tools allows no other.
    /// `Bash(git:*)` allows `Bash`, and `*` every tool; both names may be full or bare.
    pub(crate) fn allows_tool(&self, tool: &str) -> bool {
        let bare = |name: &str| name.rsplit_once("__").map_or(name, |(_, bare)| bare).to_owned();
        let same = |listed: &str| {
            let listed = listed.split('(').next().unwrap_or(listed).trim();
            let both_full = listed.contains("__") && tool.contains("__");
            let same = if both_full { listed == tool } else { bare(listed) == bare(tool) };
            listed == "*" || same
        };
        self.allowed_tools.is_empty() || self.allowed_tools.iter().any(|listed| same(listed))
    }

    /// Those of [`allowed_tools`](Self::allowed_tools) that reach a shell: `Bash(git:*)`, `exec`,
    /// `run_terminal_cmd`, and `*`, which is every tool there is. Who installs the skill has to say
    /// yes to them (security.md: approval).
    ///
    /// Names are judged by the words in them. A tool that is mistaken for a shell costs a
    /// question; one that is not recognised costs more, so the list is generous.
    #[must_use]
    pub fn shell_tools(&self) -> Vec<&str> {
        self.allowed_tools.iter().map(String::as_str).filter(|tool| is_shell(tool)).collect()
    }
}

/// Whether one tool reaches a shell. What is in its parentheses narrows the tool and makes it no other.
fn is_shell(tool: &str) -> bool {
    let name = tool.split('(').next().unwrap_or_default().trim();
    name == "*" || words(name).any(|word| WORDS.contains(&word.as_str()))
}

/// The words in a name, in lower case: `runInShell`, `run-in-shell` and `RUN_IN_SHELL` have the same.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
        before = letter;
    }
    spaced.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}
