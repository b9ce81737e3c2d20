//! A pass over the arguments before they are parsed.
//!
//! The parser accepts options only at their own command, does not accept `--name=value`, and treats every operand
//! that begins with `-` as an option. This pass moves the shared options before the command and puts operands after
//! `--`.

use std::ffi::OsString;

/// Shared options with a value. `Program` declares them.
const VALUED: [&str; 5] = ["--plugins", "--workspace", "--approve", "--env", "--memory-budget-mb"];

/// Options of single commands with a value.
const OWN_VALUED: [&str; 20] = [
    "--message",
    "--channel",
    "--mcp",
    "--token-file",
    "--tool-names",
    "--dir",
    "--registry",
    "--output",
    "-o",
    "--out",
    "--key",
    "--name",
    "--host",
    "--from-file",
    "--from-env",
    "--in-file",
    "--key-from-env",
    "--key-file",
    "--plugin",
    "--digest",
];

/// Shared options without a value.
const SWITCHES: [&str; 7] =
    ["--no-bundled", "--trust", "--json", "--verbose", "-v", "--version", "-V"];

/// Commands with subcommands.
const GROUPS: [&str; 7] = ["plugin", "skill", "key", "secret", "model", "store", "autonomous"];

/// Whether the arguments have an option, in any form that [`arrange`] accepts.
pub(super) fn has_option(arguments: &[OsString], name: &str) -> bool {
    let mut options = arguments.iter().take_while(|it| *it != "--").filter_map(|it| it.to_str());
    options.any(|it| it.split('=').next() == Some(name))
}

/// The shared options, by their long names.
pub(super) fn shared() -> impl Iterator<Item = &'static str> {
    VALUED.into_iter().chain(SWITCHES).filter(|name| name.starts_with("--"))
}

/// Whether a shared option has a value.
pub(super) fn is_valued(option: &str) -> bool {
    VALUED.contains(&option)
}

/// Arranges the arguments for the parser.
///
/// # Errors
///
/// A message, if an argument is not UTF-8 or an option has no value.
pub(super) fn arrange(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Vec<String>, String> {
    let mut arguments = arguments.into_iter().map(|argument| {
        argument
            .into_string()
            .map_err(|argument| format!("the argument {} is not UTF-8", argument.display()))
    });
    let mut shared = Vec::new();
    let mut command: Vec<String> = Vec::new();
    let mut own = Vec::new();
    let mut operands = Vec::new();
    while let Some(argument) = arguments.next() {
        let argument = argument?;
        if argument == "--" {
            operands.extend(arguments.by_ref().collect::<Result<Vec<_>, _>>()?);
        } else if let Some((name, value)) = valued(&argument, &VALUED) {
            let value = match value {
                Some(value) => value.to_owned(),
                None => arguments.next().ok_or_else(|| format!("`{name}` needs a value"))??,
            };
            shared.extend([name.to_owned(), value]);
        } else if let Some((name, value)) = valued(&argument, &OWN_VALUED) {
            own.push(name.to_owned());
            // A command without this option reports that itself.
            own.extend(value.map(str::to_owned).map(Ok).or_else(|| arguments.next()).transpose()?);
        } else if SWITCHES.contains(&argument.as_str()) {
            shared.push(argument);
        } else if argument == "-h" || argument == "--help" {
            own.push("--help".to_owned());
        } else if is_option(&argument) {
            own.push(argument);
        } else if expects_command(&command) {
            command.push(argument);
        } else {
            operands.push(argument);
        }
    }
    let mut arranged = shared;
    arranged.append(&mut command);
    arranged.append(&mut own);
    if !operands.is_empty() {
        arranged.push("--".to_owned());
        arranged.append(&mut operands);
    }
    Ok(arranged)
}

/// The name of an option with a value, and the value if it is in the same argument.
fn valued<'a>(argument: &'a str, options: &[&str]) -> Option<(&'a str, Option<&'a str>)> {
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    options.contains(&name).then_some((name, value))
}

/// `-` and negative numbers are operands: standard input, and JSON.
fn is_option(argument: &str) -> bool {
    argument
        .strip_prefix('-')
        .is_some_and(|rest| rest.chars().next().is_some_and(|letter| !letter.is_ascii_digit()))
}

fn expects_command(command: &[String]) -> bool {
    match command {
        [] => true,
        [group] => GROUPS.contains(&group.as_str()) || group == "help",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(line: &str) -> String {
        arrange(line.split(' ').map(OsString::from)).unwrap().join(" ")
    }

    #[test]
    fn shared_options_move_before_the_command() {
        assert_eq!(arranged("call --plugins p echo {}"), "--plugins p call -- echo {}");
        assert_eq!(arranged("call echo --plugins=p -"), "--plugins p call -- echo -");
        assert_eq!(arranged("plugin list --json"), "--json plugin list");
        assert_eq!(arranged("call echo --env=A=-b=c -5"), "--env A=-b=c call -- echo -5");
    }

    #[test]
    fn help_and_unknown_options_stay_with_the_command() {
        assert_eq!(arranged("call -h"), "call --help");
        assert_eq!(arranged("call echo --loud"), "call --loud -- echo");
        assert_eq!(arranged("call -- --json"), "call -- --json");
    }

    #[test]
    fn values_stay_with_their_options() {
        let line = "plugin install hub:a --registry r --json";
        assert_eq!(arranged(line), "--json plugin install --registry r -- hub:a");
        assert_eq!(arranged("secret set A --host=h"), "secret set --host h -- A");
    }
}
