//! `weft-lite skill new`: writes a first `SKILL.md` that follows the specification.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use argh::FromArgs;
use weft_lite::package::WorkspaceTrust;
use weft_lite::skill::{ParseMode, SKILL_FILES, Severity, parse_skill};

use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status, output};

/// Write a new skill to begin with. Nothing is ever overwritten.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "new",
    example = "{command_name} deploy\n{command_name} deploy --managed\n{command_name} deploy --dir ./skills",
    note = "Without --dir and --managed it goes to .weft/skills in the workspace."
)]
pub(super) struct NewSkill {
    /// the skill's name: lowercase letters, digits and single hyphens
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// the folder in which the skill's folder is made
    #[argh(option, arg_name = "DIR")]
    dir: Option<PathBuf>,
    /// put it among your own skills, in `$WEFT_HOME`, for every workspace
    #[argh(switch)]
    managed: bool,
}

pub(super) fn run(command: &NewSkill, options: &Options) -> Result<Status, CommandFailure> {
    let name = &command.name;
    let text = valid(name)?;
    let folder = match (&command.dir, command.managed) {
        (Some(_), true) => {
            return Err(CommandFailure::usage(
                &"`--dir` and `--managed` name two places",
                &"leave out one of them",
            ));
        }
        (Some(dir), false) => dir.join(name),
        (None, true) => options.weft_home()?.join("skills").join(name),
        (None, false) => options.workspace.join(".weft/skills").join(name),
    };
    let path = write(&folder, &text).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandFailure::work(
            &format_args!("there is a skill in {} already", folder.display()),
            &"take another name, or edit that one",
        ),
        _ => CommandFailure::work(
            &format_args!("{} can't be written: {error}", folder.display()),
            &"name another place with `--dir`",
        ),
    })?;
    if options.json {
        output::record(&[("name", name), ("path", &path.display().to_string())])?;
        return Ok(Status::Done);
    }
    output::data(&path.display().to_string())?;
    output::message(&format_args!("next: {}", next(command, options, &folder)));
    Ok(Status::Done)
}

/// The next step for the new skill, by its place.
fn next(command: &NewSkill, options: &Options, folder: &Path) -> String {
    let edit = format!(
        "edit it, then check it with `weft-lite skill validate {} --strict`",
        folder.display()
    );
    if command.dir.is_some() {
        return format!(
            "{edit} and install it with `weft-lite skill install {}`",
            folder.display()
        );
    }
    let trusted = options.trust
        || options.weft_home().is_ok_and(|home| {
            let answer = WorkspaceTrust::remembered(&home, &options.workspace);
            answer == Ok(Some(WorkspaceTrust::Trusted))
        });
    if command.managed || trusted {
        return edit;
    }
    format!("{edit}; it is used where the workspace is trusted (`weft-lite run --trust`)")
}

/// The text for this name.
///
/// # Errors
///
/// The name is not allowed; the message suggests an allowed one.
fn valid(name: &str) -> Result<String, CommandFailure> {
    // A name that is a number in YAML needs quotes.
    let texts = [name.to_owned(), format!("{name:?}")].map(|written| scaffold(name, &written));
    let parsed = texts.map(|text| (parse_skill(text.as_bytes(), name, ParseMode::Strict), text));
    let mut problem = String::new();
    let mut other = None;
    for (parsed, text) in parsed {
        if parsed.is_valid() {
            return Ok(text);
        }
        other = parsed.document.map(|it| it.name).filter(|it| it != name);
        let error = parsed.diagnostics.into_iter().find(|it| it.severity == Severity::Error);
        problem = error.map(|it| it.message).unwrap_or_default();
    }
    Err(match other {
        Some(other) => CommandFailure::usage(
            &format_args!(
                "`{name}` is no skill's name: lowercase letters, digits and single hyphens"
            ),
            &format_args!("`{other}`"),
        ),
        None => CommandFailure::usage(
            &format_args!("`{name}` is no skill's name: {problem}"),
            &"take lowercase letters, digits and single hyphens between them",
        ),
    })
}

fn write(folder: &Path, text: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    if SKILL_FILES.iter().any(|file| folder.join(file).symlink_metadata().is_ok()) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let path = folder.join(SKILL_FILES[0]);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

fn scaffold(name: &str, written: &str) -> String {
    format!(
        "---\nname: {written}\ndescription: Says what the skill does, and when to use it.\nmetadata:\n  version: \"0.1.0\"\n---\n\n# {name}\n\n\
         Write here what a model has to do, step by step, as you would tell a new colleague.\n\n\
         ## When to use it\n\n- name the words and situations that call for it\n\n\
         ## Steps\n\n1. the first step\n2. what to check before the next one\n\n\
         ## Done when\n\n- say how to tell that it worked\n"
    )
}
