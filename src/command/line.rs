//! Parses a slash command.

/// A message that is a slash command: its name and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandLine<'a> {
    /// The name as typed, without the slash; empty if it is missing.
    pub name: &'a str,
    /// The text after it, without the space around it.
    pub arguments: &'a str,
}

impl<'a> CommandLine<'a> {
    /// Parses a message. A command begins with a slash and a name of letters, digits, `-` and `_`. A slash
    /// without a name is parsed too, but is no command. A path such as `/etc/hosts` is not parsed.
    ///
    /// ```
    /// use weft_lite::command::CommandLine;
    ///
    /// let line = CommandLine::parse(" /use  weather city=Ulm ").unwrap();
    /// assert_eq!((line.name, line.arguments), ("use", "weather city=Ulm"));
    /// assert_eq!(CommandLine::parse("/ help").unwrap().name, "");
    /// assert!(CommandLine::parse("/etc/hosts").is_none());
    /// assert!(CommandLine::parse("what is /help?").is_none());
    /// ```
    #[must_use]
    pub fn parse(message: &'a str) -> Option<Self> {
        let rest = message.trim_start().strip_prefix('/')?;
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (name, arguments) = rest.split_at(end);
        let named = !name.starts_with(['-', '_'])
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
        named.then_some(Self { name, arguments: arguments.trim() })
    }
}
