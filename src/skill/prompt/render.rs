//! Putting values into a skill's text.

use std::borrow::Cow;
use std::fmt;

use crate::contract::{ActionableError, SortedMap};
use crate::skill::format::SkillDocument;

/// Names that need no declaration: what was typed after the slash command, and the skill's folder.
const KNOWN: [&str; 2] = ["ARGUMENTS", "baseDir"];

/// The longest name of a variable, in bytes.
const NAME_BYTES: usize = 100;

/// Variables that have no value and must have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariables {
    /// Their names, in the order in which the skill declares them.
    pub names: Vec<String>,
}

impl fmt::Display for MissingVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        write!(formatter, "{} {are} required and has no value", names.join(", "))
    }
}

impl ActionableError for MissingVariables {
    fn next_step(&self) -> String {
        let given: Vec<String> = self.names.iter().map(|name| format!("{name}=...")).collect();
        format!("give {}", given.join(" "))
    }
}

impl std::error::Error for MissingVariables {}

impl SkillDocument {
    /// The instructions with values in place of variables.
    ///
    /// The dialects agree on little, so these are read in all skills:
    ///
    /// - `{{name}}` and `${name}` for a variable that the skill declares
    /// - `$ARGUMENTS`, `${ARGUMENTS}` and `{{ARGUMENTS}}` for the value named `ARGUMENTS`: the text
    ///   after a slash command
    /// - `{baseDir}` for the value named `baseDir`: the skill's folder, in the way of `OpenClaw`
    ///
    /// Everything else stays, for instructions are full of shell: `$1`, `$HOME` and `${HOME}` are
    /// not touched. A variable without a value has its default; without that too, its place in the
    /// text stays as it is, so that the reader can ask. Values are put in as they are, and are
    /// not searched for variables again.
    ///
    /// # Errors
    ///
    /// Variables are required and have neither a value nor a default.
    ///
    /// # Examples
    ///
    /// ```
    /// use weft_lite::skill::{ParseMode, parse_skill};
    /// use weft_lite::sorted::SortedMap;
    ///
    /// let file = b"---
    /// name: greet
    /// description: Greets somebody.
    /// variables:
    ///   - name: who
    ///     required: true
    /// ---
    /// Greet {{who}}, and leave $HOME alone.
    /// ";
    /// let skill = parse_skill(file, "greet", ParseMode::Lenient).document.expect("it is valid");
    /// let missing = skill.render(&SortedMap::new()).unwrap_err();
    /// assert_eq!(missing.names, ["who"]);
    /// let values = SortedMap::from_iter([("who".to_owned(), "Ada".to_owned())]);
    /// assert_eq!(skill.render(&values)?, "Greet Ada, and leave $HOME alone.\n");
    /// # Ok::<(), weft_lite::skill::MissingVariables>(())
    /// ```
    pub fn render<'s>(
        &'s self,
        values: &SortedMap<String, String>,
    ) -> Result<Cow<'s, str>, MissingVariables> {
        let names: Vec<String> = self
            .variables
            .iter()
            .filter(|it| it.required && it.default.is_none() && !values.contains_key(&it.name))
            .map(|it| it.name.clone())
            .collect();
        if !names.is_empty() {
            return Err(MissingVariables { names });
        }
        let text = self.instructions.as_str();
        let mut written = String::new();
        let mut done = 0;
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '$']) {
            at += found;
            let place = placeholder(&text[at..])
                .and_then(|(name, length)| Some((self.value(name, values)?, length)));
            match place {
                Some((value, length)) => {
                    written.push_str(&text[done..at]);
                    written.push_str(value);
                    at += length;
                    done = at;
                }
                None => at += 1,
            }
        }
        if done == 0 {
            return Ok(Cow::Borrowed(text));
        }
        written.push_str(&text[done..]);
        Ok(Cow::Owned(written))
    }

    fn value<'v>(&'v self, name: &str, values: &'v SortedMap<String, String>) -> Option<&'v str> {
        let declared = self.variables.iter().find(|it| it.name == name);
        if declared.is_none() && !KNOWN.contains(&name) {
            return None;
        }
        let default = || declared.and_then(|it| it.default.as_deref());
        values.get(name).map(String::as_str).or_else(default)
    }
}

/// The name and the length of the placeholder that `text` begins with.
fn placeholder(text: &str) -> Option<(&str, usize)> {
    if let Some(rest) = text.strip_prefix("$ARGUMENTS") {
        let goes_on = rest.starts_with(|it: char| it.is_alphanumeric() || matches!(it, '_' | '['));
        return (!goes_on).then_some(("ARGUMENTS", text.len() - rest.len()));
    }
    if let Some(rest) = text.strip_prefix("{baseDir}") {
        return Some(("baseDir", text.len() - rest.len()));
    }
    for (open, close) in [("{{", "}}"), ("${", "}")] {
        if let Some(rest) = text.strip_prefix(open) {
            let head = &rest[..rest.floor_char_boundary(NAME_BYTES)];
            let end = head.find(close)?;
            return Some((head[..end].trim(), open.len() + end + close.len()));
        }
    }
    None
}
