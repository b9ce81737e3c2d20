//! Suggestions for unknown commands and options.

use argh::{CommandInfo, FromArgs, SubCommands};
use weft_lite::text::{did_you_mean, similar_names};

use super::CommandFailure;
use super::arguments::{self, is_valued};
use super::program::{NAME, Program, ProgramCommand};

/// Words of other programs for commands of this one. Inside a group only its own commands are suggested.
const SYNONYMS: [(&str, &[&str]); 40] = [
    ("plugins", &["plugin list"]),
    ("skills", &["skill list"]),
    ("keys", &["key list"]),
    ("secrets", &["secret list"]),
    ("models", &["model show"]),
    ("llm", &["model set"]),
    ("unset", &["clear"]),
    ("stores", &["store list"]),
    ("data", &["store list"]),
    ("dump", &["store export", "export"]),
    ("tool", &["tools"]),
    ("list", &["plugin list", "skill list", "tools"]),
    ("ls", &["plugin list", "skill list", "tools", "list"]),
    ("install", &["plugin install", "skill install"]),
    ("add", &["plugin install", "skill install", "install", "trust", "set"]),
    ("approve", &["plugin approve", "skill approve"]),
    ("deny", &["skill reject", "reject"]),
    ("proposals", &["skill pending"]),
    ("undo", &["rollback"]),
    ("uninstall", &["plugin remove", "skill remove", "remove"]),
    ("remove", &["plugin remove", "skill remove", "forget", "clear"]),
    ("rm", &["plugin remove", "skill remove", "remove", "clear"]),
    ("delete", &["remove", "clear"]),
    ("info", &["inspect", "show"]),
    ("show", &["inspect"]),
    ("inspect", &["plugin inspect", "show"]),
    ("check", &["validate"]),
    ("lint", &["validate"]),
    ("create", &["new"]),
    ("init", &["new"]),
    ("generate", &["new"]),
    ("build", &["skill compile", "compile"]),
    ("serve", &["run", "mcp"]),
    ("start", &["run"]),
    ("chat", &["run"]),
    ("exec", &["call"]),
    ("doctor", &["plugin list", "skill list"]),
    ("status", &["plugin list", "skill list", "autonomous status"]),
    ("logs", &["audit"]),
    ("version", &["--version"]),
];

/// The failure for an unknown command in the arranged `arguments`; `None` if the command exists.
pub(super) fn unknown(arguments: &[&str]) -> Option<CommandFailure> {
    let (word, rest) = from_command(arguments).split_first()?;
    let all = names(ProgramCommand::COMMANDS);
    if !all.contains(word) {
        return (*word != "help").then(|| failure("", word, &all));
    }
    let known = names(group(word)?);
    let inner = rest.first().filter(|inner| !inner.starts_with('-'))?;
    (*inner != "help" && !known.contains(inner)).then(|| failure(word, inner, &known))
}

/// The arguments from the command on, without the options of the program before it.
fn from_command<'a>(mut arguments: &'a [&'a str]) -> &'a [&'a str] {
    while let [option, rest @ ..] = arguments
        && option.starts_with('-')
    {
        arguments = rest.get(usize::from(is_valued(option))..).unwrap_or_default();
    }
    arguments
}

/// The failure for an unknown option that resembles a known one of its command, from the parser's output.
pub(super) fn unknown_option(words: &str, arguments: &[&str]) -> Option<CommandFailure> {
    let option = words.lines().next()?.strip_prefix("Unrecognized argument: ")?.trim();
    let usage = usage_of(arguments);
    let own = usage.split(|letter: char| letter != '-' && !letter.is_ascii_lowercase());
    let own = own.filter(|word| word.starts_with("--"));
    let known: Vec<&str> = arguments::shared().chain(["--help"]).collect();
    let similar = similar_names(option, own.chain(known));
    let message = format_args!("unrecognized argument: {option}");
    did_you_mean(&similar, "").map(|next_step| CommandFailure::usage(&message, &next_step))
}

/// The usage line of the command in the arranged `arguments`, which names its options.
fn usage_of(arguments: &[&str]) -> String {
    let asking = [command(arguments), &["--help"]].concat();
    let help = Program::from_args(&[NAME], &asking).err().map(|exit| exit.output);
    help.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// The words of the command in the arranged `arguments`, all of which are known.
pub(super) fn command<'a>(arguments: &'a [&'a str]) -> &'a [&'a str] {
    let words = from_command(arguments);
    let is_inner =
        |(word, inner): (&str, &&str)| group(word).is_some_and(|it| names(it).contains(inner));
    let number = match words {
        [word, inner, ..] if is_inner((word, inner)) => 2,
        [_, ..] => 1,
        [] => 0,
    };
    &words[..number]
}

/// The commands of a group; `None` for a command that is no group.
fn group(word: &str) -> Option<&'static [&'static CommandInfo]> {
    match word {
        "plugin" => Some(super::plugin::commands()),
        "skill" => Some(super::skill::commands()),
        "secret" => Some(super::secret::commands()),
        #[cfg(feature = "autonomous")]
        "autonomous" => Some(super::autonomous::commands()),
        #[cfg(feature = "store")]
        "store" => Some(super::store::commands()),
        #[cfg(feature = "net")]
        "model" => Some(super::model::commands()),
        #[cfg(feature = "package")]
        "key" => Some(super::key::commands()),
        _ => None,
    }
}

fn names(commands: &[&'static CommandInfo]) -> Vec<&'static str> {
    commands.iter().map(|command| command.name).collect()
}

fn failure(group: &str, word: &str, known: &[&str]) -> CommandFailure {
    let before = if group.is_empty() { String::new() } else { format!("{group} ") };
    let habit = SYNONYMS.iter().find(|(habit, _)| *habit == word).map_or(&[][..], |(_, it)| it);
    // Synonyms that name a group apply only outside a group.
    let is_there = |command: &&&str| {
        let first = command.split(' ').next().unwrap_or_default();
        let is_whole = group.is_empty() || !command.contains(' ');
        known.contains(&first) && is_whole || group.is_empty() && command.starts_with('-')
    };
    let mut suggested: Vec<String> =
        habit.iter().filter(is_there).map(|it| (*it).to_owned()).collect();
    if suggested.is_empty() {
        suggested = similar_names(word, known.iter().copied());
    }
    let next_step = did_you_mean(&suggested, &format!("{NAME} {before}"));
    CommandFailure::usage(
        &format_args!("there is no command `{before}{word}`"),
        &next_step.unwrap_or_else(|| format!("`{NAME} {before}--help` lists those there are")),
    )
}
